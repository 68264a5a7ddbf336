# SPDX-License-Identifier: Apache-2.0
"""How what has the same name is told apart."""

import os
import unittest

from samples import Answer, WithFolder, write_results, write_trace

from ldpsim_report.inputs import InputError
from ldpsim_report.material import Material, label_runs

OTHER_WORK = (700, 320.0, 6.0)


class Names(WithFolder):
    def names(self, *files):
        return sorted((cost.run, cost.machine) for cost in Material(files).costs)

    def names_of(self, *answers):
        write_results(self.results, answers)
        return self.names(self.results)

    def test_nothing_is_said_where_names_differ(self):
        self.assertEqual(self.names_of(Answer(arch="stripes", settings={"array.windows": 16}), Answer(arch="bitfusion", settings={"array.rows": 8})),
                         [("ldp", "bitfusion"), ("ldp", "stripes")])

    def test_machines_of_the_same_name_have_their_settings(self):
        self.assertEqual(self.names_of(Answer(settings={"array.windows": 16, "array.lanes": 16}),
                                       Answer(settings={"array.windows": 8, "array.lanes": 16}, ours=(650, 310.0, 5.0))),
                         [("ldp", "stripes (array.windows=16)"), ("ldp", "stripes (array.windows=8)")])

    def test_many_settings_are_cut_short_and_numbered(self):
        one, other = ({f"key{i}": i + extra for i in range(5)} for extra in (0, 10))
        self.assertEqual(self.names_of(Answer(settings=one), Answer(settings=other)),
                         [("ldp", "stripes (key0=0, key1=1, key2=2, …)"), ("ldp", "stripes (key0=10, key1=11, key2=12, …)")])

    def test_parts_of_a_run_have_their_length_or_a_number(self):
        self.assertEqual(self.names_of(Answer(iterations=2), Answer(iterations=4, ours=OTHER_WORK)),
                         [("ldp (iterations 0:2)", "stripes"), ("ldp (iterations 0:4)", "stripes")])
        os.unlink(self.results)
        self.assertEqual(self.names_of(Answer(), Answer(ours=OTHER_WORK)), [("ldp (no. 1)", "stripes"), ("ldp (no. 2)", "stripes")])

    def test_a_part_of_a_run_has_the_same_name_on_all_machines(self):
        parts = [Answer(arch=arch, ours=(cycles, 300.0, gbitops), ordinal=ordinal)
                 for ordinal, arch in enumerate(("stripes", "bitfusion", "loom")) for cycles, gbitops in ((600, 5.0), (700, 6.0))]
        write_results(self.results, parts)
        names = {(cost.total("training", "schedule").gbitops, cost.run) for cost in Material([self.results]).costs}
        self.assertEqual(len(names), 2)

    def test_other_figures_for_the_same_work_are_numbered(self):
        self.assertEqual(self.names_of(Answer(), Answer(ours=(650, 300.0, 5.0))), [("ldp (no. 1)", "stripes"), ("ldp (no. 2)", "stripes")])

    def test_runs_of_several_files_have_the_names_of_their_files_and_their_own_claims(self):
        for folder, answer in (("A", Answer(claimed=50.5)), ("B", Answer(ours=OTHER_WORK, claimed=40.5))):
            os.mkdir(self.path(folder))
            write_results(self.path(folder, "ldp.results"), [answer])
            write_trace(self.path(folder, "ldp.trace"), [3, 4])
        files = [self.path(folder, name) for folder in "AB" for name in ("ldp.trace", "ldp.results")]
        material = Material(files)
        labels = [self.path("A", "ldp"), self.path("B", "ldp")]
        self.assertEqual([run.label for run in material.runs], labels)
        self.assertEqual([(cost.run, cost.claims["training"]) for cost in material.costs], list(zip(labels, (50.5, 40.5))))
        self.assertEqual([s.claimed for s in material.savings if s.phase == "training"], [50.5, 40.5])
        os.rename(self.path("B", "ldp.results"), self.path("b.results"))
        self.assertEqual(self.names(self.path("A", "ldp.results"), self.path("b.results")), [("ldp", "stripes"), ("ldp (b)", "stripes")])

    def test_rows_of_a_run_stand_together(self):
        answers = [Answer(iterations=iterations, rescale=rescale, ours=ours, ordinal=ordinal)
                   for iterations, ours in ((2, OTHER_WORK), (4, (600, 300.0, 5.0))) for ordinal, rescale in enumerate(("free", "per_group"))]
        write_results(self.results, answers)
        runs = [cost.run for cost in Material([self.results]).costs]
        self.assertEqual(runs, sorted(runs, key=runs.index))
        self.assertEqual(runs[0], runs[1])
        self.assertEqual(runs[2], runs[3])

    def test_the_same_answer_in_two_files_is_one(self):
        other = self.path("other.results")
        for file in (self.results, other):
            write_results(file)
        material = Material([self.results, other, self.results])
        self.assertEqual([(cost.run, cost.machine) for cost in material.costs], [("ldp", "stripes"), ("ldp", "bitfusion")])
        self.assertEqual(len(material.gaps), 2)

    def test_a_static_run_has_no_gap(self):
        write_results(self.results, [Answer(ours=(1000, 400.0, 10.0), claimed=0.0)])
        self.assertEqual((Material([self.results]).gaps, Material([self.results]).savings), ([], []))

    def test_labels_are_text_whatever_the_file_is_called(self):
        self.assertEqual(list(label_runs([os.fsdecode(b"a\xff.trace")]).values()), ["a\ufffd"])

    def test_a_file_without_replays_is_refused(self):
        write_results(self.results, [])
        write_trace(self.trace, [3, 4])
        with self.assertRaisesRegex(InputError, "ldp.results: error: holds no replay; write one with ldpsim replay") as raised:
            Material([self.trace, self.results])
        self.assertEqual(raised.exception.code, 2)


if __name__ == "__main__":
    unittest.main()
