# SPDX-License-Identifier: Apache-2.0
"""From traces and results files to one self-contained page."""

import argparse
import difflib
import os
import sys
import warnings
from pathlib import Path

import jinja2

from . import figures, inputs, style
from .model import savings_of
from .output import output_target, require_report_or_nothing, write_whole

VERSION_VARIABLE = "LDPSIM_VERSION"  # set by ldpsim report


def label_runs(files):
    """File -> label: the stem, with folders where stems are equal."""
    stems = [Path(file).stem for file in files]
    return {file: stem if stems.count(stem) == 1 else str(Path(file).with_suffix("")) for file, stem in zip(files, stems)}


class Material:
    """Everything that was given, read."""

    def __init__(self, files):
        traces = [file for file in files if inputs.kind_of(file) == "trace"]
        self.runs = [inputs.read_trace(file, label) for file, label in label_runs(traces).items()]
        self.costs, self.notes, self.claims, self.gaps = [], [], {}, []
        for file in files:
            if file in traces:
                continue
            results = inputs.read_results(file)
            self.costs += results.costs
            self.notes += [note for note in results.notes if note not in self.notes]
            self.claims.update(results.claims)
            self.gaps += results.gaps
        if not self.runs and not self.costs:
            raise inputs.InputError(files[0], "holds no replay", "write one with ldpsim replay RUN.trace --arch NAME -o FILE", code=2)
        # the baseline first; otherwise as given
        self.costs.sort(key=lambda cost: not cost.is_static())
        static = {(cost.run, cost.machine, cost.rescale) for cost in self.costs if cost.is_static()}
        self.gaps = [gap for gap in self.gaps if (gap.run, gap.machine, gap.rescale) not in static]

    @property
    def savings(self):
        return [saving for cost in self.costs if not cost.is_static() for saving in savings_of(cost, self.claims)]


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


def run_table(runs):
    rows = []
    for run in runs:
        accuracy = next((values[-1] for (split, metric), (_, values) in sorted(run.evaluations.items(), reverse=True) if metric == "accuracy"), None)
        kept = run.weight_bits[:, run.quantised]
        rows.append({"cells": [
            run.label, run.meta.get("method", "–"), run.meta.get("network", "–"), run.meta.get("dataset", "–"), number(len(run.iterations)),
            run.meta.get("batch", "–"), "–".join(dict.fromkeys(map(str, run.bounds))), number(kept.mean(), 3), number(kept[-1].mean(), 3),
            number(float(run.cost_ratio.mean()), 4), "–" if accuracy is None else f"{100 * accuracy if accuracy <= 1 else accuracy:.1f} %"]})
    names = ["run", "method", "network", "data set", "iterations", "batch", "bits allowed", "mean bits", "mean bits at the end",
             "training cost / static", "test accuracy at the end"]
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
    rows = [{"cells": [s.run, s.machine, s.rescale, s.phase, number(s.batch), f"{s.claimed:.2f}", f"{s.cycles:.2f}", f"{s.energy:.2f}"]} for s in savings]
    return {"columns": [{"name": name, "text": name in ("machine", "rescale", "phase")} for name in names], "rows": rows}


def gap_table(gaps):
    """Claimed saving, the share of every cause and what is left: a line a gap, which adds up."""
    causes = list(dict.fromkeys(cause for gap in gaps for cause, _, _ in gap.causes))
    rows = []
    for gap in gaps:
        shares = {cause: share for cause, share, _ in gap.causes}
        rows.append({"cells": [gap.run, gap.machine, gap.rescale, gap.phase, f"{gap.claimed:.2f}"]
                     + [f"{-shares[cause]:+.2f}" if cause in shares else "–" for cause in causes] + [f"{gap.realised:.2f}"]})
    labels = [style.GAP_CAUSES.get(cause, style.COMPONENTS.get(cause, (cause.replace("_", " "),)))[0] for cause in causes]
    names = ["run", "machine", "rescale", "phase", "claimed (%)"] + labels + ["realised (%)"]
    return {"columns": [{"name": name, "text": name in ("machine", "rescale", "phase")} for name in names], "rows": rows}


def gap_sentences(gaps):
    """For each gap in the cycles of training, what keeps the machine from the claim, the largest share first."""
    sentences = []
    for gap in gaps:
        lost = sorted((cause for cause in gap.causes if abs(cause[1]) >= 0.05), key=lambda cause: -abs(cause[1]))
        reasons = "; ".join(f"{abs(share):.1f} points {'are lost' if share > 0 else 'are won'} because {why}" for _, share, why in lost)
        sentences.append(f"{gap.machine} ({gap.rescale}), {gap.run}: of the {gap.claimed:.1f} % that bit operations claim, {gap.realised:.1f} % of the cycles of "
                         f"whole training steps are saved. {reasons[:1].upper()}{reasons[1:]}." if reasons else
                         f"{gap.machine} ({gap.rescale}), {gap.run}: the claim of {gap.claimed:.1f} % is realised.")
    return sentences


