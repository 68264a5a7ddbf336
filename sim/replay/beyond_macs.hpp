// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "sim/replay/schedule_cost.hpp"

namespace ldpsim {

/// What a training step does beside the multiply-accumulates of its passes, and GBitOPs leave out.
enum class Beyond : std::size_t {
  kUpdate,  ///< weights from their gradients, and their codes for the next step
  kVector,  ///< normalisation, activation function, ranges and codes of activations and gradients, bit-plane layouts
};
inline constexpr Beyond kAllBeyond[] = {Beyond::kUpdate, Beyond::kVector};
const char* name_of(Beyond part);  ///< "update", "vector": the column `pass` of their rows

/// The unit that does it: `lanes` operations a cycle on 32-bit words, fed from DRAM through the output buffer.
struct VectorUnit {
  std::int64_t lanes = 1;
  std::int64_t master_bits = 32;  ///< of a weight as the optimiser keeps it
  std::int64_t state_bits = 32;   ///< of the optimiser's state of a weight: 32 for momentum
  bool transposes = true;         ///< operands of the backward passes are written a second time, in their order
  static VectorUnit of(const ArchSpec& arch);
};

/// Elements, operations and DRAM bits of one part of one step, per layer.
struct BeyondWork {
  std::int64_t operations = 0, read_bits = 0, write_bits = 0;
};

/// Counts of one step over `batch` samples. With W weights, A inputs and Y outputs of the layer (over the batch), words
/// of output.word_bits, and w, a, g bits of weight, activation and gradient codes:
///
///   update   reads   W gradient words, W master weights, W states
///            writes  W master weights, W states, W codes of w bits
///            5 operations a weight: decay and momentum 2, step 1, range 1, code 1
///   vector   forward: reads Y words twice (statistics and ranges; normalising), 7 operations an output: sum, sum of
///            squares, least, greatest; multiply-add, activation function, code. Codes of a bits are written once for
///            every input that the layer reads.
///            backward: reads twice the words of the outputs' gradients and of the outputs (sums; differences), writes
///            the result as words, since its range is known only then, reads it again and writes codes of g bits; 9
///            operations an output: mask, two sums; two multiply-adds, least, greatest; noise, code.
///            layouts: reads and writes the codes of W (if the layer has a backward-data), A and Y once more, an
///            operation each.
///
/// Every layer that is quantised is taken to be followed by batch normalisation and an activation function; a layer
/// that is not (the classifier) has neither: its outputs and their gradients only pass through, once each way.
BeyondWork beyond_work(const Layer& layer, bool first_layer, Beyond part, const LayerBits& bits, std::int64_t batch,
                       std::int64_t word_bits, const VectorUnit& unit);

/// Cost of that work: the unit's cycles as compute, what DRAM takes longer as dram_stall.
PassCost price_beyond(const BeyondWork& work, const MemorySpec& memory, const VectorUnit& unit);

struct BeyondPart {
  std::size_t layer = 0;
  Beyond part = Beyond::kUpdate;
  PassCost cost{};
};
/// All parts over the iterations of a histogram, by layer, then part.
std::vector<BeyondPart> price_beyond(const Machine& machine, const Workload& workload, const BitsHistogram& histogram);

/// Sum of the parts of one kind; nullopt: of both.
PassCost sum_of(const std::vector<BeyondPart>& parts, std::optional<Beyond> part);

}  // namespace ldpsim
