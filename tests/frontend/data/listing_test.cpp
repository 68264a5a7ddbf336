// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/listing.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <algorithm>

#include "tests/support/scratch.hpp"

namespace ldpsim::data {
namespace {

using testing::HasSubstr;

/// $LDPSIM_DATA, as it was again at the end.
class DataRoot {
 public:
  explicit DataRoot(const std::string& root) {
    if (const char* before = getenv("LDPSIM_DATA")) before_ = before;
    setenv("LDPSIM_DATA", root.c_str(), 1);
  }
  ~DataRoot() { before_.empty() ? unsetenv("LDPSIM_DATA") : setenv("LDPSIM_DATA", before_.c_str(), 1); }
  DataRoot(const DataRoot&) = delete;
  DataRoot& operator=(const DataRoot&) = delete;

 private:
  std::string before_;
};

TEST(Listing, SaysOfEverySetWhatForWhereFromAndHow) {
  for (const DatasetRow& row : dataset_rows()) {
    EXPECT_FALSE(row.task.empty() || row.description.empty() || row.source.empty()) << row.name;
    EXPECT_EQ(row.how_to_get.empty(), row.here == "yes") << row.name;
  }
  const std::string lines = listing(dataset_rows());
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), static_cast<std::ptrdiff_t>(builtin_datasets().size()));
  EXPECT_THAT(lines, HasSubstr("cifar10\tclassification\twith --data\t"));
  EXPECT_THAT(lines, HasSubstr("(MD5 c32a1d4ab5d03f1284b67883e8d87530)"));
}

TEST(Listing, LooksForPackagesBelowTheChosenRoot) {
  const testing_support::ScratchFolder folder;
  const DataRoot root(folder.path(""));
  DatasetEntry made_up = photos();
  for (PackagedFile& file : made_up.packaged) file.path = "ldpsim-test/" + file.path;  // installed nowhere
  DatasetRow row = row_of(made_up);
  EXPECT_EQ(row.here, "no");
  EXPECT_EQ(row.source, "Debian: lomiri-wallpapers-16.04 plasma-workspace-wallpapers palapeli-data opencv-doc");
  EXPECT_THAT(row.how_to_get, HasSubstr("scripts/data lomiri-wallpapers-16.04 plasma"));
  for (const PackagedFile& file : made_up.packaged) {
    std::filesystem::create_directories(std::filesystem::path(folder.path(file.path)).parent_path());
    folder.write(file.path, "");
  }
  row = row_of(made_up);
  EXPECT_EQ(row.here, "yes");
  EXPECT_EQ(row.how_to_get, "");
  std::filesystem::remove(folder.path(made_up.packaged[0].path));
  const std::vector<PackagedFile> files = {made_up.packaged[0], made_up.packaged.back()};
  EXPECT_EQ(missing_packages(folder.path(""), files), files[0].package);
  EXPECT_EQ(package_root(files), "/");
}

}  // namespace
}  // namespace ldpsim::data
