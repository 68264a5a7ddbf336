# SPDX-License-Identifier: Apache-2.0
"""What a report is made of, free of file formats."""

from dataclasses import dataclass


@dataclass
class Run:
    """A training run as its trace has it. Bits are 0 where a layer is float."""

    label: str
    meta: dict
    layer_names: list
    macs: object  # numpy, a layer each: of one sample in one pass
    quantised: list
    iterations: object  # numpy
    loss: object
    weight_bits: object  # numpy [iteration, layer]
    activation_bits: object
    gradient_bits: object
    evaluations: dict  # (split, metric) -> (iterations, values)

    @property
    def static_bits(self):
        return int(self.meta.get("static_bits") or 8)

    @property
    def bounds(self):
        return int(self.meta.get("weight_bits_min") or self.static_bits), int(self.meta.get("weight_bits_max") or self.static_bits)

    @property
    def budget(self):
        text = self.meta.get("budget", "")
        return float(text) if text and self.meta.get("budget_cost", "training") == "training" else None

    @property
    def cost_ratio(self):
        """Training cost of every iteration relative to static precision: three passes, products of bits, layers by their MACs."""
        static = self.static_bits
        w, a, g = (bits.astype(float) + (bits == 0) * static for bits in (self.weight_bits, self.activation_bits, self.gradient_bits))
        return ((w * a + w * g + a * g) @ self.macs) / (3 * static**2 * self.macs.sum())


@dataclass
class Total:
    """Cost of a whole run or of one forward pass."""

    batch: int
    gbitops: float
    cycles: float
    seconds: float
    causes: dict  # column -> cycles
    energy: dict  # component -> pJ

    @property
    def joules(self):
        return sum(self.energy.values()) * 1e-12


@dataclass
class Cost:
    """A run on a machine, at its own precisions and at static precision."""

    run: str
    machine: str
    rescale: str
    totals: dict  # (phase, precision, batch) -> Total

    def batches(self, phase):
        return sorted({batch for (p, _, batch) in self.totals if p == phase})

    def total(self, phase, precision, batch=None):
        """None if it was not computed. `batch` None: the largest."""
        batches = self.batches(phase)
        return self.totals.get((phase, precision, batches[-1] if batch is None and batches else batch))

    def is_static(self):
        """Whether the run itself is the static baseline."""
        ours, static = self.total("training", "schedule"), self.total("training", "static")
        return ours is not None and static is not None and ours.cycles == static.cycles and ours.gbitops == static.gbitops


@dataclass
class Saving:
    """What a run saves over static precision on one machine, in percent."""

    run: str
    machine: str
    rescale: str
    phase: str
    batch: int
    claimed: float
    cycles: float
    energy: float


@dataclass
class Gap:
    """Why a machine realises another saving than claimed: causes with their shares in percentage points, which add up to the difference."""

    run: str
    machine: str
    rescale: str
    phase: str
    metric: str  # cycles or energy
    causes: list  # of (cause, share, why)
    realised: float  # saving in percent after all causes

    @property
    def claimed(self):
        return self.realised + sum(share for _, share, _ in self.causes)


def savings_of(cost, claims):
    """A Saving for training and for inference at each batch. `claims`: (run, phase) -> claimed saving; without it that of the GBitOPs."""
    found = []
    percent = lambda ours, theirs: 100.0 * (1.0 - ours / theirs) if theirs else 0.0  # noqa: E731
    for phase in ("training", "inference"):
        for batch in cost.batches(phase):
            ours, static = cost.total(phase, "schedule", batch), cost.total(phase, "static", batch)
            if ours is None or static is None:
                continue
            claimed = claims.get((cost.run, phase))
            found.append(
                Saving(cost.run, cost.machine, cost.rescale, phase, batch, percent(ours.gbitops, static.gbitops) if claimed is None else claimed,
                       percent(ours.cycles, static.cycles), percent(ours.joules, static.joules)))
    return found
