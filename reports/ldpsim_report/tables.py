# SPDX-License-Identifier: Apache-2.0
"""Tables and sentences of a report, and the summary on stdout."""

import numpy as np

from . import style
from .model import HEADLINES, in_unit, savings_of


def number(value, digits=4):
    """A figure for a table, in `digits` significant digits."""
    if value is None:
        return "–"
    if isinstance(value, int) or abs(value) >= 10**digits:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.{digits}g}"


def engineering(value, unit):
    """Four significant digits with a prefix: 1.234 G."""
    factor, scaled_unit = style.scaled([value], unit)
    return f"{value / factor:.4g} {scaled_unit}".rstrip()


def last_test(run):
    """The last value of the run's headline metric on the test set."""
    for metric, (name, unit) in HEADLINES.items():
        _, values = run.evaluations.get(("test", metric), (None, np.array([np.nan])))
        value = in_unit(metric, values)[-1]
        if np.isfinite(value):
            on = f" on {run.meta['tested_on']}" if run.meta.get("tested_on", "test pictures") != "test pictures" else ""
            return f"{name} {value:.{1 if unit == '%' else 2}f}{' ' if unit else ''}{unit}{on}"
    return "–"


def mean_bits(bits):
    """Without what is float."""
    return number(float(bits[bits > 0].mean()) if bits.any() else None, 3)


def run_table(runs):
    rows = []
    for run in runs:
        weights = run.weight_bits[:, run.quantised]
        allowed = "–" if run.bounds is None else "–".join(dict.fromkeys(map(str, run.bounds)))
        rows.append({"cells": [
            run.label, run.meta.get("method", "–"), run.meta.get("network", "–"), run.meta.get("dataset", "–"), number(len(run.iterations)),
            run.meta.get("batch", "–"), allowed, mean_bits(weights), mean_bits(weights[-1]), number(float(run.cost_ratio.mean()), 4), last_test(run)]})
    names = ["run", "method", "network", "data set", "iterations", "batch", "bits allowed", "mean bits of weights", "mean bits of weights at the end",
             "training cost / static", "test at the end"]
    return {"columns": [{"name": name, "text": name in ("method", "network", "data set")} for name in names], "rows": rows}


def cost_table(costs, phase):
    rows = []
    for batch in sorted({batch for cost in costs for batch in cost.batches(phase)}):
        for cost in costs:
            total = cost.total(phase, "schedule", batch)
            if total is None:
                continue
            cells = [cost.run, cost.machine, cost.rescale]
            if phase == "inference":
                cells.append(number(batch))
            cells += [number(total.gbitops), number(total.cycles), f"{total.seconds:.4g}", f"{total.joules:.4g}",
                      f"{100 * total.causes.get('compute_cycles', 0) / total.cycles:.1f}" if total.cycles else "–"]
            rows.append({"cells": cells, "base": cost.is_static()})
    names = ["run", "machine", "rescale"] + (["images"] if phase == "inference" else []) + ["GBitOPs", "cycles", "time (s)", "energy (J)", "computing (% of cycles)"]
    return {"columns": [{"name": name, "text": name in ("machine", "rescale")} for name in names], "rows": rows}


def saving_table(savings):
    names = ["run", "machine", "rescale", "phase", "images", "claimed (%)", "realised, cycles (%)", "realised, energy (%)"]
    rows = [{"cells": [s.cost.run, s.cost.machine, s.cost.rescale, s.phase, number(s.batch), f"{s.claimed:.2f}", f"{s.cycles:.2f}", f"{s.energy:.2f}"]} for s in savings]
    return {"columns": [{"name": name, "text": name in ("machine", "rescale", "phase")} for name in names], "rows": rows}


def gap_table(gaps):
    """Claimed saving, the share of every cause and what is left: a line a gap, which adds up."""
    causes = list(dict.fromkeys(cause for gap in gaps for cause, _, _ in gap.causes))
    rows = []
    for gap in gaps:
        shares = {cause: share for cause, share, _ in gap.causes}
        rows.append({"cells": [gap.cost.run, gap.cost.machine, gap.cost.rescale, gap.phase, f"{gap.claimed:.2f}"]
                     + [f"{-shares[cause]:+.2f}" if cause in shares else "–" for cause in causes] + [f"{gap.realised:.2f}"]})
    labels = [style.GAP_CAUSES.get(cause, style.COMPONENTS.get(cause, (cause.replace("_", " "),)))[0] for cause in causes]
    names = ["run", "machine", "rescale", "phase", "claimed (%)"] + labels + ["realised (%)"]
    return {"columns": [{"name": name, "text": name in ("machine", "rescale", "phase")} for name in names], "rows": rows}


def gap_sentences(gaps):
    """For each gap in the cycles of training, what keeps the machine from the claim, the largest share first."""
    sentences = []
    for gap in gaps:
        name = f"{gap.cost.machine} ({gap.cost.rescale}), {gap.cost.run}"
        lost = sorted((cause for cause in gap.causes if abs(cause[1]) >= 0.05), key=lambda cause: -abs(cause[1]))
        reasons = "; ".join(f"{abs(share):.1f} points {'are lost' if share > 0 else 'are won'} because {why}" for _, share, why in lost)
        sentences.append(f"{name}: of the {gap.claimed:.1f} % that bit operations claim, {gap.realised:.1f} % of the cycles of whole training steps "
                         f"are saved. {reasons[:1].upper()}{reasons[1:]}." if reasons else f"{name}: the claim of {gap.claimed:.1f} % is realised.")
    return sentences


def summary(costs):
    """The table on stdout: a line a run, machine and way of rescaling."""
    head = [["run", "machine", "rescale", "GBitOPs", "cycles", "time", "energy", "claimed", "cycles", "energy", "cycles", "energy", "claimed", "cycles", "energy"]]
    lines = []
    for cost in costs:
        cells = [cost.run, cost.machine, cost.rescale]
        for phase in ("training", "inference"):
            total = cost.total(phase, "schedule")
            if total is None:
                cells += ["–"] * (7 if phase == "training" else 5)
                continue
            if phase == "training":
                cells.append(number(total.gbitops))
            cells.append(engineering(total.cycles, ""))
            if phase == "training":
                cells.append(engineering(total.seconds, "s"))
            cells.append(engineering(total.joules, "J"))
            saving = next((s for s in savings_of(cost) if s.phase == phase and s.batch == total.batch), None)
            cells += ["–"] * 3 if saving is None else [f"{value:.1f} %" for value in (saving.claimed, saving.cycles, saving.energy)]
        lines.append(cells)
    groups = (("", 0, 3), ("training", 3, 7), ("saved over static", 7, 10), ("inference, one batch", 10, 12), ("saved over static", 12, 15))
    widths = [max(len(row[i]) for row in head + lines) for i in range(len(head[0]))]
    for title, first, last in groups:
        widths[first] += max(0, len(title) - sum(widths[first:last]) - (last - first - 1))
    table = [" | ".join(title.ljust(sum(widths[first:last]) + last - first - 1) for title, first, last in groups)]
    for row in head + lines:
        cells = [cell.ljust(width) if i < 3 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        table.append(" | ".join(" ".join(cells[first:last]) for _, first, last in groups))
    return "\n".join(table[:2] + ["-" * len(table[1])] + table[2:])
