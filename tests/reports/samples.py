# SPDX-License-Identifier: Apache-2.0
"""Traces and results files for the tests, written with sqlite3."""

import hashlib
import json
import os
import sqlite3
import sys
import tempfile
import unittest
from dataclasses import dataclass, field
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "reports"))

from ldpsim_report import style  # noqa: E402

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
CREATE TABLE saving(point, row, run, arch, rescale, phase, claimed_saving_percent, cycles_saving_percent, energy_saving_percent);
CREATE TABLE gap(point, row, run, arch, rescale, phase, metric, cause, share_points, saving_after_percent, why);
"""
COLUMNS = ["run", "arch", "rescale", "phase", "precision", "batch", "iterations", "layer", "pass", "gbitops", "cycles", "time_s", "bound_cycles",
           "compute_cycles", "dram_stall_cycles", "energy_pj", "energy_array_pj", "energy_dram_pj", "energy_leakage_pj"]
RESULTS_SCHEMA += f"CREATE TABLE replay(point, row, {', '.join(COLUMNS)});"


def write_trace(file, bits, activation_bits=None, meta=(), metrics=(("test", "accuracy", 0.75),)):
    """Two layers: a 3x3 convolution with 3*16*9*32*32 MACs and a float classifier with 160; `bits` of the first, an iteration each. Entries of
    `meta` replace the usual ones, None removes one. `metrics`: (split, metric, value) after the last iteration."""
    database = sqlite3.connect(file)
    database.executescript(TRACE_SCHEMA)
    meta = {"network": "tiny", "dataset": "fashion-mnist", "method": "ldp", "batch": "128", "static_bits": "8", "seed": "1", "weight_bits_min": "3",
            "weight_bits_max": "8", "budget": "0.6", **dict(meta)}
    database.executemany("INSERT INTO meta VALUES(?,?)", [(key, value) for key, value in meta.items() if value is not None])
    database.execute("INSERT INTO layer VALUES(0,'conv1','conv',3,16,32,32,3,3,1,1,1,1,1)")
    database.execute("INSERT INTO layer VALUES(1,'fc','linear',16,10,1,1,1,1,1,0,1,1,0)")
    for i, (b, a) in enumerate(zip(bits, activation_bits or bits)):
        database.execute("INSERT INTO iteration VALUES(?,0,?,0.1,?,?,?)", (i, 2.0 - 0.1 * i, bytes([b, 0]), bytes([a, 0]), bytes([8, 0])))
    database.executemany("INSERT INTO evaluation VALUES(?,?,?,?)", [(len(bits), *metric) for metric in metrics])
    database.commit()
    database.close()


@dataclass
class Answer:
    """What a results file holds of one question: cost of the run and of static precision, as (cycles, energy in pJ, GBitOPs)."""

    run: str = "ldp"
    arch: str = "stripes"
    rescale: str = "free"
    settings: dict = field(default_factory=dict)
    iterations: int = 4  # from the first on
    ours: tuple = (600, 300.0, 5.0)
    static: tuple = (1000, 400.0, 10.0)
    claimed: float = 48.5
    ordinal: int = 0  # place in its plan; questions of different commands have the same ones

    @property
    def savings(self):
        return [100 * (1 - ours / static) for ours, static in zip(self.ours, self.static)]


def insert(database, table, values):
    database.execute(f"INSERT INTO {table} VALUES({','.join('?' * len(values))})", values)


def write_point(database, kind, answer, rows):
    key, question = (hashlib.sha256(f"{text} {answer}".encode()).hexdigest() for text in (kind, ""))
    config = {"name": answer.arch, "values": answer.settings, "question": question, "iterations": [0, answer.iterations]}
    insert(database, "point", (key, kind, answer.ordinal, f"{answer.run} {answer.arch}", json.dumps(config)))
    insert(database, "result", (key, kind, len(rows)))
    for number, row in enumerate(rows):
        insert(database, kind, (key, number, *row))
    return key


def replay_rows(answer):
    rows = []
    for phase, iterations in (("training", answer.iterations), ("inference", 1)):
        for precision, (cycles, energy, gbitops) in (("schedule", answer.ours), ("static", answer.static)):
            rows.append((answer.run, answer.arch, answer.rescale, phase, precision, 128, iterations, "total", "all", gbitops, cycles, cycles / 5e8,
                         cycles - 5, cycles - 100, 100, energy, energy * 0.25, energy * 0.75, 50.0))
    # a row of a pass, and one beside the passes, which is not their total
    training = (answer.run, answer.arch, answer.rescale, "training", "schedule", 128, answer.iterations)
    rows.append((*training, "conv1", "forward", *[1.0] * 10))
    rows.append((*training, "total", "step", 5.0, 9000, 1.0, 9000, 9000, 0, 1.0, 0.5, 0.5, 0))
    return rows


def saving_rows(answer):
    cycles, energy, _ = answer.savings
    return [(answer.run, answer.arch, answer.rescale, "training", answer.claimed, cycles, energy)]


def gap_rows(answer):
    """What is gained at last makes cycles of whole steps what those of the passes are."""
    realised = answer.savings[0]
    causes = (("precision_law", answer.claimed - realised + 2.0, realised - 2.0), ("memory", -2.0, realised))
    return [(answer.run, answer.arch, answer.rescale, "training", "cycles", cause, share, after, f"why {cause}") for cause, share, after in causes]


def write_results(file, answers=(Answer(arch="stripes"), Answer(arch="bitfusion", ordinal=1))):
    database = sqlite3.connect(file)
    database.executescript(RESULTS_SCHEMA)
    database.executemany("INSERT INTO result_column VALUES('replay',?,?)", enumerate(COLUMNS))
    for answer in answers:
        key = write_point(database, "replay", answer, replay_rows(answer))
        insert(database, "note", (key, 0, f"{answer.arch} does not model: pooling <b>"))
        write_point(database, "saving", answer, saving_rows(answer))
        write_point(database, "gap", answer, gap_rows(answer))
    database.commit()
    database.close()


def change(file, statement):
    """Runs SQL on a file."""
    database = sqlite3.connect(file)
    database.execute(statement)
    database.commit()
    database.close()


class WithFolder(unittest.TestCase):
    """A test with a folder of its own and names in it."""

    def setUp(self):
        self.addCleanup(style.plt.close, "all")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.trace, self.results, self.page = (self.path(name) for name in ("ldp.trace", "ldp.results", "page.html"))

    def path(self, *names):
        return os.path.join(self.folder, *names)
