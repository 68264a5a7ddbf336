// SPDX-License-Identifier: Apache-2.0
// Training on a device other than the CPU, without one: a tensor that was made in the wrong place is an error.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/library.h>
#include <torch/types.h>

#include <stdexcept>

#include "frontend/models/model.hpp"
#include "frontend/tasks/task.hpp"
#include "frontend/train/optimiser.hpp"
#include "frontend/train/settings.hpp"

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

TORCH_LIBRARY_IMPL(_, Meta, library) { library.fallback(torch::CppFunction::makeFromBoxedFunction<&on_zeros>()); }
TORCH_LIBRARY_IMPL(aten, Meta, library) {
  library.impl("convolution", torch::CppFunction::makeFromBoxedFunction<&on_zeros>());
  library.impl("convolution_backward", torch::CppFunction::makeFromBoxedFunction<&on_zeros>());
}

class OnTheDevice : public testing::TestWithParam<const char*> {};

TEST_P(OnTheDevice, AreAllTensorsOfATrainingStep) {
  const models::ModelEntry& entry = train::model_entry(GetParam());
  models::Extent extent{10, entry.published.size == 224 ? 64 : 32};
  if (entry.task == data::TaskKind::kSuperResolution) extent = {0, 8};
  if (entry.task == data::TaskKind::kLanguageModelling) extent = {24, 12};
  const auto model = entry.make(extent, {.device = at::kMeta});
  const auto optimiser = train::make_optimiser(entry.recipe, model->parameters());
  const tasks::Batch batch = tasks::on_device(tasks::random_batch(entry.task, extent, 4), at::kMeta);
  const Tensor loss =
      tasks::loss_of(entry.task, model->forward(batch.input, true), batch.target, entry.recipe.label_smoothing);
  EXPECT_TRUE(loss.is_meta());
  loss.backward();
  for (const models::NamedTensor& parameter : model->parameters())
    EXPECT_TRUE(parameter.tensor.grad().is_meta()) << parameter.name;
  optimiser->step(0.1, 0);
  for (const models::NamedTensor& parameter : model->parameters())
    EXPECT_TRUE(parameter.tensor.is_meta()) << parameter.name;
  for (const models::NamedTensor& buffer : model->buffers()) EXPECT_TRUE(buffer.tensor.is_meta()) << buffer.name;
  for (const Tensor& state : optimiser->state()) EXPECT_TRUE(state.is_meta());
}

INSTANTIATE_TEST_SUITE_P(OfEveryKind, OnTheDevice,
                         testing::Values("resnet20", "resnet18", "deit-tiny", "pan-x4", "transformer-lm"));

TEST(OnTheDevice, ATensorMadeElsewhereIsAnError) {
  const Tensor there = at::empty({4, 3, 8, 8}, at::kMeta), here = at::ones({5, 3, 3, 3});
  EXPECT_THROW(at::conv2d(there, here), std::exception);
  EXPECT_THROW(there + at::ones({8}), std::exception);
  EXPECT_NO_THROW(at::conv2d(there, here.to(at::kMeta)));
}

}  // namespace
}  // namespace ldpsim
