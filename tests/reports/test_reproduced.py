# SPDX-License-Identifier: Apache-2.0
"""The figures of `ldpsim reproduce`."""

import io
import json
import os
import unittest
from contextlib import redirect_stderr
from pathlib import Path

from samples import WithFolder

from ldpsim_report import reproduced


def figure_file(folder, name, kind, series):
    """Data as `ldpsim reproduce` writes it."""
    data = {"name": name, "kind": kind, "caption": ["What it shows.", "data set cifar10; scale small; seeds: 2"], "x_title": "x", "y_title": "y",
            "panels": [{"title": "resnet20, cifar10", "series": series}]}
    path = os.path.join(folder, name + ".json")
    Path(path).write_text(json.dumps(data), encoding="utf-8")
    return path


class ReproducedFigures(WithFolder):
    def test_each_kind_is_drawn_as_svg_and_png(self):
        line = {"label": "LDP", "published": False, "x": [1, 2], "y": [3.0, 4.0], "deviation": [0.5, None]}
        printed = {"label": "LDP, published", "published": True, "x": [1.5], "y": [3.5], "deviation": [None]}
        bar = {"label": "mean bits", "published": False, "x": ["conv1", "conv2"], "y": [3.0, 4.0], "deviation": []}
        files = [figure_file(self.folder, "points", "scatter", [line, printed]), figure_file(self.folder, "blocks", "curves", [line]),
                 figure_file(self.folder, "ends", "bars", [bar])]
        self.assertEqual(reproduced.main(files), 0)
        for name in ("points", "blocks", "ends"):
            self.assertTrue(Path(self.folder, name + ".svg").read_text(encoding="utf-8").startswith("<svg"))
            self.assertGreater(os.path.getsize(os.path.join(self.folder, name + ".png")), 5000)

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
        path = os.path.join(self.folder, "x.json")
        Path(path).write_text("{", encoding="utf-8")
        err = io.StringIO()
        with redirect_stderr(err):
            self.assertEqual(reproduced.main([path]), 3)
        self.assertEqual(err.getvalue().count("\n"), 1)
        self.assertEqual(os.listdir(self.folder), ["x.json"])


if __name__ == "__main__":
    unittest.main()
