// SPDX-License-Identifier: Apache-2.0
#include "frontend/scale/ensemble.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace ldpsim::scale {
namespace {

std::unique_ptr<Ensemble>& own() {
  static std::unique_ptr<Ensemble> ensemble = std::make_unique<Ensemble>();
  return ensemble;
}

}  // namespace

Ensemble& ensemble() { return *own(); }

void join(std::unique_ptr<Ensemble> ensemble) { own() = std::move(ensemble); }

std::vector<std::string> gathered(const std::string& text) {
  if (ensemble().alone()) return {text};
  at::Tensor length = at::full({1}, static_cast<std::int64_t>(text.size()), at::kLong);
  ensemble().largest(length);
  // Each writes a row of its own, shorter texts with zeros behind them.
  const auto width = length.item<std::int64_t>();
  at::Tensor all = at::zeros({ensemble().size(), width}, at::kByte);
  const auto row = [&](int rank) { return all.data_ptr<std::uint8_t>() + rank * width; };
  std::copy(text.begin(), text.end(), row(ensemble().rank()));
  ensemble().sum(all);
  std::vector<std::string> texts;
  for (int rank = 0; rank < ensemble().size(); ++rank)
    texts.emplace_back(row(rank), std::find(row(rank), row(rank) + width, 0));
  return texts;
}

}  // namespace ldpsim::scale