def summary(material):
    """The table on stdout: a line a run, machine and way of rescaling."""
    head = [["run", "machine", "rescale", "GBitOPs", "cycles", "time", "energy", "claimed", "cycles", "energy", "cycles", "energy", "claimed", "cycles", "energy"]]
    lines = []
    for cost in material.costs:
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
            saving = next((s for s in savings_of(cost, material.claims) if s.phase == phase and s.batch == total.batch), None)
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


def scale_text(material):
    """Data set and scale, for captions."""
    parts = []
    for run in material.runs:
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
        entry = {"name": name, "figure": figure, "caption": caption, "number": len(self.all) + 1}
        self.all.append(entry)
        return entry


def build_sections(material, page):
    sections = []
    scale = scale_text(material)
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
        entries = []
        learning = [run for run in material.runs if run.weight_bits.min(axis=0).tolist() != run.weight_bits.max(axis=0).tolist()]
        for run in learning or material.runs[:1]:
            caption = (f"{run.label}: bits of weights and activations of each quantised layer (first layer on top) over the iterations; above, the training cost of each iteration "
                       f"relative to {run.static_bits}-bit static precision (three passes, products of bits, layers weighted by their multiply-accumulates). "
                       f"{run.meta.get('network', 'Network')} on {run.meta.get('dataset', 'unknown data')}, batch {run.meta.get('batch', '?')}, one seed ({run.meta.get('seed', '?')}); "
                       f"gradients have {run.meta.get('gradient_bits', '?')} bits. Recorded by the trainer, not simulated."
                       + (f" At most {figures.LONGEST_HEAT_MAP} evenly spread iterations are drawn." if len(run.iterations) > figures.LONGEST_HEAT_MAP else ""))
            entries.append(page.add(f"precision-{run.label}".replace("/", "-"), figures.precision_heat_map(run), caption))
        entries.append(page.add("training", figures.training_curves(material.runs),
                                f"Training loss (moving average) and accuracy in percent over the iterations. {scale}. A run this short says nothing about final accuracy."
                                if max(len(run.iterations) for run in material.runs) < 10000 else
                                f"Training loss (moving average) and accuracy in percent over the iterations. {scale}."))
        sections.append({"title": "What was learned", "figures": entries, "tables": [run_table(material.runs)], "paragraphs": []})
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
        machines = list(dict.fromkeys(cost.machine for cost in material.costs))
        sections.append({"title": "Machines, and what is not modelled", "paragraphs": [], "tables": [], "figures": [], "machines": group_notes(material.notes, machines)})
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


def save_figures(page, folder):
    os.makedirs(folder, exist_ok=True)
    for entry in page.all:
        write_whole(os.path.join(folder, entry["name"] + ".svg"), entry["svg"])
        write_whole(os.path.join(folder, entry["name"] + ".png"), style.png(entry["figure"]))


class Parser(argparse.ArgumentParser):
    """Errors in one line, as the other commands have them."""

    def error(self, message):
        print(f"{self.prog}: error: {message}; usage: {self.usage}", file=sys.stderr)
        sys.exit(2)

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
    parser.add_argument("--figures", metavar="DIR", help="also save every figure there, as SVG and PNG")
    parser.add_argument("--title", default="Learned precision on variable-precision machines", help="headline of the page")
    parser.add_argument("-q", "--quiet", action="store_true", help="no remarks")
    return parser


def write_report(options):
    """The page and its material. Refuses a bad output before the work, not after it."""
    output_target(options.output, options.files)
    require_report_or_nothing(options.output)
    page, material = Figures(), Material(options.files)
    write_whole(options.output, render(material, options.title, page))
    if options.figures:
        save_figures(page, options.figures)
    return page, material


def main(arguments=None):
    options = make_parser().parse(arguments)
    try:
        with warnings.catch_warnings(record=True) as caught:  # characters that the font does not have, one warning each
            warnings.simplefilter("always")
            page, material = write_report(options)
    except inputs.InputError as error:
        print(error, file=sys.stderr)
        return error.code
    except OSError as error:
        print(f"{options.output}: error: cannot be written: {error.strerror}; check the folder, its permissions and free space", file=sys.stderr)
        return 3
    if material.costs:
        print(summary(material))
    if not options.quiet:
        print(f"{options.output}: {len(page.all)} figures", file=sys.stderr)
        if any("Glyph" in str(warning.message) for warning in caught):
            print(f"{options.output}: the font of the figures lacks some characters of names; boxes stand for them", file=sys.stderr)
    return 0
