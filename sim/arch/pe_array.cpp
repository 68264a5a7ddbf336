// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/pe_array.hpp"

#include <algorithm>

#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim {

TileShape loop_extents(const Problem& p) {
  TileShape shape;
  shape[Loop::kBatch] = p.batch;
  shape[Loop::kChannels] = p.channels;
  shape[Loop::kFilters] = p.filters;
  const bool tiles_kernel = p.pass == Pass::kBackwardWeight;
  shape[Loop::kY] = tiles_kernel ? p.kernel_height : p.out_height;
  shape[Loop::kX] = tiles_kernel ? p.kernel_width : p.out_width;
  return shape;
}

bool depends_on(Pass pass, Tensor tensor, Loop loop) {
  const bool position = loop == Loop::kY || loop == Loop::kX;
  switch (tensor) {
    case Tensor::kMoving:
      return loop != Loop::kFilters;
    case Tensor::kStationary:
      return loop == Loop::kChannels || loop == Loop::kFilters || (position && pass == Pass::kBackwardWeight);
    case Tensor::kOutput:
      return loop == Loop::kBatch || loop == Loop::kFilters || (position && pass != Pass::kBackwardWeight);
  }
  throw InternalError("tensor out of range");
}

std::unique_ptr<ValueTiming> PeArray::make_timing(const Problem&, PassBits, const PassOperands&) const {
  throw InternalError("the cycles of array kind '" + kind() + "' do not depend on values");
}

PeArrayRegistry& PeArrayRegistry::instance() {
  static PeArrayRegistry registry;
  return registry;
}

void PeArrayRegistry::add(PeArrayKind kind) {
  const bool known =
      std::any_of(kinds_.begin(), kinds_.end(), [&](const PeArrayKind& k) { return k.kind == kind.kind; });
  if (known) throw InternalError("array kind '" + kind.kind + "' is registered twice");
  kinds_.push_back(std::move(kind));
}

const PeArrayKind& PeArrayRegistry::find(const std::string& kind, const std::string& where) const {
  std::vector<std::string> names;
  for (const PeArrayKind& known : kinds_) {
    if (known.kind == kind) return known;
    names.push_back(known.kind);
  }
  throw UserError(where, "unknown array kind '" + kind + "'", allowed_hint(kind, names));
}

std::unique_ptr<PeArray> make_pe_array(const ArchSpec& arch) {
  return PeArrayRegistry::instance().find(arch.text("array.kind"), arch.file).make(arch);
}

}  // namespace ldpsim
