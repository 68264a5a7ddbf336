# SPDX-License-Identifier: Apache-2.0
"""From traces and results files to one self-contained page."""

import argparse
import difflib
import os
import sys
import warnings
from pathlib import Path

import jinja2

from . import figures, inputs, style, traces
from .material import Material
from .model import HEADLINES, headlines_of
from .output import PNG, REPORT, SVG, make_folder, output_target, print_whole, require_folder_or_nothing, require_ours_or_nothing, write_whole
from .tables import cost_table, gap_sentences, gap_table, run_table, saving_table, summary

VERSION_VARIABLE = "LDPSIM_VERSION"  # set by ldpsim report


def scale_text(runs):
    """Data set and scale, for captions."""
    parts = []
    for run in runs:
        meta = run.meta
        parts.append(f"{run.label}: {meta.get('network', 'network')} on {meta.get('dataset', 'unknown data')}, {len(run.iterations)} iterations of "
                     f"{meta.get('batch', '?')} samples, one seed ({meta.get('seed', '?')})")
    return "; ".join(parts) or "Data set and scale as their traces say"


MODEL_TEXT = "Cycle-level simulation; what the machines leave out and which values are assumed is listed under “Machines”."


class Figures:
    """The figures of a page, in order, with captions."""

    def __init__(self):
        self.all = []

    def add(self, name, figure, caption):
        names = [entry["name"] for entry in self.all]
        while name in names:  # of runs whose labels differ in a character that no file name may have
            name += "-"
        entry = {"name": name, "figure": figure, "caption": caption, "number": len(self.all) + 1}
        self.all.append(entry)
        return entry


def precision_caption(run):
    operands = [operands for operands, _ in run.bit_maps()]
    return (f"{run.label}: bits of {' (upper map) and of '.join(operands)}{' (lower map)' * (len(operands) - 1)} of each quantised layer (first layer on top) over the "
            f"iterations; above, the training cost of each iteration relative to {run.static_bits}-bit static precision (three passes, products of bits, layers weighted "
            f"by their multiply-accumulates). {run.meta.get('network', 'Network')} on {run.meta.get('dataset', 'unknown data')}, batch {run.meta.get('batch', '?')}, one "
            f"seed ({run.meta.get('seed', '?')}); gradients {run.gradient_bits_text}. Recorded by the trainer, not simulated."
            + (f" At most {figures.LONGEST_HEAT_MAP} evenly spread iterations are drawn." if len(run.iterations) > figures.LONGEST_HEAT_MAP else ""))


def training_caption(runs):
    judged = [f"{name} in percent" if unit == "%" else f"{name} in {unit}" if unit else name for name, unit in map(HEADLINES.get, headlines_of(runs))]
    return (f"{', '.join(['Training loss (moving average)'] + judged)} over the iterations. {scale_text(runs)}."
            + (" A run this short says nothing about final accuracy." if max(len(run.iterations) for run in runs) < 10000 else ""))


def training_section(material, page):
    precise = [run for run in material.runs if not run.is_float]
    entries = [page.add(f"precision-{run.label}".replace("/", "-"), figures.precision_heat_map(run), precision_caption(run))
               for run in [run for run in precise if run.learns] or precise[:1]]
    entries.append(page.add("training", figures.training_curves(material.runs), training_caption(material.runs)))
    return {"title": "What was learned", "figures": entries, "tables": [run_table(material.runs)], "paragraphs": []}


def build_sections(material, page):
    sections = []
    scale = scale_text(material.runs)
    if material.savings:
        savings = material.savings
        caption = (f"Saving over static precision on the same machine and for the same iterations, in percent: as bit operations claim it, in simulated cycles and in energy. "
                   f"Rescale “free” charges backward-data as a plain matrix product, “per_group” charges what one weight scale per output channel needs. {scale}. {MODEL_TEXT}")
        sections.append({"title": "Claimed against realised", "figures": [page.add("claimed", figures.claimed_against_realised(savings), caption)],
                         "tables": [saving_table(savings)],
                         "paragraphs": ["Bit operations count a multiply-accumulate of p-bit and q-bit operands as p·q. A machine is slower or thirstier than that where it "
                                        "waits for memory, rounds precisions up, or spends energy on what does not shrink with precision."]})
    if material.gaps:
        training = [gap for gap in material.gaps if gap.metric == "cycles" and gap.phase == "training"]
        caption = (f"From claimed to realised saving in the cycles of training, whole steps with weight update, normalisation and quantising. Each cause is what is lost from one "
                   f"ever less idealised machine to the next, in the order of the legend, so the shares add up to the gap. {scale}. {MODEL_TEXT}")
        sections.append({"title": "Why machines realise less", "figures": [page.add("gap", figures.gap_stack(training), caption)] if training else [],
                         "tables": [gap_table([gap for gap in material.gaps if gap.metric == metric]) for metric in ("cycles", "energy")],
                         "paragraphs": gap_sentences(training)})
    if material.runs:
        sections.append(training_section(material, page))
    if material.costs:
        sections.append({"title": "Cycles", "paragraphs": [], "tables": [cost_table(material.costs, "training"), cost_table(material.costs, "inference")],
                         "figures": [page.add("cycles", figures.cycle_stack(material.costs),
                                              f"Simulated clock cycles by cause; every cycle has exactly one. Left: all iterations of training, three passes; right: one forward pass over a "
                                              f"batch at the last iteration’s bits. Machines differ in clock and size: compare bars within a machine. {scale}. {MODEL_TEXT}")]})
        sections.append({"title": "Energy", "paragraphs": [], "tables": [],
                         "figures": [page.add("energy", figures.energy_stack(material.costs),
                                              f"Energy in joules by component: counted actions times a sourced energy table. Left: all iterations of training; right: one forward pass over a "
                                              f"batch. The price of DRAM (5 to 20 pJ a bit in the literature) decides much of it. {scale}. {MODEL_TEXT}")]})
    if material.notes:
        sections.append({"title": "Machines, and what is not modelled", "paragraphs": [], "tables": [], "figures": [], "machines": group_notes(material.notes, material.machines)})
    return sections


