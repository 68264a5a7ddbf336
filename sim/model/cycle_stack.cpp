// SPDX-License-Identifier: Apache-2.0

#include "sim/model/accelerator.hpp"

namespace ldpsim {
namespace {

struct CauseDoc {
  const char* name;
  const char* doc;
};
constexpr std::array<CauseDoc, kCauseCount> kCauses{{
    {"compute", "the array works on a tile"},
    {"fill_drain",
     "operands run into the array before it works, or results run out of it: once a layer, or as often as the kind of "
     "array needs (every fold of a systolic array, every pallet of stripes)"},
    {"weight_load", "the array waits for a block of the stationary operand, the first one included"},
    {"dram_stall",
     "the array waits for a block of the moving operand or of partial sums, or for the last results to be written"},
    {"buffer_stall",
     "the array waits for a half of the output buffer that is still being written back, or for a buffer that delivers "
     "less than a step needs (stripes with array.dispatcher rows)"},
    {"imbalance", "some lanes of the array wait for others (arrays whose time depends on the values)"},
    {"idle", "nothing to do"},
}};

}  // namespace

const char* name_of(Cause cause) { return kCauses[static_cast<std::size_t>(cause)].name; }
const char* doc_of(Cause cause) { return kCauses[static_cast<std::size_t>(cause)].doc; }

}  // namespace ldpsim
