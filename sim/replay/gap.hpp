// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/replay/replay.hpp"

namespace ldpsim {

/// Why a machine realises less (or more) of a saving than bit operations claim: a table of causes whose shares, in
/// percentage points, add up to claimed minus realised saving, exactly.
///
/// Cycles: a ladder of ever less idealised machines, each rung the ratio of schedule to static cycles: bit operations;
/// the array's law of precision with all lanes in use; compute cycles, of machines that skip by value those of the
/// worst case and then those on the run's operands; those with rescaling; with imbalance; with fill, drain and loads;
/// all cycles; the whole step with update and vector. A cause's share is the saving lost from one rung to the next, so
/// it depends on the order of the ladder, which is that of the list. Energy: a component that is the part w of the
/// static energy and saves s of its own has the share w x (claimed - s).
///
/// A sum that is split because its accumulator is narrow (accumulator.overflow) has no cause of its own in cycles: the
/// drain is hidden (accumulator.bits says when). Its energy has: accumulator_spill.
///
/// Columns: run, arch, rescale, phase, metric, cause, share_points, saving_after_percent, why. Rows for training if all
/// three passes ran, and for inference over a batch.
Table gap_table(Accelerator& accelerator, Pricing& pricing, const ReplayRun& run, const ReplayCosts& costs);

}  // namespace ldpsim