def group_notes(notes, machines):
    """Notes of each machine under its name, the others first under "All"."""
    grouped = {"": []}
    for note in notes:
        machine = next((m for m in sorted(machines, key=len, reverse=True) if note.startswith(m + " ")), "")
        grouped.setdefault(machine, []).append(note[len(machine):].strip() if machine else note)
    return [{"name": name or "Runs", "notes": lines} for name, lines in grouped.items() if lines]


def render(material, title, page):
    sections = build_sections(material, page)
    for entry in page.all:
        entry["svg"] = style.svg(entry["figure"], entry["name"])
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True)
    runs = ", ".join(dict.fromkeys([run.label for run in material.runs] + [cost.run for cost in material.costs]))
    machines = ", ".join(dict.fromkeys(cost.machine for cost in material.costs))
    lead = f"Runs: {runs}." + (f" Machines: {machines}." if machines else "")
    version = os.environ.get(VERSION_VARIABLE, "")
    return environment.get_template("page.html").render(
        title=title, lead=lead, sections=sections, footer=f"Written by ldpsim {version}. Figures are vector graphics inside this file; it loads nothing from elsewhere.".replace("  ", " "))


def figure_files(page, options):
    """(file, content) of every figure. Refuses inputs and files that are not ours before any is written."""
    files = []
    for entry in page.all:
        for suffix, kind, content in ((".svg", SVG, entry["svg"]), (".png", PNG, style.png(entry["figure"]))):
            path = os.path.join(options.figures, entry["name"] + suffix)
            if output_target(path, options.files) == os.path.realpath(options.output):
                raise inputs.InputError(options.output, "is the name of a figure, too", "choose another name", code=2)
            require_ours_or_nothing(path, kind)
            files.append((path, content))
    return files


class Parser(argparse.ArgumentParser):
    """Errors in one line, as the other commands have them."""

    def error(self, message):
        print(f"{self.prog}: error: {message}; usage: {self.usage}", file=sys.stderr)
        sys.exit(2)

    def print_help(self, file=None):
        print_whole(self.format_help().rstrip("\n"))

    def parse(self, arguments):
        options, unknown = self.parse_known_args(arguments)
        if unknown:
            name = unknown[0].split("=")[0]
            known = [option for action in self._actions for option in action.option_strings if option.startswith("--")]
            near = difflib.get_close_matches(name, known, n=1)
            hint = (f"did you mean '{near[0]}'? " if near else "") + "allowed: " + ", ".join(known)
            print(f"{self.prog}: error: unknown option '{name}'; {hint}", file=sys.stderr)
            sys.exit(2)
        return options


def make_parser():
    parser = Parser(prog="ldpsim report", description="One self-contained HTML page about traces and results files.",
                    usage="ldpsim report FILE... -o PAGE.html [--figures DIR] [--title TEXT]", allow_abbrev=False,
                    formatter_class=argparse.RawDescriptionHelpFormatter,
                    epilog="examples:\n  ldpsim report run.trace run.results -o report.html --figures figures/")
    parser.add_argument("files", nargs="+", metavar="FILE", help="traces and results files, in any order")
    parser.add_argument("-o", "--output", required=True, metavar="PAGE.html", help="the page to write; an earlier report is replaced, any other file is not")
    parser.add_argument("--figures", metavar="DIR", help="also save every figure there, as SVG and PNG; earlier figures are replaced, any other file is not")
    parser.add_argument("--title", default="Learned precision on variable-precision machines", help="headline of the page")
    parser.add_argument("-q", "--quiet", action="store_true", help="no remarks")
    return parser


def write_report(options):
    """The page and its material. Refuses a bad output before the work, not after it; the page comes last, so that it is there if all went well."""
    output_target(options.output, options.files)
    require_ours_or_nothing(options.output, REPORT)
    if options.figures:
        require_folder_or_nothing(options.figures)
    page, material = Figures(), Material(options.files)
    try:
        text = render(material, options.title, page)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise inputs.InputError(", ".join(options.files), f"damaged: cannot be drawn: {error}", traces.REMEDY) from None
    if options.figures:
        files = figure_files(page, options)
        make_folder(options.figures)
        for path, content in files:
            write_whole(path, content)
    write_whole(options.output, text)
    return page, material


def main(arguments=None):
    try:
        options = make_parser().parse(arguments)
        with warnings.catch_warnings(record=True) as caught:  # characters that the font does not have, one warning each
            warnings.simplefilter("always")
            page, material = write_report(options)
        if material.costs:
            print_whole(summary(material.costs))
    except inputs.InputError as error:
        print(error, file=sys.stderr)
        return error.code
    if not options.quiet:
        print(f"{options.output}: {len(page.all)} figure{'s' * (len(page.all) > 1)}", file=sys.stderr)
        if any("Glyph" in str(warning.message) for warning in caught):
            print(f"{options.output}: the font of the figures lacks some characters of names; boxes stand for them", file=sys.stderr)
    return 0
