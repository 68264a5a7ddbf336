# SPDX-License-Identifier: Apache-2.0
"""The figures of a report. Each function takes plain data and gives a matplotlib figure; nothing here reads files."""

import matplotlib.pyplot as plt
import numpy as np

from . import style
from .model import HEADLINES, headlines_of, in_unit

LINE_LENGTH = 100  # characters of labels side by side in a figure
LONGEST_HEAT_MAP = 1600  # columns; more cannot be told apart on a page


def thinned(columns):
    """Indices of at most LONGEST_HEAT_MAP of `columns` columns, evenly spread."""
    if columns <= LONGEST_HEAT_MAP:
        return np.arange(columns)
    return np.unique(np.linspace(0, columns - 1, LONGEST_HEAT_MAP).astype(int))


def moving_average(values, window):
    """Mean of the last `window` values; of fewer at the beginning. Missing values stay out."""
    values = np.asarray(values, dtype=float)
    there = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(there, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(there)])
    last = np.arange(1, len(values) + 1)
    first = np.maximum(0, last - window)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (sums[last] - sums[first]) / (counts[last] - counts[first])


def _draw_cost(axes, run):
    axes.plot(run.iterations, run.cost_ratio, color=style.BLUE, linewidth=1.0)
    if run.budget is not None:
        axes.axhline(run.budget, color=style.VERMILION, linewidth=0.8, linestyle="--")
        axes.annotate("budget", (1.005, run.budget), xycoords=("axes fraction", "data"), va="center", fontsize=7, color=style.VERMILION)
    axes.set_ylim(0, max(1.08, 1.05 * run.cost_ratio.max()))
    axes.set_ylabel("cost / static")


def _draw_bits(axes, run, bits, names, least, most):
    """A row a layer, a column an iteration; float is left white. Gives what a colour bar needs."""
    columns = thinned(len(run.iterations))
    colours, norm = style.bit_colours(least, most)
    first, last = run.iterations[0], run.iterations[-1] + 1
    mesh = axes.imshow(np.ma.masked_equal(bits[columns].T, 0), aspect="auto", interpolation="nearest", cmap=colours, norm=norm,
                       extent=(first, last, len(names) - 0.5, -0.5))
    axes.set_xlim(first, last)
    axes.set_yticks(range(len(names)))
    axes.set_yticklabels(names, fontsize=6 if len(names) <= 40 else 4.5)
    axes.tick_params(axis="y", length=0)
    return mesh


def precision_heat_map(run):
    """Precision of each quantised layer over the iterations, with the cost ratio above. The run must not be float alone."""
    names = [name for name, quantised in zip(run.layer_names, run.quantised) if quantised]
    maps = run.bit_maps()
    shown = np.unique([bits for _, bits in maps])
    extremes = [*shown[shown > 0], *(run.bounds or ())]
    least, most = int(min(extremes)), int(max(extremes))
    height = 1.0 + 0.135 * len(names)
    figure, (top, *panels) = plt.subplots(1 + len(maps), 1, sharex=True, figsize=(style.TEXT_WIDTH, 0.85 + height * len(maps)),
                                          gridspec_kw={"height_ratios": [0.75] + [height] * len(maps)})
    _draw_cost(top, run)
    for axes, (operands, bits) in zip(panels, maps):
        mesh = _draw_bits(axes, run, bits, names, least, most)
        bar = figure.colorbar(mesh, ax=axes, ticks=range(least, most + 1), pad=0.01, fraction=0.04, aspect=30)
        bar.set_label(f"bits of {operands}")
        bar.outline.set_linewidth(0.4)
        bar.ax.tick_params(length=0)
        bar.ax.minorticks_off()
    panels[-1].set_xlabel("iteration")
    return figure


def _draw_metric(axes, metric, runs):
    name, unit = HEADLINES[metric]
    for run, look in zip(runs, style.series_looks()):
        for (split, measured), (at, values) in sorted(run.evaluations.items()):
            if measured == metric:
                axes.plot(at, in_unit(metric, values), **look, marker="o", markersize=3, label=style.legend_text(f"{run.label}, {split}"))
    axes.set_ylabel(f"{name} ({unit})" if unit else name)
    axes.legend()


