# SPDX-License-Identifier: Apache-2.0
"""The report command: its page stands alone, and nothing is lost. Run as a program, it runs all tests of this folder."""

import errno
import io
import os
import re
import sqlite3
import sys
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from samples import Answer, WithFolder, write_results, write_trace

from ldpsim_report import report
from ldpsim_report.inputs import ACCEPTED


class Report(WithFolder):
    def run_report(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = report.main(list(arguments))
        return code, out.getvalue(), err.getvalue()

    def test_the_page_stands_alone(self):
        write_trace(self.trace, [3, 3, 4, 5])
        write_results(self.results)
        folder = self.path("figures")
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
        missing = self.path("no.trace")
        self.assertEqual(self.run_report(missing, "-o", self.page), (2, "", f"{missing}: error: no such file; {ACCEPTED}\n"))
        foreign = self.path("foreign")
        Path(foreign).write_text("hello " * 1000, encoding="utf-8")
        code, _, err = self.run_report(foreign, "-o", self.page)
        self.assertEqual((code, err), (3, f"{foreign}: error: cannot be read: file is not a database; {ACCEPTED}\n"))
        write_trace(self.trace, [3, 4])
        Path(self.trace).write_bytes(Path(self.trace).read_bytes()[:9000])
        code, _, err = self.run_report(self.trace, "-o", self.page)
        self.assertEqual(code, 3)
        self.assertEqual(err.count("\n"), 1)
        self.assertEqual(sorted(os.listdir(self.folder)), ["foreign", "ldp.trace"])

    def test_nothing_but_an_earlier_report_is_replaced(self):
        write_trace(self.trace, [3, 4, 5])
        write_results(self.results)
        for given in (self.trace, self.results):
            before = Path(given).read_bytes()
            link = self.path("link")
            os.link(given, link)
            for name in (given, link):
                self.assertEqual(self.run_report(self.trace, self.results, "-o", name),
                                 (2, "", f"{name}: error: is an input of this command, writing it would destroy it; choose another name\n"))
            self.assertEqual(Path(given).read_bytes(), before)
            os.unlink(link)
        notes = Path(self.folder, "notes.html")
        notes.write_text("<!DOCTYPE html><p>mine</p>", encoding="utf-8")
        self.assertEqual(self.run_report(self.trace, "-o", str(notes)),
                         (3, "", f"{notes}: error: the file exists already and is not a report of ldpsim; only reports are replaced; remove it or choose another name\n"))
        self.assertEqual(notes.read_text(encoding="utf-8"), "<!DOCTYPE html><p>mine</p>")
        for _ in range(2):
            self.assertEqual(self.run_report(self.trace, "-q", "-o", self.page), (0, "", ""))

    def test_pipes_stay_and_links_are_followed(self):
        write_trace(self.trace, [3, 4, 5])
        pipe, link = self.path("pipe"), self.path("link")
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
        code, _, err = self.run_report(self.folder, "-o", self.page)
        self.assertEqual((code, err), (2, f"{self.folder}: error: is a folder; {ACCEPTED}\n"))

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


    def test_a_float_run_has_no_heat_map(self):
        write_trace(self.trace, [0, 0], meta={"method": "fp32"})
        self.assertEqual(self.run_report(self.trace, "-o", self.page), (0, "", f"{self.page}: 1 figure\n"))

    def test_names_may_have_dollar_signs(self):
        self.trace = self.path(r"a$\frac$b.trace")
        write_trace(self.trace, [3, 4])
        write_results(self.results, [Answer(run=r"$\frac$", arch="$x$")])
        with sqlite3.connect(self.trace) as database:
            database.execute(r"UPDATE layer SET name='$\x$' WHERE id=0")
        self.assertEqual(self.run_report(self.trace, self.results, "-q", "-o", self.page)[::2], (0, ""))

    def test_captions_say_what_is_drawn(self):
        write_trace(self.trace, [8, 8], [3, 4], metrics=[("test", "perplexity", 1100.0)])
        self.assertEqual(self.run_report(self.trace, "-q", "-o", self.page)[0], 0)
        text = Path(self.page).read_text(encoding="utf-8")
        self.assertIn("ldp: bits of weights (upper map) and of activations (lower map) of each quantised layer", text)
        self.assertIn("gradients have 8 bits", text)
        self.assertIn("Training loss (moving average), perplexity over the iterations", text)

    def test_equal_names_are_told_apart_on_the_page(self):
        write_results(self.results, [Answer(settings={"array.windows": 16}, claimed=40.5), Answer(settings={"array.windows": 8}, claimed=50.5)])
        _, out, _ = self.run_report(self.results, "-q", "-o", self.page)
        self.assertRegex(out, r"ldp +stripes \(array.windows=16\).* 40.5 %")
        self.assertRegex(out, r"ldp +stripes \(array.windows=8\).* 50.5 %")
        text = Path(self.page).read_text(encoding="utf-8")
        self.assertIn("stripes (array.windows=8) (free), ldp: of the 50.5 % that bit operations claim", text)
        self.assertIn("<h3>stripes</h3>", text)  # whose notes are those of both

    def test_damage_that_drawing_finds_is_one_line(self):
        write_trace(self.trace, [3, 4])
        with mock.patch.object(report, "build_sections", side_effect=ValueError("no")):
            self.assertEqual(self.run_report(self.trace, "-o", self.page),
                             (3, "", f"{self.trace}: error: damaged: cannot be drawn: no; ldpsim trace validate names the place\n"))

    def test_files_of_another_kind_are_told_what_is_accepted(self):
        other = self.path("other.db")
        with sqlite3.connect(other) as database:
            database.execute("CREATE TABLE x(y)")
        self.assertEqual(self.run_report(other, "-o", self.page), (3, "", f"{other}: error: neither a trace nor a results file; {ACCEPTED}\n"))


class FigureFiles(WithFolder):
    run_report = Report.run_report

    def setUp(self):
        super().setUp()
        self.figures = self.path("figures")
        write_trace(self.trace, [3, 4])

    def save(self, *more):
        return self.run_report(self.trace, "-q", "-o", self.page, "--figures", self.figures, *more)

    def test_earlier_figures_are_replaced(self):
        for _ in range(2):
            self.assertEqual(self.save(), (0, "", ""))

    def test_nothing_is_written_over_or_beside_a_stranger(self):
        for name, content in (("training.png", b"\x89PNG\r\n\x1a\nmine"), ("precision-ldp.svg", b"<svg>mine</svg>")):
            os.makedirs(self.figures, exist_ok=True)
            stranger = Path(self.figures, name)
            stranger.write_bytes(content)
            self.assertEqual(self.save(), (3, "", f"{stranger}: error: the file exists already and is not a figure of ldpsim; "
                                                  "only figures are replaced; remove it or choose another name\n"))
            self.assertEqual((stranger.read_bytes(), os.listdir(self.figures), os.path.exists(self.page)), (content, [name], False))
            stranger.unlink()

    def test_a_folder_that_is_none_is_named(self):
        Path(self.figures).write_text("mine", encoding="utf-8")
        self.assertEqual(self.save(), (2, "", f"{self.figures}: error: is not a folder; choose another name\n"))
        self.figures = self.path("figures", "deep")
        code, _, err = self.save()
        self.assertEqual((code, err.count("\n")), (3, 1))
        self.assertIn(f"{self.figures}/precision-ldp.svg: error: cannot be written: Not a directory; ", err)
        self.assertFalse(os.path.exists(self.page))

    def test_a_full_disk_is_told_of_the_figure(self):
        with mock.patch("ldpsim_report.output.os.replace", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            code, _, err = self.save()
        self.assertEqual(code, 3)
        self.assertIn(f"{self.figures}/precision-ldp.svg: error: cannot be written: No space left on device; ", err)
        self.assertEqual(os.listdir(self.figures), [])

    def test_the_page_is_no_figure(self):
        self.page = self.path("figures", "training.svg")
        self.assertEqual(self.save(), (2, "", f"{self.page}: error: is the name of a figure, too; choose another name\n"))

    def test_figures_of_runs_with_similar_labels_are_all_there(self):
        page = report.Figures()
        self.assertEqual([page.add("precision-a", None, "")["name"] for _ in range(3)], ["precision-a", "precision-a-", "precision-a--"])


if __name__ == "__main__":
    unittest.main(module=None, argv=[sys.argv[0], "discover", "-s", str(Path(__file__).parent), *sys.argv[1:]])
