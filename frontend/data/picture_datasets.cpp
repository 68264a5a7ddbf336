// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/dataset.hpp"

namespace ldpsim::data {
namespace {

DatasetEntry of_folder(const std::string& name, const std::string& summary) {
  DatasetEntry entry;
  entry.name = name;
  entry.summary = summary;
  entry.loader = Loader<ImageFolder>(
      [name](const std::filesystem::path& directory) { return scan_image_folder(directory, name); });
  return entry;
}

DatasetEntry of_super_resolution(const std::string& name, const std::string& summary, Split otherwise) {
  DatasetEntry entry;
  entry.name = name;
  entry.summary = summary;
  entry.loader = Loader<SuperResolutionSet>([name, otherwise](const std::filesystem::path& directory) {
    return scan_super_resolution(directory, name, otherwise);
  });
  return entry;
}

DatasetEntry published(DatasetEntry entry, const std::string& publisher, const std::string& remedy) {
  entry.publisher = publisher;
  entry.remedy = remedy;
  return entry;
}

}  // namespace

DatasetEntry imagenet() {
  return published(of_folder("imagenet", "1.28 million + 50,000 JPEG photographs, 1000 classes"),
                   "Russakovsky et al., \"ImageNet large scale visual recognition challenge\", 2015",
                   "download ILSVRC2012 from https://www.image-net.org (an account is needed) and unpack it into "
                   "train/CLASS/*.JPEG and "
                   "val/CLASS/*.JPEG; --data the folder of both");
}

DatasetEntry image_folder() {
  return published(of_folder("image-folder", "your own JPEG or PNG pictures, a folder a class"), "you",
                   "--data the folder of train/CLASS/* and val/CLASS/*, or of CLASS/* alone");
}

std::vector<DatasetEntry> super_resolution_datasets() {
  const auto unpack = [](const std::string& page) {
    return "download it from " + page + " and unpack it; --data its folder";
  };
  return {
      published(of_super_resolution("div2k", "800 + 100 photographs of 2K resolution", Split::kTrain),
                "Agustsson, Timofte, \"NTIRE 2017 challenge on single image super-resolution\"",
                "download DIV2K_train_HR and DIV2K_valid_HR (and the LR_bicubic ones, or they are made) from "
                "https://data.vision.ee.ethz.ch/cvl/DIV2K; --data the folder of them all"),
      published(of_super_resolution("df2k", "DIV2K and 2650 photographs of Flickr2K", Split::kTrain),
                "as div2k, and Lim et al., \"Enhanced deep residual networks\", 2017 (Flickr2K)",
                "as div2k, with the folder Flickr2K_HR (https://cv.snu.ac.kr/research/EDSR/Flickr2K.tar) beside them"),
      published(of_super_resolution("bsds", "500 photographs of 481 x 321 (BSDS500)", Split::kTrain),
                "Arbelaez et al., \"Contour detection and hierarchical image segmentation\", Berkeley 2011",
                unpack("https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/resources.html")),
      published(of_super_resolution("set5", "5 test pictures", Split::kTest),
                "Bevilacqua et al., \"Low-complexity single-image super-resolution\", 2012",
                unpack("http://people.rennes.inria.fr/Aline.Roumy/results/SR_BMVC12.html")),
      published(of_super_resolution("set14", "14 test pictures", Split::kTest),
                "Zeyde et al., \"On single image scale-up using sparse-representations\", 2010",
                unpack("https://sites.google.com/site/romanzeyde/research-interests")),
      published(of_super_resolution("urban100", "100 test photographs of buildings", Split::kTest),
                "Huang et al., \"Single image super-resolution from transformed self-exemplars\", 2015",
                unpack("https://github.com/jbhuang0604/SelfExSR")),
      published(of_super_resolution("picture-folder", "your own JPEG or PNG pictures", Split::kTrain), "you",
                "--data the folder of train/* and val/*"),
  };
}

}  // namespace ldpsim::data
