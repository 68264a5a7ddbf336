# SPDX-License-Identifier: Apache-2.0
"""What figures show."""

import unittest

import numpy as np
from samples import Answer, WithFolder, write_results, write_trace

from ldpsim_report import figures, model, style
from ldpsim_report.material import Material
from ldpsim_report.traces import read_trace


def texts_of(legend):
    return [text.get_text() for text in legend.get_texts()]


class Figures(WithFolder):
    def run_of(self, name, *arguments, **options):
        write_trace(self.path(name), *arguments, **options)
        return read_trace(self.path(name), name)

    def test_long_runs_are_thinned_and_averages_skip_what_is_missing(self):
        self.assertEqual(len(figures.thinned(64000)), figures.LONGEST_HEAT_MAP)
        self.assertEqual(figures.thinned(64000)[-1], 63999)
        np.testing.assert_allclose(figures.moving_average([1, np.nan, 3, 5], 2), [1, 1, 3, 4])

    def test_units_are_scaled(self):
        self.assertEqual(style.scaled([2.5e9], "J"), (1e9, "GJ"))

    def test_a_static_run_is_recognised(self):
        total = model.Total(batch=1, gbitops=1.0, cycles=5, seconds=1.0, causes={}, energy={})
        self.assertTrue(model.Cost("question", "s", "m", "free", {("training", "schedule", 1): total, ("training", "static", 1): total}).is_static())

    def test_every_run_is_drawn_and_looks_different(self):
        runs = [self.run_of(f"run{i}", [3, 4]) for i in range(10)]
        left, right = figures.training_curves(runs).axes[:2]
        self.assertEqual(texts_of(left.get_legend()), [run.label for run in runs])
        for axes in (left, right):
            looks = {(line.get_color(), line.get_linestyle()) for line in axes.get_lines()}
            self.assertEqual((len(axes.get_lines()), len(looks)), (10, 10))

    def test_a_name_may_begin_with_an_underscore(self):
        for axes in figures.training_curves([self.run_of("_x", [3, 4])]).axes:
            self.assertIn("_x", texts_of(axes.get_legend())[0])

    def test_each_run_is_judged_by_its_metric(self):
        runs = [self.run_of("lm", [3, 4], metrics=[("test", "loss", 7.0), ("test", "perplexity", 1100.0)]),
                self.run_of("sr", [3, 4], metrics=[("test", "psnr_y", 26.5)]), self.run_of("cnn", [3, 4])]
        axes = figures.training_curves(runs).axes
        self.assertEqual([each.get_ylabel() for each in axes], ["training loss (moving average)", "accuracy (%)", "PSNR (dB)", "perplexity"])
        self.assertEqual([each.get_lines()[0].get_ydata().tolist() for each in axes[1:]], [[75.0], [26.5], [1100.0]])
        self.assertEqual(texts_of(axes[3].get_legend()), ["lm, test"])

    def test_what_lacks_is_named(self):
        def text_of(metrics):
            run = self.run_of(f"{len(metrics)}", [3, 4], metrics=metrics)
            return figures.training_curves([run]).axes[1].texts[0].get_text()

        self.assertEqual(text_of([]), "no evaluation in the trace")
        self.assertEqual(text_of([("test", "loss", 1.0)]), "no evaluation of accuracy, PSNR, perplexity")

    def test_operands_of_different_bits_have_a_map_each(self):
        def labels(*bits):
            return [axes.get_ylabel() for axes in figures.precision_heat_map(self.run_of(str(bits), *bits)).axes if "bits" in axes.get_ylabel()]

        self.assertEqual(labels([3, 4]), ["bits of weights and activations"])
        self.assertEqual(labels([8, 8], [3, 4]), ["bits of weights", "bits of activations"])

    def test_colours_reach_over_the_bits_of_an_import(self):
        figure = figures.precision_heat_map(self.run_of("x", [3, 8], meta={"weight_bits_min": None}))
        bar = next(axes for axes in figure.axes if axes.get_ylabel().startswith("bits"))
        self.assertEqual(bar.get_yticks().tolist(), [3, 4, 5, 6, 7, 8])

    def test_dollar_signs_are_no_mathematics(self):
        figure = figures.training_curves([self.run_of(r"a$\frac$b$", [3, 4])])
        self.assertIn("<svg", style.svg(figure, "training"))

    def test_runs_of_different_work_have_a_static_bar_each(self):
        write_results(self.results, [Answer(iterations=2), Answer(iterations=4, ours=(700, 320.0, 6.0), static=(2000, 800.0, 20.0))])
        labels = [tick.get_text() for tick in figures.cycle_stack(Material([self.results]).costs).axes[0].get_yticklabels()]
        self.assertEqual(sorted(labels), sorted(f"ldp (iterations 0:{i}){kind}" for i in (2, 4) for kind in ("", ", static")))

    def test_inference_shows_each_run_once_however_it_is_rescaled(self):
        write_results(self.results, [Answer(rescale="free"), Answer(rescale="per_group", ours=(650, 310.0, 5.0)),
                                     Answer(rescale="per_group", iterations=2, ours=(700, 320.0, 6.0))])
        axes = figures.cycle_stack(Material([self.results]).costs).axes[1]
        self.assertEqual(sorted(tick.get_text() for tick in axes.get_yticklabels()), ["ldp (iterations 0:2)", "ldp (iterations 0:4)", "static"])

    def test_long_names_under_bars_are_slanted(self):
        def angles(*answers):
            write_results(self.path(f"{len(answers)}.results"), answers)
            axes = figures.claimed_against_realised(Material([self.path(f"{len(answers)}.results")]).savings).axes[0]
            return {label.get_rotation() for label in axes.get_xticklabels()}

        self.assertEqual(angles(Answer()), {0.0})
        self.assertEqual(angles(*(Answer(settings={"array.windows": 2**i}, ours=(600 + i, 300.0, 5.0)) for i in range(4))), {40.0})


if __name__ == "__main__":
    unittest.main()
