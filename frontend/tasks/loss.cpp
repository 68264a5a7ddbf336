// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include "frontend/data/text.hpp"
#include "frontend/tasks/task.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::tasks {

Batch on_device(const Batch& batch, at::Device device) {
  return {batch.input.to(device), batch.target.to(device), batch.first, batch.whole};
}

std::int64_t weight_of(data::TaskKind kind, const Batch& batch) {
  if (kind != data::TaskKind::kLanguageModelling) return batch.input.size(0);
  return batch.target.ne(data::kNoTarget).sum().item<std::int64_t>();
}

at::Tensor loss_of(data::TaskKind kind, const at::Tensor& output, const at::Tensor& target, double label_smoothing) {
  switch (kind) {
    case data::TaskKind::kSuperResolution:
      return at::l1_loss(output, target);
    case data::TaskKind::kLanguageModelling:
      return at::cross_entropy_loss(output.flatten(0, 1), target.flatten(), {}, at::Reduction::Mean, data::kNoTarget,
                                    label_smoothing);
    case data::TaskKind::kClassification:
      break;
  }
  return at::cross_entropy_loss(output, target, {}, at::Reduction::Mean, data::kNoTarget, label_smoothing);
}

double accuracy_of(data::TaskKind kind, const at::Tensor& output, const at::Tensor& target) {
  if (kind == data::TaskKind::kSuperResolution)
    throw UserError("--method", "needs classes, which images as outputs do not have", "choose another method");
  const at::Tensor wanted = target.is_floating_point() ? target.argmax(-1) : target;
  return output.argmax(-1).eq(wanted).sum().item<double>() / wanted.ne(data::kNoTarget).sum().item<double>();
}

Batch random_batch(data::TaskKind kind, const models::Extent& extent, std::int64_t samples) {
  at::manual_seed(1);
  if (kind == data::TaskKind::kLanguageModelling) {
    const auto tokens = [&] { return at::randint(0, extent.classes, {samples, extent.size}, at::kLong); };
    const at::Tensor input = tokens();
    return {input, tokens()};
  }
  const auto images = [&](std::int64_t size) {
    return at::randn({samples, 3, size, size}).contiguous(at::MemoryFormat::ChannelsLast);
  };
  const at::Tensor input = images(extent.size);
  if (kind == data::TaskKind::kSuperResolution) return {input, images(4 * extent.size)};
  return {input, at::randint(0, extent.classes, {samples}, at::kLong)};
}

}  // namespace ldpsim::tasks
