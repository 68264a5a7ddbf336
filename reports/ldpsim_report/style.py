# SPDX-License-Identifier: Apache-2.0
"""One look for all figures: fonts, sizes and colours that survive print and colour blindness."""

import io
import itertools

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.colors import BoundaryNorm, ListedColormap

# Okabe and Ito's palette, told apart by people of every colour vision; hatches tell the parts apart in grey.
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE, GREY, BLACK = "#0072B2", "#D55E00", "#CC79A7", "#999999", "#222222"

CAUSES = {  # column of a results file: (label, colour, hatch)
    "compute_cycles": ("compute", BLUE, ""),
    "fill_drain_cycles": ("fill and drain", SKY, "//"),
    "weight_load_cycles": ("operand load", GREEN, ".."),
    "dram_stall_cycles": ("DRAM stall", VERMILION, "\\\\"),
    "buffer_stall_cycles": ("buffer stall", ORANGE, "xx"),
    "imbalance_cycles": ("imbalance", PURPLE, "++"),
    "idle_cycles": ("idle", GREY, ""),
}
COMPONENTS = {  # energy_<name>_pj of a results file: (label, colour, hatch)
    "array": ("array", BLUE, ""),
    "weight_buffer": ("stationary buffer", ORANGE, "//"),
    "activation_buffer": ("moving buffer", GREEN, ".."),
    "output_buffer": ("output buffer", VERMILION, "xx"),
    "register": ("registers", PURPLE, "++"),
    "dram": ("DRAM", SKY, "\\\\"),
    "correction": ("sums of codes", YELLOW, ""),
    "rescale": ("rescaling", BLACK, ""),
    "accumulator_spill": ("accumulator spill", "#DDCC99", "oo"),
    "vector": ("vector unit", "#882255", "--"),
    "leakage": ("leakage", GREY, "--"),
}
GAP_CAUSES = {  # cause of a results file's gap in cycles: (label, colour, hatch)
    "precision_law": ("law of precision", BLUE, "//"),
    "lane_use": ("idle lanes", ORANGE, ".."),
    "values": ("operand values", "#44AA99", "oo"),
    "rescaling": ("rescaling", BLACK, ""),
    "imbalance": ("imbalance", PURPLE, "++"),
    "filling": ("filling and loading", SKY, "\\\\"),
    "memory": ("memory", VERMILION, "xx"),
    "beyond_macs": ("beyond MACs", YELLOW, ""),
}
SERIES = [BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, YELLOW, GREY]
LINE_STYLES = ["-", "--", ":", "-."]

SOFTWARE = "ldpsim"
MARK = f"Written by {SOFTWARE}"  # by which output.py knows a figure that may be replaced

TEXT_WIDTH = 7.2  # inches; two columns of a paper

plt.rcParams.update(
    {
        "font.family": "DejaVu Sans",
        "font.size": 8,
        "axes.titlesize": 8.5,
        "axes.labelsize": 8,
        "legend.fontsize": 7.5,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "hatch.linewidth": 0.4,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "legend.frameon": False,
        "figure.dpi": 100,
        "savefig.dpi": 200,
        "svg.fonttype": "path",
        "text.parse_math": False,  # names may have dollar signs
        "figure.constrained_layout.use": True,
    }
)


def series_looks():
    """Looks of line after line without end; the colours come again in another line style."""
    return ({"color": colour, "linestyle": line, "linewidth": 1.1} for line in itertools.cycle(LINE_STYLES) for colour in SERIES)


def legend_text(label):
    """A label as legends show it; they leave out what begins with an underscore."""
    return f" {label}" if label.startswith("_") else label


def bit_colours(least, most):
    """A discrete map, dark for few bits, and its norm: one colour a bit-width."""
    count = most - least + 1
    base = plt.get_cmap("viridis", 256)
    colours = [base(int(round(20 + 230 * i / max(1, count - 1)))) for i in range(count)]
    return ListedColormap(colours), BoundaryNorm([least - 0.5 + i for i in range(count + 1)], count)


def svg(figure, name):
    """The figure as SVG text without prologue; ids are unique to `name`, so that several can stand in one page."""
    with plt.rc_context({"svg.hashsalt": name}):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", bbox_inches="tight", pad_inches=0.03, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    return f"{text[: text.index('<metadata>')]}<!-- {MARK} -->{text[text.index('</metadata>') + len('</metadata>') :]}"


def png(figure):
    """The figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight", pad_inches=0.03, metadata={"Software": SOFTWARE})
    return buffer.getvalue()


def scaled(values, unit):
    """A factor and a prefixed unit under which the largest value is between 1 and 1000."""
    largest = max((abs(v) for v in values), default=0)
    for factor, prefix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")):
        if largest >= factor:
            return factor, prefix + unit
    return 1, unit
