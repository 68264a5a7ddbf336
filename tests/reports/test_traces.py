# SPDX-License-Identifier: Apache-2.0
"""What is read of traces, and how damage is told."""

import os
import signal
import sqlite3
import subprocess
import sys
import unittest

import numpy as np
from samples import WithFolder, change, write_trace

from ldpsim_report.inputs import InputError
from ldpsim_report.traces import read_trace

# Leaves a transaction half way in the file, with the journal that undoes it.
KILLED_WRITER = """
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_size=2")
database.execute("BEGIN IMMEDIATE")
database.execute("DELETE FROM iteration")
database.execute("CREATE TABLE junk(x)")
for _ in range(1000):
    database.execute("INSERT INTO junk VALUES(?)", ("x" * 200,))
os.kill(os.getpid(), signal.SIGKILL)
"""


class Traces(WithFolder):
    def test_cost_ratio_is_the_ledgers(self):
        write_trace(self.trace, [4, 8])
        run = read_trace(self.trace, "ldp")
        self.assertEqual(run.macs.tolist(), [3 * 16 * 9 * 32 * 32, 160])
        conv, fc = run.macs
        expected = (conv * (16 + 32 + 32) + fc * 192) / (192 * (conv + fc))
        np.testing.assert_allclose(run.cost_ratio, [expected, 1.0], rtol=1e-12)
        self.assertEqual(run.budget, 0.6)

    def test_damage_is_named(self):
        damages = {
            "UPDATE layer SET stride=0 WHERE id=0": "layer 'conv1': stride is 0; expected a positive whole number",
            "UPDATE layer SET groups=0 WHERE id=0": "layer 'conv1': groups is 0; expected a positive whole number",
            "UPDATE layer SET in_height='x' WHERE id=0": "layer 'conv1': in_height is 'x'; expected a positive whole number",
            "UPDATE layer SET in_height=1, padding=0 WHERE id=0": "layer 'conv1' has no output",
            "UPDATE iteration SET loss='low'": "loss is 'low'; expected a number",
            "UPDATE evaluation SET value='x'": "value is 'x'; expected a number",
            "UPDATE iteration SET weight_bits='ab'": "an iteration has weight bits for another number of layers",
            "UPDATE iteration SET activation_bits=x'11'": "an iteration has activation bits for another number of layers",
            "UPDATE iteration SET gradient_bits=x'1100'": "gradient bits are 17; allowed: 0 (float) to 16",
            "UPDATE meta SET value='x' WHERE key='static_bits'": "'static_bits' in its table 'meta' is 'x'; allowed: 1 to 16",
            "UPDATE meta SET value='0' WHERE key='static_bits'": "'static_bits' in its table 'meta' is '0'; allowed: 1 to 16",
            "DELETE FROM meta WHERE key='static_bits'": "its table 'meta' has no 'static_bits'",
            "UPDATE meta SET value='x' WHERE key='weight_bits_min'": "'weight_bits_min' in its table 'meta' is 'x'; allowed: 1 to 16",
            "UPDATE meta SET value='x' WHERE key='budget'": "'budget' in its table 'meta' is 'x'; expected a number",
            "DELETE FROM layer": "table 'layer' is empty",
            "DROP TABLE layer": "no such table: layer",
        }
        for statement, what in damages.items():
            with self.subTest(statement):
                write_trace(self.trace, [3, 4])
                change(self.trace, statement)
                with self.assertRaises(InputError) as raised:
                    read_trace(self.trace, "ldp")
                self.assertEqual(str(raised.exception), f"{self.trace}: error: damaged: {what}; ldpsim trace validate names the place")
                self.assertEqual(raised.exception.code, 3)
                os.unlink(self.trace)

    def test_what_a_killed_writer_left_is_rolled_back(self):
        write_trace(self.trace, [3, 4, 5])
        self.assertEqual(subprocess.run([sys.executable, "-c", KILLED_WRITER, self.trace], check=False).returncode, -signal.SIGKILL)
        self.assertGreater(os.path.getsize(self.trace + "-journal"), 512)
        self.assertEqual(len(read_trace(self.trace, "ldp").iterations), 3)

    def test_names_are_taken_literally_and_reading_makes_no_files(self):
        names = ["a?b.trace", "a%20b.trace", "a#b.trace", "mode=memory&x.trace", os.fsdecode(b"a\xff.trace")]
        for name in names:
            write_trace(self.path("plain"), [3, 4])
            os.rename(self.path("plain"), self.path(name))
            self.assertEqual(len(read_trace(self.path(name), "x").iterations), 2)
        self.assertEqual(sorted(os.listdir(self.folder)), sorted(names))

    def test_reading_does_not_change_a_trace(self):
        write_trace(self.trace, [3, 4])
        os.chmod(self.trace, 0o444)
        before = os.stat(self.trace).st_mtime_ns
        read_trace(self.trace, "ldp")
        self.assertEqual(os.stat(self.trace).st_mtime_ns, before)

    def test_a_run_knows_what_of_it_is_float_and_what_is_learned(self):
        def run(bits, activation_bits=None, **options):
            write_trace(self.trace, bits, activation_bits, **options)
            read = read_trace(self.trace, "x")
            os.unlink(self.trace)
            return read

        self.assertEqual((run([8, 8]).learns, run([3, 4]).learns, run([8, 8], [3, 4]).learns), (False, True, True))
        self.assertEqual((run([0, 0]).is_float, run([0, 0], [4, 4]).is_float), (True, False))
        self.assertEqual([operands for operands, _ in run([8, 8], [3, 4]).bit_maps()], ["weights", "activations"])
        self.assertEqual([operands for operands, _ in run([3, 4]).bit_maps()], ["weights and activations"])
        self.assertEqual((run([3, 4]).bounds, run([0, 0]).bounds, run([3, 8], meta={"weight_bits_min": None}).bounds), ((3, 8), None, None))

    def test_a_trace_without_quantised_layers_is_float(self):
        write_trace(self.trace, [8, 8])
        with sqlite3.connect(self.trace) as database:
            database.execute("UPDATE layer SET quantised=0")
        self.assertTrue(read_trace(self.trace, "x").is_float)


if __name__ == "__main__":
    unittest.main()
