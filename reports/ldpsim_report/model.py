# SPDX-License-Identifier: Apache-2.0
"""What a report is made of, free of file formats."""

from dataclasses import dataclass, field

import numpy as np

MOST_BITS = 16
HEADLINES = {"accuracy": ("accuracy", "%"), "psnr_y": ("PSNR", "dB"), "perplexity": ("perplexity", "")}  # metric: (name, unit)


def in_unit(metric, values):
    """Values of a metric in the unit of its headline: the trainer writes accuracy as a fraction, other programs may write percent."""
    finite = values[np.isfinite(values)]
    return 100 * values if metric == "accuracy" and (finite <= 1).all() else values


def headlines_of(runs):
    """The metrics by which the runs are judged."""
    return [metric for metric in HEADLINES if any(metric == measured for run in runs for _, measured in run.evaluations)]


@dataclass
class Run:
    """A training run as its trace has it. Bits are 0 where a layer is float. ValueError if `meta` has a text where a number belongs."""

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
    static_bits: int = field(init=False)
    bounds: object = field(init=False)  # (least, most) bits that the method may choose, None where the trace does not say
    budget: object = field(init=False)  # cost of training relative to static precision, or None

    def __post_init__(self):
        self.static_bits = self._meta_bits("static_bits")
        if self.static_bits is None:
            raise ValueError("its table 'meta' has no 'static_bits'")
        bounds = self._meta_bits("weight_bits_min"), self._meta_bits("weight_bits_max")
        self.bounds = None if None in bounds or self.is_float else bounds
        self.budget = self._meta_budget() if self.meta.get("budget_cost", "training") == "training" else None

    def _meta_bits(self, key):
        text = self.meta.get(key)
        if not text:
            return None
        if not (isinstance(text, str) and text.isdecimal() and 1 <= int(text) <= MOST_BITS):
            raise ValueError(f"'{key}' in its table 'meta' is '{text}'; allowed: 1 to {MOST_BITS}")
        return int(text)

    def _meta_budget(self):
        text = self.meta.get("budget")
        try:
            return float(text) if text else None
        except ValueError:
            raise ValueError(f"'budget' in its table 'meta' is '{text}'; expected a number") from None

    @property
    def is_float(self):
        """Whether no layer has a precision: there is nothing to draw or to average."""
        return not any(self.quantised) or not (self.weight_bits.any() or self.activation_bits.any())

    @property
    def learns(self):
        """Whether precision changes over the iterations."""
        return any((bits != bits[0]).any() for bits in (self.weight_bits, self.activation_bits))

    @property
    def cost_ratio(self):
        """Training cost of every iteration relative to static precision: three passes, products of bits, layers by their MACs."""
        static = self.static_bits
        w, a, g = (bits.astype(float) + (bits == 0) * static for bits in (self.weight_bits, self.activation_bits, self.gradient_bits))
        return ((w * a + w * g + a * g) @ self.macs) / (3 * static**2 * self.macs.sum())

    @property
    def gradient_bits_text(self):
        """The bits of gradients in words."""
        bits = self.gradient_bits[:, self.quantised]
        found = dict.fromkeys((int(bits[bits > 0].min()), int(bits.max()))) if bits.any() else ()
        return f"have {' to '.join(map(str, found))} bits" if found else "are float"

    def bit_maps(self):
        """(operands, bits [iteration, quantised layer]): weights and activations together where they have the same bits, else each."""
        weights, activations = self.weight_bits[:, self.quantised], self.activation_bits[:, self.quantised]
        if (weights == activations).all():
            return [("weights and activations", weights)]
        return [("weights", weights), ("activations", activations)]


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

    question: str  # the same for the same question, also in another file
    run: str
    machine: str
    rescale: str
    totals: dict  # (phase, precision, batch) -> Total
    claims: dict = field(default_factory=dict)  # phase -> claimed saving in percent, as the ledger counts it
    settings: dict = field(default_factory=dict)  # of the machine, key -> value
    scope: dict = field(default_factory=dict)  # what of the run was replayed, in words: file, iterations, passes

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

    def work(self):
        """Bit operations of every total, which are the same on all machines."""
        return {key: total.gbitops for key, total in self.totals.items()}


@dataclass
class Saving:
    """What a run saves over static precision on one machine, in percent."""

    cost: Cost
    phase: str
    batch: int
    claimed: float
    cycles: float
    energy: float


@dataclass
class Gap:
    """Why a machine realises another saving than claimed: causes with their shares in percentage points, which add up to the difference."""

    cost: Cost
    phase: str
    metric: str  # cycles or energy
    causes: list  # of (cause, share, why)
    realised: float  # saving in percent after all causes

    @property
    def claimed(self):
        return self.realised + sum(share for _, share, _ in self.causes)


def savings_of(cost):
    """A Saving for training and for inference at each batch. The claim of a phase without one is that of the GBitOPs."""
    found = []
    percent = lambda ours, theirs: 100.0 * (1.0 - ours / theirs) if theirs else 0.0  # noqa: E731
    for phase in ("training", "inference"):
        for batch in cost.batches(phase):
            ours, static = cost.total(phase, "schedule", batch), cost.total(phase, "static", batch)
            if ours is None or static is None:
                continue
            claimed = cost.claims.get(phase, percent(ours.gbitops, static.gbitops))
            found.append(Saving(cost, phase, batch, claimed, percent(ours.cycles, static.cycles), percent(ours.joules, static.joules)))
    return found
