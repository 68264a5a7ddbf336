// SPDX-License-Identifier: Apache-2.0
#include "frontend/scale/ensemble.hpp"

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

}  // namespace ldpsim::scale