def training_curves(runs):
    """Loss of every run over the iterations, and each metric by which one of them is judged."""
    metrics = headlines_of(runs)
    panels = 1 + max(1, len(metrics))
    figure, grid = plt.subplots(-(-panels // 2), 2, squeeze=False, figsize=(style.TEXT_WIDTH, 2.3 * -(-panels // 2)))
    left, *others = grid.ravel()
    for run, look in zip(runs, style.series_looks()):
        left.plot(run.iterations, moving_average(run.loss, max(1, len(run.iterations) // 50)), **look, label=style.legend_text(run.label))
    left.set_ylabel("training loss (moving average)")
    left.legend()
    for axes, metric in zip(others, metrics):
        _draw_metric(axes, metric, runs)
    if not metrics:
        wanted = ", ".join(name for name, _ in HEADLINES.values())
        text = f"no evaluation of {wanted}" if any(run.evaluations for run in runs) else "no evaluation in the trace"
        others[0].text(0.5, 0.5, text, ha="center", va="center", transform=others[0].transAxes)
    for axes in grid.flat[:panels]:
        axes.set_xlabel("iteration")
    for axes in grid.flat[panels:]:
        axes.set_axis_off()
    return figure


def stacked_bars(axes, labels, parts, unit):
    """Horizontal stacks: `parts` is a list of (label, colour, hatch, values); parts that are nought everywhere are left out."""
    totals = np.sum([values for *_, values in parts], axis=0) if parts else np.zeros(len(labels))
    factor, scaled_unit = style.scaled(totals, unit)
    left = np.zeros(len(labels))
    drawn = []
    for label, colour, hatch, values in parts:
        values = np.asarray(values, dtype=float) / factor
        if not np.any(values > 0):
            continue
        bars = axes.barh(range(len(labels)), values, left=left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.4, height=0.62)
        drawn.append((bars, label))
        left = left + values
    for row, total in enumerate(left):
        axes.annotate(f" {total:.3g}", (total, row), va="center", fontsize=7)
    axes.set_yticks(range(len(labels)))
    axes.set_yticklabels(labels)
    axes.invert_yaxis()
    axes.set_xlim(0, max(left.max() * 1.14, 1e-12))
    axes.set_xlabel(scaled_unit)
    axes.tick_params(axis="y", length=0)
    return drawn


def _bars(costs, phase):
    """(label, Total) of the bars of one panel: each run; where no run is itself static, all of them at static precision before them.
    Where costs differ in the way of rescaling, it stands behind the run."""
    groups = {}
    for cost in costs:
        groups.setdefault(cost.rescale, []).append(cost)
    if phase == "inference":  # the forward pass has nothing to rescale
        groups = {"": list({cost.run: cost for cost in reversed(costs)}.values())[::-1]}
    bars = []
    for rescale, members in groups.items():
        behind = f", {rescale}" if len(groups) > 1 else ""
        if not any(cost.is_static() for cost in members):
            statics = []  # runs of the same network and length have the same one
            for cost in members:
                if cost.total(phase, "static") not in [other.total(phase, "static") for other in statics]:
                    statics.append(cost)
            bars += [(f"{cost.run}, static" if len(statics) > 1 else "static", behind, cost.total(phase, "static")) for cost in statics]
        bars += [(cost.run, behind, cost.total(phase, "schedule")) for cost in members]
    return [(label + behind, total) for label, behind, total in bars if total is not None]


def _stack_figure(costs, parts_of, unit):
    machines = list(dict.fromkeys(cost.machine for cost in costs))
    panels = [(machine, [_bars([c for c in costs if c.machine == machine], phase) for phase in ("training", "inference")]) for machine in machines]
    heights = [0.62 + 0.24 * max(len(bars) for bars in pair) for _, pair in panels]
    figure, grid = plt.subplots(len(panels), 2, squeeze=False, figsize=(style.TEXT_WIDTH, 0.3 + sum(heights)), gridspec_kw={"height_ratios": heights})
    legend, order = {}, []
    for row, (machine, pair) in zip(grid, panels):
        for axes, bars, what in zip(row, pair, ("training", "inference")):
            if not bars:
                axes.set_axis_off()
                continue
            totals = [total for _, total in bars]
            drawn = stacked_bars(axes, [label for label, _ in bars], parts_of(totals), unit)
            axes.set_title(f"{machine}: " + ("training, whole run" if what == "training" else f"inference, {totals[0].batch} images"), loc="left")
            legend.update((label, bar) for bar, label in drawn if label not in legend)
            order += [label for label, *_ in parts_of(totals) if label not in order]
    shown = [label for label in order if label in legend]
    figure.legend([legend[label] for label in shown], shown, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=min(6, max(1, len(legend))),
                  handlelength=1.4, columnspacing=1.2)
    return figure


def cycle_stack(costs):
    """Cycles by cause, of every run on every machine, training and inference."""

    def parts(totals):
        return [(label, colour, hatch, [t.causes.get(column, 0) for t in totals]) for column, (label, colour, hatch) in style.CAUSES.items()]

    return _stack_figure(costs, parts, "cycles")


def energy_stack(costs):
    """Energy by component, of every run on every machine, training and inference."""

    def parts(totals):
        names = list(dict.fromkeys(name for t in totals for name in t.energy))  # in the order of the columns
        looks = [style.COMPONENTS.get(name, (name.replace("_", " "), style.SERIES[i % len(style.SERIES)], "")) for i, name in enumerate(names)]
        return [(*look, [t.energy.get(name, 0) * 1e-12 for t in totals]) for name, look in zip(names, looks)]

    return _stack_figure(costs, parts, "J")


def _group_labels(panels):
    """Labels under the groups of each panel of savings, and the angle at which they do not run into each other."""
    savings = [s for groups in panels for s in groups]
    several_runs, several_rescales = len({s.cost.run for s in savings}) > 1, len({s.cost.rescale for s in savings}) > 1
    lines = [[[s.cost.run] * several_runs + [s.cost.machine] + [s.cost.rescale] * (several_rescales and s.phase == "training") for s in groups]
             for groups in panels]
    longest = max(len(line) for labels in lines for label in labels for line in label)
    crowded = longest * len(savings) > LINE_LENGTH
    return [[(", " if crowded else "\n").join(label) for label in labels] for labels in lines], 40 if crowded else 0


def claimed_against_realised(savings):
    """Saving over static precision that bit operations claim, beside that in cycles and in energy; a group of bars for each run, machine and
    way of rescaling."""
    kinds = (("claimed", "claimed (bit operations)", style.GREY, ""), ("cycles", "realised, cycles", style.BLUE, "//"),
             ("energy", "realised, energy", style.ORANGE, ".."))
    largest = {phase: max((s.batch for s in savings if s.phase == phase), default=0) for phase in ("training", "inference")}
    panels = [[s for s in savings if s.phase == phase and s.batch == largest[phase]] for phase in ("training", "inference")]
    # inference has no backward-data: how that is rescaled makes no difference
    panels[1] = list({(s.cost.run, s.cost.machine): s for s in panels[1]}.values())
    labels, angle = _group_labels(panels)
    height = 2.7 + (0.04 * max(len(label) for panel in labels for label in panel) if angle else 0)
    figure, grid = plt.subplots(1, 2, figsize=(style.TEXT_WIDTH, height), sharey=True, gridspec_kw={"width_ratios": [max(1, len(p)) for p in panels]})
    lowest, highest = 0.0, 1.0
    for axes, groups, names, phase in zip(grid, panels, labels, ("training", "inference")):
        for offset, (key, label, colour, hatch) in enumerate(kinds):
            values = [getattr(s, key) for s in groups]
            places = np.arange(len(groups)) + (offset - 1) * 0.28
            axes.bar(places, values, width=0.26, color=colour, hatch=hatch, edgecolor="white", linewidth=0.4, label=label)
            for place, value in zip(places, values):
                axes.annotate(f"{value:.1f}", (place, value), xytext=(0, 2 if value >= 0 else -2), textcoords="offset points", ha="center",
                              va="bottom" if value >= 0 else "top", fontsize=6)
            lowest, highest = min([lowest, *values]), max([highest, *values])
        axes.axhline(0, color=style.BLACK, linewidth=0.6)
        axes.set_xticks(range(len(groups)))
        axes.set_xticklabels(names, rotation=angle, ha="right" if angle else "center", rotation_mode="anchor" if angle else None)
        axes.tick_params(axis="x", length=0)
        axes.set_title("training, whole run" if phase == "training" else "inference, last precision", loc="left")
    span = highest - lowest
    grid[0].set_ylim(lowest - (0.12 * span if lowest < 0 else 0), highest + 0.14 * span)
    grid[0].set_ylabel("saving over static precision (%)")
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3)
    return figure


def gap_stack(gaps):
    """Claimed saving in cycles as a bar for each gap: what is realised, then what each cause takes; gains lie left of zero."""
    figure, axes = plt.subplots(figsize=(style.TEXT_WIDTH, 0.7 + 0.3 * len(gaps)))
    places = np.arange(len(gaps))[::-1]
    ends = np.array([max(gap.realised, 0.0) for gap in gaps])
    axes.barh(places, [gap.realised for gap in gaps], height=0.62, color=style.GREEN, edgecolor="white", linewidth=0.4, label="realised")
    gains = np.array([min(gap.realised, 0.0) for gap in gaps])
    for cause in dict.fromkeys(cause for gap in gaps for cause, _, _ in gap.causes):
        label, colour, hatch = style.GAP_CAUSES.get(cause, (cause.replace("_", " "), style.GREY, ""))
        shares = np.array([sum(share for name, share, _ in gap.causes if name == cause) for gap in gaps])
        if not shares.any():
            continue
        axes.barh(places, shares, left=np.where(shares >= 0, ends, gains), height=0.62, color=colour, hatch=hatch, edgecolor="white",
                  linewidth=0.4, label=label)
        ends, gains = ends + np.maximum(shares, 0), gains + np.minimum(shares, 0)
    several = len({gap.cost.run for gap in gaps}) > 1
    axes.set_yticks(places)
    axes.set_yticklabels([", ".join([gap.cost.run] * several + [gap.cost.machine, gap.cost.rescale]) for gap in gaps])
    axes.tick_params(axis="y", length=0)
    axes.axvline(0, color=style.BLACK, linewidth=0.6)
    axes.set_xlabel("saving over static precision (percentage points)")
    figure.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=4)
    return figure
