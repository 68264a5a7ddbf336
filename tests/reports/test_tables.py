# SPDX-License-Identifier: Apache-2.0
"""Figures in tables and sentences."""

import unittest

from samples import WithFolder, write_results, write_trace

from ldpsim_report import tables
from ldpsim_report.material import Material
from ldpsim_report.results import read_results
from ldpsim_report.traces import read_trace


class Tables(WithFolder):
    def row_of(self, *arguments, **options):
        """Column -> cell of the table of runs."""
        write_trace(self.trace, *arguments, **options)
        table = tables.run_table([read_trace(self.trace, "ldp")])
        return dict(zip((column["name"] for column in table["columns"]), table["rows"][0]["cells"]))

    def test_savings_come_from_the_rows_and_claims_from_the_ledger(self):
        write_results(self.results)
        material = Material([self.results])
        self.assertEqual([cost.machine for cost in material.costs], ["stripes", "bitfusion"])
        training = [s for s in material.savings if s.phase == "training"]
        self.assertEqual([(s.claimed, s.cycles, s.energy) for s in training], [(48.5, 40.0, 25.0)] * 2)
        inference = [s for s in material.savings if s.phase == "inference"]
        self.assertEqual([s.claimed for s in inference], [50.0] * 2)

    def test_a_gap_is_told_in_sentences_whose_shares_add_up(self):
        write_results(self.results)
        gap = read_results(self.results).gaps[0]
        sentence = tables.gap_sentences([gap])[0]
        self.assertIn("10.5 points are lost because why precision_law; 2.0 points are won because why memory.", sentence)
        self.assertEqual(tables.gap_table([gap])["rows"][0]["cells"], ["ldp", "stripes", "free", "training", "48.50", "-10.50", "+2.00", "40.00"])

    def test_units_are_scaled(self):
        self.assertEqual(tables.engineering(0.0123, "J"), "12.3 mJ")

    def test_bits_are_those_of_the_trace(self):
        row = self.row_of([3, 4, 8])
        self.assertEqual([row[name] for name in ("bits allowed", "mean bits of weights", "mean bits of weights at the end")], ["3–8", "5", "8"])

    def test_an_import_allows_no_bits_and_a_float_run_has_none(self):
        self.assertEqual(self.row_of([3, 8], meta={"weight_bits_min": None, "weight_bits_max": None})["bits allowed"], "–")
        self.trace = self.path("fp32.trace")
        row = self.row_of([0, 0])
        self.assertEqual([row[name] for name in ("bits allowed", "mean bits of weights", "mean bits of weights at the end")], ["–"] * 3)

    def test_the_test_set_alone_is_the_test(self):
        measured = {
            "accuracy 25.0 %": (("test", "accuracy", 0.25), ("train", "accuracy", 0.9)),
            "accuracy 91.2 %": (("test", "accuracy", 91.2),),
            "PSNR 26.51 dB": (("test", "psnr_y", 26.51), ("test", "psnr_y_bicubic", 25.0)),
            "perplexity 1118.97": (("test", "loss", 7.02), ("test", "perplexity", 1118.97)),
            "–": (("train", "accuracy", 0.9), ("test", "loss", 1.0)),
        }
        for text, metrics in measured.items():
            self.trace = self.path(text.replace(" ", "") + ".trace")
            self.assertEqual(self.row_of([3, 4], metrics=metrics)["test at the end"], text)

    def test_a_test_without_a_value_is_none(self):
        self.assertEqual(self.row_of([3, 4], metrics=[("test", "accuracy", None)])["test at the end"], "–")

    def test_a_test_on_training_pictures_says_so(self):
        self.assertEqual(self.row_of([3, 4], meta={"tested_on": "training pictures"})["test at the end"], "accuracy 75.0 % on training pictures")


if __name__ == "__main__":
    unittest.main()
