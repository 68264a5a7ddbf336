# SPDX-License-Identifier: Apache-2.0
"""What is read of results files, and how damage is told."""

import os
import unittest

from samples import Answer, WithFolder, change, write_results

from ldpsim_report.inputs import InputError
from ldpsim_report.model import savings_of
from ldpsim_report.results import read_results


class ResultsFiles(WithFolder):
    def test_rows_beside_the_passes_are_not_their_total(self):
        write_results(self.results)
        self.assertEqual([cost.total("training", "schedule").cycles for cost in read_results(self.results).costs], [600, 600])

    def test_leakage_that_a_machine_does_not_count_is_not_in_its_stack(self):
        write_results(self.results)
        total = read_results(self.results).costs[0].total("training", "schedule")
        self.assertNotIn("leakage", total.energy)
        self.assertAlmostEqual(total.joules, 300e-12)

    def test_points_of_the_same_name_keep_their_figures_claims_and_gaps(self):
        answers = [Answer(ours=(600, 300.0, 5.0), claimed=50.5), Answer(ours=(700, 320.0, 6.0), claimed=40.5),
                   Answer(ours=(600, 300.0, 7.0), claimed=30.5), Answer(settings={"array.windows": 8}, ours=(600, 300.0, 5.0), claimed=50.25)]
        write_results(self.results, answers)
        results = read_results(self.results)
        found = {(cost.total("training", "schedule").cycles, cost.total("training", "schedule").gbitops, cost.claims["training"],
                  cost.settings.get("array.windows")) for cost in results.costs}
        self.assertEqual(found, {(600, 5.0, 50.5, None), (700, 6.0, 40.5, None), (600, 7.0, 30.5, None), (600, 5.0, 50.25, 8)})
        for gap in results.gaps:
            self.assertEqual(len(gap.causes), 2)
            self.assertAlmostEqual(gap.claimed, gap.cost.claims["training"])
            self.assertAlmostEqual(gap.realised, savings_of(gap.cost)[0].cycles)

    def test_a_gap_adds_up(self):
        write_results(self.results)
        gap = read_results(self.results).gaps[0]
        self.assertAlmostEqual(gap.claimed, 48.5)
        self.assertEqual(gap.realised, 40.0)

    def test_scope_is_told_in_words(self):
        write_results(self.results)
        self.assertEqual(read_results(self.results).costs[0].scope, {"iterations": "iterations 0:4", "passes": "forward"})

    def test_damage_is_named(self):
        damages = {
            "UPDATE replay SET cycles=NULL": "'cycles' is NULL; expected a number",
            "UPDATE replay SET time_s=NULL": "'time_s' is NULL; expected a number",
            "UPDATE replay SET gbitops='many'": "'gbitops' is 'many'; expected a number",
            "UPDATE replay SET energy_dram_pj='x'": "'energy_dram_pj' is 'x'; expected a number",
            "UPDATE replay SET energy_pj=9e999": "'energy_pj' is inf; expected a number",
            "UPDATE saving SET claimed_saving_percent='x'": "'claimed_saving_percent' is 'x'; expected a number",
            "UPDATE gap SET share_points=NULL": "'share_points' is NULL; expected a number",
            "UPDATE point SET config='[1]'": "the configuration of a point is no object with values",
            "DROP TABLE gap": "no such table: gap",
        }
        for statement, what in damages.items():
            with self.subTest(statement):
                write_results(self.results)
                change(self.results, statement)
                with self.assertRaises(InputError) as raised:
                    read_results(self.results)
                self.assertEqual(str(raised.exception), f"{self.results}: error: damaged: {what}; write it again with ldpsim replay -o")
                self.assertEqual(raised.exception.code, 3)
                os.unlink(self.results)


class OlderFiles(WithFolder):
    def test_they_have_to_be_written_again(self):
        write_results(self.results)
        change(self.results, "UPDATE point SET config='{\"values\": {}}'")
        with self.assertRaises(InputError) as raised:
            read_results(self.results)
        self.assertEqual(str(raised.exception), f"{self.results}: error: an older ldpsim wrote it, without what belongs together; "
                         "write it again with ldpsim replay -o")


if __name__ == "__main__":
    unittest.main()
