// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/image_folder.hpp"

#include <gmock/gmock.h>

#include <set>

#include "tests/support/pictures.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::message_of;
namespace fs = std::filesystem;

class ImageFolders : public testing::Test {
 protected:
  void write(const std::string& name) {
    const fs::path file = scratch_.path(name);
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "not looked into";
  }
  fs::path root() const { return scratch_.path(""); }
  testing_support::ScratchFolder scratch_;
};

TEST_F(ImageFolders, TakeTheSplitThatIsThere) {
  for (const char* file : {"train/n02/b.JPEG", "train/n02/a.JPEG", "train/n01/deep/x.png", "val/n02/v.jpg",
                           "train/n01/notes.txt", "train/.hidden/x.png"}) {
    write(file);
  }
  const ImageFolder set = scan_image_folder(root(), "imagenet");
  EXPECT_THAT(set.classes, ElementsAre("n01", "n02"));
  ASSERT_EQ(set.train.size(), 3u);
  EXPECT_EQ(set.train[0].file.filename(), "x.png");
  EXPECT_EQ(set.train[0].label, 0);
  EXPECT_EQ(set.train[1].file.filename(), "a.JPEG");
  EXPECT_EQ(set.train[2].label, 1);
  ASSERT_EQ(set.test.size(), 1u);
  EXPECT_EQ(set.test[0].label, 1);
}

TEST_F(ImageFolders, SplitOneFolderByTheNamesOfItsFiles) {
  for (int i = 0; i < 400; ++i) write("class" + std::to_string(i % 4) + "/picture" + std::to_string(i) + ".jpg");
  write("single/only.jpg");
  const ImageFolder set = scan_image_folder(root(), "x");
  EXPECT_EQ(set.train.size() + set.test.size(), 401u);
  EXPECT_NEAR(static_cast<double>(set.test.size()), 80, 30);
  std::set<std::int64_t> trained, tested;
  for (const LabelledFile& picture : set.train) trained.insert(picture.label);
  for (const LabelledFile& picture : set.test) tested.insert(picture.label);
  EXPECT_THAT(trained, ElementsAre(0, 1, 2, 3, 4)) << "a class keeps a picture to be learnt from";
  EXPECT_THAT(tested, ElementsAre(0, 1, 2, 3));
  // Another picture moves none of those that are there.
  write("class0/another.jpg");
  const ImageFolder more = scan_image_folder(root(), "x");
  EXPECT_NEAR(static_cast<double>(more.test.size()), static_cast<double>(set.test.size()), 1);
  EXPECT_NE(more.fingerprint(), set.fingerprint());
}

TEST_F(ImageFolders, AreTestedInPartOnEveryClass) {
  write("train/a/x.jpg");
  write("train/b/x.jpg");
  for (int i = 0; i < 7; ++i) write(std::string("val/") + (i < 4 ? "a/" : "b/") + std::to_string(i) + ".jpg");
  const ImageFolder set = scan_image_folder(root(), "x");
  const auto labels = [&](std::int64_t limit) {
    std::vector<std::int64_t> found;
    for (const LabelledFile& picture : spread_choice(set.test, limit)) found.push_back(picture.label);
    return found;
  };
  EXPECT_THAT(labels(2), ElementsAre(0, 1)) << "one of each";
  EXPECT_THAT(labels(0), ElementsAre(0, 0, 0, 0, 1, 1, 1));
  EXPECT_THAT(labels(7), labels(0));
  EXPECT_THAT(labels(100), labels(0));
}

TEST_F(ImageFolders, LeaveOutLinksWithinTheFolder) {
  write("a/x.jpg");
  write("b/y.jpg");
  fs::create_symlink("../a/x.jpg", root() / "b/x.jpg");
  const ImageFolder set = scan_image_folder(root(), "x");
  EXPECT_EQ(set.train.size(), 2u);
}

TEST_F(ImageFolders, FollowLinksToFoldersElsewhere) {
  const testing_support::ScratchFolder elsewhere;
  fs::create_directories(elsewhere.path("photos/deep"));
  elsewhere.write("photos/deep/y.jpg", "");
  write("a/x.jpg");
  write("b/z.jpg");
  fs::create_directory_symlink(elsewhere.path("photos"), root() / "b/photos");
  fs::create_directory_symlink("../a", root() / "b/of_another_class");
  fs::create_directory_symlink("..", root() / "b/circle");
  fs::create_symlink("gone.jpg", root() / "b/nowhere.jpg");
  const ImageFolder set = scan_image_folder(root(), "x", 0);
  ASSERT_EQ(set.train.size(), 3u);
  EXPECT_EQ(set.train[0].file, root() / "a/x.jpg");
  EXPECT_EQ(set.train[1].file, root() / "b/photos/deep/y.jpg");
  EXPECT_EQ(set.train[1].label, 1);
  EXPECT_EQ(set.train[2].file, root() / "b/z.jpg");
}

TEST_F(ImageFolders, NameWhatCannotBeRead) {
  write("a/x.jpg");
  fs::create_symlink("itself", root() / "a/itself");
  EXPECT_THAT(message_of([&] { scan_image_folder(root(), "x"); }), HasSubstr("a/itself: error: cannot be read: "));
  fs::rename(root() / "a/itself", root() / "itself");
  EXPECT_THAT(message_of([&] { scan_image_folder(root(), "x"); }), HasSubstr("itself: error: cannot be read: "));
  EXPECT_THAT(message_of([&] { scan_image_folder(root() / "itself", "x"); }), HasSubstr("itself: error: no such"));
}

TEST_F(ImageFolders, ErrorsNameTheFolder) {
  const auto error = [&] { return message_of([&] { scan_image_folder(root(), "x"); }); };
  EXPECT_THAT(error(), HasSubstr("has no folder of a class with JPEG or PNG files"));
  write("train/a/x.jpg");
  write("val/flat.jpg");
  EXPECT_THAT(error(), HasSubstr("val: error: has no folder of a class with JPEG or PNG files"));
  write("val/b/x.jpg");
  EXPECT_THAT(error(), HasSubstr("val/b: error: is not one of the 1 classes of "));
  EXPECT_THAT(message_of([&] { scan_image_folder(root() / "none", "x"); }), HasSubstr("none: error: no such folder"));
}

}  // namespace
}  // namespace ldpsim::data
