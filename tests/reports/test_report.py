# SPDX-License-Identifier: Apache-2.0
"""The report: what it reads, what it computes, and that its page stands alone. Traces and results are written here with sqlite3."""

import io
import json
import os
import re
import sqlite3
import sys
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "reports"))

import numpy as np  # noqa: E402

from ldpsim_report import figures, inputs, model, report, reproduced, style  # noqa: E402

TRACE_SCHEMA = """
PRAGMA application_id=1279545428;
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE layer(id INTEGER PRIMARY KEY, name, kind, in_channels, out_channels, in_height, in_width, kernel_height, kernel_width, stride, padding,
  dilation, groups, quantised);
CREATE TABLE iteration(iteration INTEGER PRIMARY KEY, epoch, loss, learning_rate, weight_bits, activation_bits, gradient_bits);
CREATE TABLE evaluation(iteration, split, metric, value);
"""
RESULTS_SCHEMA = """
PRAGMA application_id=1279545426;
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE point(key TEXT PRIMARY KEY, kind, ordinal, label, config);
CREATE TABLE result(key TEXT PRIMARY KEY, kind, rows);
CREATE TABLE note(key, position, text);
CREATE TABLE result_column(kind, position, name);
"""
COLUMNS = ["run", "arch", "rescale", "phase", "precision", "batch", "layer", "pass", "gbitops", "cycles", "time_s", "bound_cycles", "compute_cycles",
           "dram_stall_cycles", "energy_pj", "energy_array_pj", "energy_dram_pj", "energy_leakage_pj"]


def write_trace(file, bits, method="ldp"):
    """Two layers: a 3x3 convolution with 3*16*9*32*32 MACs and a float classifier with 160; `bits` of the first, an iteration each."""
    database = sqlite3.connect(file)
    database.executescript(TRACE_SCHEMA)
    meta = {"network": "tiny", "dataset": "fashion-mnist", "method": method, "batch": "128", "static_bits": "8", "seed": "1", "weight_bits_min": "3",
            "weight_bits_max": "8", "budget": "0.6"}
    database.executemany("INSERT INTO meta VALUES(?,?)", meta.items())
    database.execute("INSERT INTO layer VALUES(0,'conv1','conv',3,16,32,32,3,3,1,1,1,1,1)")
    database.execute("INSERT INTO layer VALUES(1,'fc','linear',16,10,1,1,1,1,1,0,1,1,0)")
    for i, b in enumerate(bits):
        database.execute("INSERT INTO iteration VALUES(?,0,?,0.1,?,?,?)", (i, 2.0 - 0.1 * i, bytes([b, 0]), bytes([b, 0]), bytes([8, 0])))
    database.execute("INSERT INTO evaluation VALUES(?,'test','accuracy',0.75)", (len(bits),))
    database.commit()
    database.close()


def write_results(file):
    database = sqlite3.connect(file)
    database.executescript(RESULTS_SCHEMA)
    database.execute("CREATE TABLE replay(point, row, " + ", ".join(COLUMNS) + ")")
    database.execute("CREATE TABLE saving(point, row, run, phase, claimed_saving_percent)")
    database.execute("CREATE TABLE gap(point, row, run, arch, rescale, phase, metric, cause, share_points, saving_after_percent, why)")
    database.executemany("INSERT INTO result_column VALUES('replay',?,?)", enumerate(COLUMNS))
    for number, arch in enumerate(("stripes", "bitfusion")):
        key = f"k{number}"
        database.execute("INSERT INTO point VALUES(?,'replay',?,?,'{}')", (key, number, arch))
        database.execute("INSERT INTO result VALUES(?,'replay',4)", (key,))
        database.execute("INSERT INTO note VALUES(?,0,?)", (key, f"{arch} does not model: pooling <b>"))
        row = 0
        for phase, batch in (("training", 128), ("inference", 128)):
            for precision, cycles, energy, gbitops in (("schedule", 600, 300.0, 5.0), ("static", 1000, 400.0, 10.0)):
                database.execute("INSERT INTO replay VALUES(" + ",".join("?" * (len(COLUMNS) + 2)) + ")",
                                 (key, row, "ldp", arch, "free", phase, precision, batch, "total", "all", gbitops, cycles, cycles / 5e8, cycles - 5, cycles - 100, 100,
                                  energy, energy * 0.25, energy * 0.75, 50.0))
                row += 1
        database.execute("INSERT INTO point VALUES(?,'saving',?,?,'{}')", (key + "s", number, arch))
        database.execute("INSERT INTO result VALUES(?,'saving',1)", (key + "s",))
        database.execute("INSERT INTO saving VALUES(?,0,'ldp','training',48.5)", (key + "s",))
        # a row beside the passes, which is not their total
        database.execute("INSERT INTO replay VALUES(" + ",".join("?" * (len(COLUMNS) + 2)) + ")",
                         (key, row, "ldp", arch, "free", "training", "schedule", 128, "total", "step", 5.0, 9000, 1.0, 9000, 9000, 0, 1.0, 0.5, 0.5, 0))
        database.execute("INSERT INTO point VALUES(?,'gap',?,?,'{}')", (key + "g", number, arch))
        database.execute("INSERT INTO result VALUES(?,'gap',2)", (key + "g",))
        for place, (cause, share, after) in enumerate((("precision_law", 10.5, 38.0), ("memory", -2.0, 40.0))):
            database.execute("INSERT INTO gap VALUES(?,?,'ldp',?,'free','training','cycles',?,?,?,?)",
                             (key + "g", place, arch, cause, share, after, f"why {cause}"))
    database.commit()
    database.close()


