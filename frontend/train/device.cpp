// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/device.hpp"

#include <ATen/Context.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <fmt/format.h>

#include "frontend/cli/arguments.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::train {
namespace {

constexpr const char* kOption = "--device";

/// The number after `cuda:`; 0 without.
std::int64_t number_in(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (text.substr(0, colon) != "cuda")
    throw UserError(kOption, fmt::format("unknown device '{}'", text), "allowed: cpu, cuda, cuda:N");
  return colon == std::string::npos ? 0 : cli::parse_integer(text.substr(colon + 1), kOption, 0, 127);
}

}  // namespace

c10::Device device_from(const std::string& text) {
  if (text == "cpu") return c10::kCPU;
  const std::int64_t number = number_in(text);
  if (!at::globalContext().hasCUDART()) {
    throw UserError(kOption, fmt::format("'{}': this LibTorch {} was built without CUDA", text, TORCH_VERSION),
                    "unpack a LibTorch with CUDA (pytorch.org, C++11 ABI), configure a build with "
                    "-DCMAKE_PREFIX_PATH=ITS_FOLDER, or use --device cpu");
  }
  const auto count = static_cast<std::int64_t>(torch::cuda::device_count());
  if (number >= count) {
    throw UserError(kOption, fmt::format("'{}': this machine shows {} CUDA devices", text, count),
                    count == 0 ? "check the driver, or use --device cpu" : fmt::format("allowed: 0 to {}", count - 1));
  }
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(number)};
}

void prepare_device(c10::Device device) {
  if (!device.is_cuda()) return;
  // TF32 keeps ten bits of a factor: too few for quantised ones.
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setDeterministicCuDNN(true);
}

void wait_for(c10::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
}

}  // namespace ldpsim::train
