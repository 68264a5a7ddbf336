// SPDX-License-Identifier: Apache-2.0
// Training on a device other than the CPU, without one: a tensor that was made in the wrong place is an error.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/library.h>
#include <torch/types.h>

#include <stdexcept>

#include "frontend/models/model.hpp"
#include "frontend/tasks/task.hpp"
#include "frontend/train/device.hpp"
#include "frontend/train/settings.hpp"
#include "frontend/train/stepper.hpp"
#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

using at::Tensor;

Tensor copy_of_shape(const Tensor& tensor, at::Device device) {
  return at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(device)).zero_();
}

/// A tensor of the device `meta` as zeros on the CPU. Single numbers may be on the CPU, as they may with CUDA.
Tensor zeros_for(const Tensor& tensor, const std::string& operation) {
  if (!tensor.defined()) return tensor;
  if (!tensor.is_meta() && tensor.dim() > 0) throw std::runtime_error(operation + " has an operand on the CPU");
  return copy_of_shape(tensor, at::kCPU);
}

Tensor without_data(const Tensor& tensor) { return tensor.defined() ? copy_of_shape(tensor, at::kMeta) : tensor; }

c10::IValue operand_for(const c10::IValue& value, const std::string& operation) {
  if (value.isTensor()) return zeros_for(value.toTensor(), operation);
  if (value.isDevice()) return at::Device(at::kCPU);
  if (!value.isTensorList()) return value;
  std::vector<Tensor> all;
  for (const Tensor& tensor : value.toTensorVector()) all.push_back(zeros_for(tensor, operation));
  return all;
}

/// LibTorch's device `meta` has shapes without data, but not all operations. Those that it lacks run here on zeros.
void on_zeros(const c10::OperatorHandle& operation, torch::jit::Stack* stack) {
  const c10::FunctionSchema& schema = operation.schema();
  const std::size_t first = stack->size() - schema.arguments().size();
  const std::vector<c10::IValue> given(stack->begin() + static_cast<std::ptrdiff_t>(first), stack->end());
  for (std::size_t i = first; i < stack->size(); ++i) (*stack)[i] = operand_for((*stack)[i], schema.name());
  operation.callBoxed(stack);
  if (!schema.returns().empty() && !stack->back().isTensor()) return;  // a number
  for (std::size_t i = 0; i < schema.returns().size(); ++i) {
    c10::IValue& result = (*stack)[stack->size() - schema.returns().size() + i];
    const c10::AliasInfo* alias = schema.returns()[i].alias_info();
    const Tensor found = result.toTensor();
    result = without_data(found);
    for (std::size_t j = 0; alias != nullptr && j < given.size(); ++j) {
      const c10::AliasInfo* of_operand = schema.arguments()[j].alias_info();
      if (of_operand == nullptr || !(*of_operand == *alias)) continue;
      result = given[j];  // changed in place, perhaps in size
      const Tensor changed = given[j].toTensor();
      changed.unsafeGetTensorImpl()->set_sizes_and_strides(found.sizes(), found.strides());
    }
  }
}

/// What is read back from the device is 1 throughout: a finite range, a code that all grids have.
Tensor to_copy(const Tensor& self, c10::optional<at::ScalarType> type, c10::optional<at::Layout>,
               c10::optional<at::Device> device, c10::optional<bool>, bool, c10::optional<at::MemoryFormat>) {
  const auto options = self.options().dtype(type.value_or(self.scalar_type())).device(device.value_or(self.device()));
  const Tensor copy = at::empty_strided(self.sizes(), self.strides(), options);
  return copy.is_meta() ? copy : copy.fill_(1);
}

TORCH_LIBRARY_IMPL(_, Meta, library) { library.fallback(torch::CppFunction::makeFromBoxedFunction<&on_zeros>()); }
TORCH_LIBRARY_IMPL(aten, Meta, library) {
  library.impl("_to_copy", to_copy);
  library.impl("convolution", torch::CppFunction::makeFromBoxedFunction<&on_zeros>());
  library.impl("convolution_backward", torch::CppFunction::makeFromBoxedFunction<&on_zeros>());
}

struct Case {
  const char *network, *method;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.network << ' ' << c.method; }

class OnTheDevice : public testing::TestWithParam<Case> {};

TEST_P(OnTheDevice, AreAllTensorsOfTrainingAndInference) {
  const cli::Arguments arguments(train::option_specs(), {"--network", GetParam().network, "--method", GetParam().method,
                                                         "--data", "/nowhere", "-o", "unwritten"});
  train::Settings settings = train::settings_from(arguments);
  settings.device = at::kMeta;
  const models::ModelEntry& entry = train::model_entry(settings.network);
  models::Extent extent{10, entry.published.size == 224 ? 64 : 32};
  if (entry.task == data::TaskKind::kSuperResolution) extent = {0, 8};
  if (entry.task == data::TaskKind::kLanguageModelling) extent = {24, 12};
  train::Stepper stepper(settings, arguments, extent);
  const tasks::Batch batch = tasks::random_batch(entry.task, extent, 8);
  const bool captures = settings.method != "sbm-original";
  std::size_t quantised = 0;
  while (!stepper.model().network().layers[quantised].quantised) ++quantised;
  EXPECT_EQ(stepper.step(batch, 0, captures ? std::set{quantised} : std::set<std::size_t>{}), 0);
  for (const Tensor& tensor : stepper.changing_tensors()) EXPECT_TRUE(tensor.is_meta());
  if (captures) {
    const quant::CapturedOperands& operands = *stepper.model().sites()[quantised].capture;
    EXPECT_FALSE(operands.weight.codes.empty() || operands.activation.codes.empty() || operands.gradient.codes.empty());
  }
  EXPECT_TRUE(stepper.infer(batch.input, 0).is_cpu());
}

INSTANTIATE_TEST_SUITE_P(OfEveryKind, OnTheDevice,
                         testing::Values(Case{"resnet20", "ldp"}, Case{"resnet20", "sbm-original"},
                                         Case{"resnet18", "sbm-original"}, Case{"deit-tiny", "ldp"},
                                         Case{"pan-x4", "ldp"}, Case{"transformer-lm", "ldp"}));

TEST(OnTheDevice, ATensorMadeElsewhereIsAnError) {
  const Tensor there = at::empty({4, 3, 8, 8}, at::kMeta), here = at::ones({5, 3, 3, 3});
  EXPECT_THROW(at::conv2d(there, here), std::exception);
  EXPECT_THROW(there + at::ones({8}), std::exception);
  EXPECT_NO_THROW(at::conv2d(there, here.to(at::kMeta)));
}

TEST(OnTheDevice, ThatLibTorchLacksIsAnError) {
  EXPECT_TRUE(train::device_from("cpu").is_cpu());
  for (const char* wrong : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:127", "cudax"})
    EXPECT_THROW(train::device_from(wrong), UserError) << wrong;
}

}  // namespace
}  // namespace ldpsim
