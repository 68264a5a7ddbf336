# SPDX-License-Identifier: Apache-2.0
"""The figures of a report. Each function takes plain data and gives a matplotlib figure; nothing here reads files."""

import matplotlib.pyplot as plt
import numpy as np

from . import style

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


def precision_heat_map(run):
    """Precision of each quantised layer over the iterations, with the cost ratio above."""
    rows = [i for i, quantised in enumerate(run.quantised) if quantised]
    bits = run.weight_bits[:, rows]
    least, most = int(max(1, bits[bits > 0].min())) if (bits > 0).any() else 1, int(bits.max())
    least, most = min(least, run.bounds[0]), max(most, run.bounds[1])
    height = 1.0 + 0.135 * len(rows)
    figure, (top, axes) = plt.subplots(
        2, 1, sharex=True, figsize=(style.TEXT_WIDTH, 0.85 + height), gridspec_kw={"height_ratios": [0.75, height]}
    )
    top.plot(run.iterations, run.cost_ratio, color=style.BLUE, linewidth=1.0)
    if run.budget is not None:
        top.axhline(run.budget, color=style.VERMILION, linewidth=0.8, linestyle="--")
        top.annotate("budget", (1.005, run.budget), xycoords=("axes fraction", "data"), va="center", fontsize=7, color=style.VERMILION)
    top.set_ylim(0, 1.08)
    top.set_ylabel("cost / static")
    columns = thinned(len(run.iterations))
    colours, norm = style.bit_colours(least, most)
    image = np.ma.masked_equal(bits[columns].T, 0)
    first, last = run.iterations[0], run.iterations[-1] + 1
    mesh = axes.imshow(
        image, aspect="auto", interpolation="nearest", cmap=colours, norm=norm, extent=(first, last, len(rows) - 0.5, -0.5)
    )
    axes.set_xlim(first, last)
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels([run.layer_names[i] for i in rows], fontsize=6 if len(rows) <= 40 else 4.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("iteration")
    bar = figure.colorbar(mesh, ax=axes, ticks=range(least, most + 1), pad=0.01, fraction=0.04, aspect=30)
    bar.set_label("bits of weights and activations")
    bar.outline.set_linewidth(0.4)
    bar.ax.tick_params(length=0)
    bar.ax.minorticks_off()
    return figure


def training_curves(runs):
    """Loss and test metric of every run over the iterations."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.TEXT_WIDTH, 2.3))
    evaluated = False
    for run, colour in zip(runs, style.SERIES):
        window = max(1, len(run.iterations) // 50)
        left.plot(run.iterations, moving_average(run.loss, window), color=colour, linewidth=1.1, label=run.label)
        for (split, metric), (at, values) in sorted(run.evaluations.items()):
            if metric != "accuracy":
                continue
            evaluated = True
            right.plot(at, 100 * values if max(values) <= 1 else values, color=colour, linewidth=1.1, marker="o", markersize=3, label=f"{run.label}, {split}")
    left.set_xlabel("iteration")
    left.set_ylabel("training loss (moving average)")
    left.legend()
    right.set_xlabel("iteration")
    right.set_ylabel("accuracy (%)")
    if evaluated:
        right.legend()
    else:
        right.text(0.5, 0.5, "no evaluation in the trace", ha="center", va="center", transform=right.transAxes)
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
    """(label, Total) of the bars of one panel: each run; where no run is itself static, the first one at static precision before them.
    Where costs differ in the way of rescaling, it stands behind the run."""
    rescales = list(dict.fromkeys(cost.rescale for cost in costs))
    if phase == "inference":
        rescales = rescales[:1]  # the forward pass has nothing to rescale
    several = len(rescales) > 1
    name = lambda cost, run: f"{run}, {cost.rescale}" if several else run  # noqa: E731
    bars = []
    for rescale in rescales:
        members = [cost for cost in costs if cost.rescale == rescale]
        if not any(cost.is_static() for cost in members):
            bars.append((name(members[0], "static"), members[0].total(phase, "static")))
        bars += [(name(cost, cost.run), cost.total(phase, "schedule")) for cost in members]
    return [(label, total) for label, total in bars if total is not None]


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


def claimed_against_realised(savings):
    """Saving over static precision that bit operations claim, beside that in cycles and in energy; a group of bars for each run, machine and
    way of rescaling."""
    kinds = (("claimed", "claimed (bit operations)", style.GREY, ""), ("cycles", "realised, cycles", style.BLUE, "//"),
             ("energy", "realised, energy", style.ORANGE, ".."))
    largest = {phase: max((s.batch for s in savings if s.phase == phase), default=0) for phase in ("training", "inference")}
    panels = [[s for s in savings if s.phase == phase and s.batch == largest[phase]] for phase in ("training", "inference")]
    # inference has no backward-data: how that is rescaled makes no difference
    panels[1] = list({(s.run, s.machine): s for s in panels[1]}.values())
    several_runs, several_rescales = len({s.run for s in savings}) > 1, len({s.rescale for s in savings}) > 1
    figure, grid = plt.subplots(1, 2, figsize=(style.TEXT_WIDTH, 2.7), sharey=True, gridspec_kw={"width_ratios": [max(1, len(p)) for p in panels]})
    lowest, highest = 0.0, 1.0
    for axes, groups, phase in zip(grid, panels, ("training", "inference")):
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
        axes.set_xticklabels(["\n".join(([s.run] if several_runs else []) + [s.machine] + ([s.rescale] if several_rescales and phase == "training" else []))
                              for s in groups])
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
    several = len({gap.run for gap in gaps}) > 1
    axes.set_yticks(places)
    axes.set_yticklabels([", ".join(([gap.run] if several else []) + [gap.machine, gap.rescale]) for gap in gaps])
    axes.tick_params(axis="y", length=0)
    axes.axvline(0, color=style.BLACK, linewidth=0.6)
    axes.set_xlabel("saving over static precision (percentage points)")
    figure.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=4)
    return figure
