# SPDX-License-Identifier: Apache-2.0
"""Draws the figures of `ldpsim reproduce` out of the data that it writes: panels of series, labels and caption ready made."""

import argparse
import json
import sys
import textwrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from . import inputs, style
from .output import write_whole

MARKERS = "os^Dv<>P"
CAPTION_WIDTH = 118  # characters in a line of TEXT_WIDTH at 6 points


def scatter(axes, panel):
    """Ours filled, with error bars over the seeds; published hollow, in the colour of the same method."""
    looks = {}
    for series in panel["series"]:
        method = series["label"].split(",")[0]
        number = looks.setdefault(method, len(looks))
        colour, marker = style.SERIES[number % len(style.SERIES)], MARKERS[number % len(MARKERS)]
        errors = [0 if d is None else d for d in series["deviation"]]
        axes.errorbar(series["x"], series["y"], yerr=errors if any(errors) else None, linestyle="none", color=colour, marker=marker, markersize=4.5,
                      markerfacecolor="none" if series["published"] else colour, capsize=2, linewidth=0.8, label=series["label"])
    axes.legend()


def curves(axes, panel):
    """One line a block, from dark (first) to light (last), as deep as the block is."""
    colours = plt.get_cmap("viridis")(np.linspace(0.02, 0.9, len(panel["series"])))
    for series, colour in zip(panel["series"], colours):
        axes.plot(series["x"], series["y"], color=colour, linewidth=1.0, label=series["label"])
    bits = [value for series in panel["series"] for value in series["y"]]
    axes.set_ylim(np.floor(min(bits)) - 0.2, max(np.ceil(max(bits)), np.floor(min(bits)) + 1) + 0.2)  # a bit or more, however short the run
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(ncol=2 if len(panel["series"]) > 6 else 1, fontsize=5.5, loc="center left", bbox_to_anchor=(1.0, 0.5))


def bars(axes, panel):
    series = panel["series"][0]
    places = np.arange(len(series["x"]))
    axes.bar(places, series["y"], color=style.BLUE, edgecolor="white", linewidth=0.4)
    for place, value in zip(places, series["y"]):
        axes.annotate(f"{value:.1f}", (place, value), xytext=(0, 2), textcoords="offset points", ha="center", fontsize=5.5)
    axes.set_xticks(places)
    axes.set_xticklabels(series["x"], rotation=60, ha="right", fontsize=6)
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, 1.12 * max(series["y"]))


DRAW = {"scatter": scatter, "curves": curves, "bars": bars}


def draw(data):
    """The figure of one file's data, its caption under it."""
    panels = data["panels"]
    across = 1 if data["kind"] != "scatter" else min(2, len(panels))
    down = -(-len(panels) // across)
    lines = [line for text in data["caption"] for line in textwrap.wrap(text, CAPTION_WIDTH)]
    caption_height = 0.115 * len(lines) + 0.1
    height = 2.5 * down
    figure = plt.figure(figsize=(style.TEXT_WIDTH, height + caption_height))
    upper, lower = figure.subfigures(2, 1, height_ratios=[height, caption_height])
    grid = upper.subplots(down, across, squeeze=False).ravel()
    for axes, panel in zip(grid, panels):
        DRAW[data["kind"]](axes, panel)
        axes.set_title(panel["title"], loc="left")
        axes.set_xlabel(data["x_title"])
        axes.set_ylabel(data["y_title"])
    for axes in grid[len(panels):]:
        axes.set_axis_off()
    lower.text(0.01, 0.98, "\n".join(lines), va="top", ha="left", fontsize=6, linespacing=1.2)
    return figure


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="ldpsim-figures", description=__doc__, allow_abbrev=False)
    parser.add_argument("files", nargs="+", metavar="FIGURE.json")
    for file in parser.parse_args(arguments).files:
        try:
            with open(file, encoding="utf-8") as stream:
                data = json.load(stream)
            figure = draw(data)
            stem = file.removesuffix(".json")
            write_whole(stem + ".svg", style.svg(figure, data["name"]))
            write_whole(stem + ".png", style.png(figure))
            plt.close(figure)
        except (OSError, json.JSONDecodeError) as error:
            print(f"{file}: error: {error}; ldpsim reproduce writes such files", file=sys.stderr)
            return 3
        except inputs.InputError as error:
            print(error, file=sys.stderr)
            return error.code
    return 0