class Report(unittest.TestCase):
    def setUp(self):
        self.addCleanup(style.plt.close, "all")
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.trace = os.path.join(self.folder.name, "ldp.trace")
        self.results = os.path.join(self.folder.name, "ldp.results")
        self.page = os.path.join(self.folder.name, "page.html")

    def run_report(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = report.main(list(arguments))
        return code, out.getvalue(), err.getvalue()

    def test_cost_ratio_is_the_ledgers(self):
        write_trace(self.trace, [4, 8])
        run = inputs.read_trace(self.trace, "ldp")
        self.assertEqual(run.macs.tolist(), [3 * 16 * 9 * 32 * 32, 160])
        conv, fc = run.macs
        expected = (conv * (16 + 32 + 32) + fc * 192) / (192 * (conv + fc))
        np.testing.assert_allclose(run.cost_ratio, [expected, 1.0], rtol=1e-12)
        self.assertEqual(run.budget, 0.6)

    def test_savings_come_from_the_rows_and_claims_from_the_ledger(self):
        write_results(self.results)
        material = report.Material([self.results])
        self.assertEqual([cost.machine for cost in material.costs], ["stripes", "bitfusion"])
        training = [s for s in material.savings if s.phase == "training"]
        self.assertEqual([(s.claimed, s.cycles, s.energy) for s in training], [(48.5, 40.0, 25.0)] * 2)
        inference = [s for s in material.savings if s.phase == "inference"]
        self.assertEqual([s.claimed for s in inference], [50.0] * 2)

    def test_rows_beside_the_passes_are_not_their_total(self):
        write_results(self.results)
        results = inputs.read_results(self.results)
        self.assertEqual([cost.total("training", "schedule").cycles for cost in results.costs], [600, 600])

    def test_a_gap_is_told_in_sentences_whose_shares_add_up(self):
        write_results(self.results)
        gap = inputs.read_results(self.results).gaps[0]
        self.assertAlmostEqual(gap.claimed, 48.5)
        self.assertEqual(gap.realised, 40.0)
        sentence = report.gap_sentences([gap])[0]
        self.assertIn("10.5 points are lost because why precision_law; 2.0 points are won because why memory.", sentence)
        self.assertEqual(report.gap_table([gap])["rows"][0]["cells"], ["ldp", "stripes", "free", "training", "48.50", "-10.50", "+2.00", "40.00"])

    def test_leakage_that_a_machine_does_not_count_is_not_in_its_stack(self):
        write_results(self.results)
        total = report.Material([self.results]).costs[0].total("training", "schedule")
        self.assertNotIn("leakage", total.energy)
        self.assertAlmostEqual(total.joules, 300e-12)

    def test_the_page_stands_alone(self):
        write_trace(self.trace, [3, 3, 4, 5])
        write_results(self.results)
        folder = os.path.join(self.folder.name, "figures")
        code, out, err = self.run_report(self.trace, self.results, "-o", self.page, "--figures", folder)
        self.assertEqual((code, err), (0, f"{self.page}: 6 figures\n"))
        self.assertIn("48.5 % 40.0 % 25.0 %", out)
        text = Path(self.page).read_text(encoding="utf-8")
        self.assertEqual(len(re.findall(r"<figure ", text)), 6)
        for tag in ("<script", "<link", "<img", "src=", "@import", "url(http"):
            self.assertNotIn(tag, text)
        self.assertIn("pooling &lt;b&gt;", text)  # notes are text, not markup
        names = re.findall(r'\bid="([^"]+)"', text)
        clips = [name for name in names if re.fullmatch(r"p[0-9a-f]{10}", name)]
        self.assertEqual(len(clips), len(set(clips)))  # ids of one figure do not reach into another
        for name in ("claimed", "precision-ldp", "training", "cycles", "energy"):
            for suffix in (".svg", ".png"):
                self.assertGreater(os.path.getsize(os.path.join(folder, name + suffix)), 5000)

    def test_the_same_input_gives_the_same_page(self):
        write_trace(self.trace, [3, 4, 5])
        pages = []
        for _ in range(2):
            self.assertEqual(self.run_report(self.trace, "-q", "-o", self.page)[0], 0)
            pages.append(Path(self.page).read_text(encoding="utf-8"))
        self.assertEqual(pages[0], pages[1])

    def test_errors_are_one_line_and_leave_nothing(self):
        missing = os.path.join(self.folder.name, "no.trace")
        self.assertEqual(self.run_report(missing, "-o", self.page), (2, "", f"{missing}: error: no such file; expected a trace or a results file\n"))
        foreign = os.path.join(self.folder.name, "foreign")
        Path(foreign).write_text("hello " * 1000, encoding="utf-8")
        code, _, err = self.run_report(foreign, "-o", self.page)
        self.assertEqual((code, err), (3, f"{foreign}: error: cannot be read: file is not a database; expected a trace or a results file of ldpsim\n"))
        write_trace(self.trace, [3, 4])
        Path(self.trace).write_bytes(Path(self.trace).read_bytes()[:9000])
        code, _, err = self.run_report(self.trace, "-o", self.page)
        self.assertEqual(code, 3)
        self.assertEqual(err.count("\n"), 1)
        self.assertEqual(sorted(os.listdir(self.folder.name)), ["foreign", "ldp.trace"])

    def test_nothing_but_an_earlier_report_is_replaced(self):
        write_trace(self.trace, [3, 4, 5])
        write_results(self.results)
        for given in (self.trace, self.results):
            before = Path(given).read_bytes()
            link = os.path.join(self.folder.name, "link")
            os.link(given, link)
            for name in (given, link):
                self.assertEqual(self.run_report(self.trace, self.results, "-o", name),
                                 (2, "", f"{name}: error: is an input of this command, writing it would destroy it; choose another name\n"))
            self.assertEqual(Path(given).read_bytes(), before)
            os.unlink(link)
        notes = Path(self.folder.name, "notes.html")
        notes.write_text("<!DOCTYPE html><p>mine</p>", encoding="utf-8")
        self.assertEqual(self.run_report(self.trace, "-o", str(notes)),
                         (3, "", f"{notes}: error: the file exists already and is not a report of ldpsim; only reports are replaced; remove it or choose another name\n"))
        self.assertEqual(notes.read_text(encoding="utf-8"), "<!DOCTYPE html><p>mine</p>")
        for _ in range(2):
            self.assertEqual(self.run_report(self.trace, "-q", "-o", self.page), (0, "", ""))

    def test_pipes_stay_and_links_are_followed(self):
        write_trace(self.trace, [3, 4, 5])
        pipe, link = os.path.join(self.folder.name, "pipe"), os.path.join(self.folder.name, "link")
        os.mkfifo(pipe)
        self.assertEqual(self.run_report(self.trace, "-o", pipe), (2, "", f"{pipe}: error: is not a regular file; choose another name\n"))
        self.assertTrue(Path(pipe).is_fifo())
        os.symlink("page.html", link)
        self.assertEqual(self.run_report(self.trace, "-q", "-o", link), (0, "", ""))
        self.assertTrue(os.path.islink(link))
        self.assertTrue(os.path.isfile(self.page))

    def test_wrong_use_is_one_line(self):
        def error_of(*arguments):
            out, err = io.StringIO(), io.StringIO()
            with redirect_stdout(out), redirect_stderr(err), self.assertRaises(SystemExit) as end:
                report.main(list(arguments))
            self.assertEqual((end.exception.code, out.getvalue()), (2, ""))
            return err.getvalue()

        usage = "usage: ldpsim report FILE... -o PAGE.html [--figures DIR] [--title TEXT]\n"
        self.assertEqual(error_of("x.trace"), f"ldpsim report: error: the following arguments are required: -o/--output; {usage}")
        self.assertEqual(error_of("x.trace", "-o", "y", "--titel", "T"),
                         "ldpsim report: error: unknown option '--titel'; did you mean '--title'? allowed: --help, --output, --figures, --title, --quiet\n")
        code, _, err = self.run_report(self.folder.name, "-o", self.page)
        self.assertEqual((code, err), (2, f"{self.folder.name}: error: is a folder; expected a trace or a results file\n"))

    def test_help_has_an_example(self):
        out = io.StringIO()
        with redirect_stdout(out), self.assertRaises(SystemExit):
            report.main(["--help"])
        self.assertIn("examples:\n  ldpsim report run.trace", out.getvalue())

    def test_characters_without_a_glyph_are_told_in_one_line(self):
        write_trace(self.trace, [3, 4, 5])
        with sqlite3.connect(self.trace) as database:
            database.execute("UPDATE layer SET name='第一层' WHERE id=0")
        self.assertEqual(self.run_report(self.trace, "-q", "-o", self.page), (0, "", ""))
        self.assertEqual(self.run_report(self.trace, "-o", self.page)[2].count("\n"), 2)

    def test_long_runs_are_thinned_and_averages_skip_what_is_missing(self):
        self.assertEqual(len(figures.thinned(64000)), figures.LONGEST_HEAT_MAP)
        self.assertEqual(figures.thinned(64000)[-1], 63999)
        np.testing.assert_allclose(figures.moving_average([1, np.nan, 3, 5], 2), [1, 1, 3, 4])

    def test_units_are_scaled(self):
        self.assertEqual(style.scaled([2.5e9], "J"), (1e9, "GJ"))
        self.assertEqual(report.engineering(0.0123, "J"), "12.3 mJ")

    def test_a_static_run_is_recognised(self):
        total = model.Total(batch=1, gbitops=1.0, cycles=5, seconds=1.0, causes={}, energy={})
        self.assertTrue(model.Cost("s", "m", "free", {("training", "schedule", 1): total, ("training", "static", 1): total}).is_static())


def figure_file(folder, name, kind, series):
    """Data as `ldpsim reproduce` writes it."""
    data = {"name": name, "kind": kind, "caption": ["What it shows.", "data set cifar10; scale small; seeds: 2"], "x_title": "x", "y_title": "y",
            "panels": [{"title": "resnet20, cifar10", "series": series}]}
    path = os.path.join(folder, name + ".json")
    Path(path).write_text(json.dumps(data), encoding="utf-8")
    return path


class ReproducedFigures(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_each_kind_is_drawn_as_svg_and_png(self):
        line = {"label": "LDP", "published": False, "x": [1, 2], "y": [3.0, 4.0], "deviation": [0.5, None]}
        printed = {"label": "LDP, published", "published": True, "x": [1.5], "y": [3.5], "deviation": [None]}
        bar = {"label": "mean bits", "published": False, "x": ["conv1", "conv2"], "y": [3.0, 4.0], "deviation": []}
        files = [figure_file(self.folder.name, "points", "scatter", [line, printed]), figure_file(self.folder.name, "blocks", "curves", [line]),
                 figure_file(self.folder.name, "ends", "bars", [bar])]
        self.assertEqual(reproduced.main(files), 0)
        for name in ("points", "blocks", "ends"):
            self.assertTrue(Path(self.folder.name, name + ".svg").read_text(encoding="utf-8").startswith("<svg"))
            self.assertGreater(os.path.getsize(os.path.join(self.folder.name, name + ".png")), 5000)

    def test_published_points_are_hollow_and_labelled(self):
        data = {"kind": "scatter", "name": "n", "caption": ["c"], "x_title": "", "y_title": "", "panels": [{"title": "t", "series": [
            {"label": "LDP", "published": False, "x": [1], "y": [1], "deviation": [None]},
            {"label": "LDP, published", "published": True, "x": [2], "y": [2], "deviation": [None]}]}]}
        axes = reproduced.draw(data).axes[0]
        ours, printed = axes.get_lines()[:2]
        self.assertNotEqual(ours.get_markerfacecolor(), "none")
        self.assertEqual(printed.get_markerfacecolor(), "none")
        self.assertEqual(ours.get_color(), printed.get_color())
        self.assertEqual([text.get_text() for text in axes.get_legend().get_texts()], ["LDP", "LDP, published"])

    def test_damaged_data_is_one_line(self):
        path = os.path.join(self.folder.name, "x.json")
        Path(path).write_text("{", encoding="utf-8")
        err = io.StringIO()
        with redirect_stderr(err):
            self.assertEqual(reproduced.main([path]), 3)
        self.assertEqual(err.getvalue().count("\n"), 1)
        self.assertEqual(os.listdir(self.folder.name), ["x.json"])


if __name__ == "__main__":
    unittest.main()
