# SPDX-License-Identifier: Apache-2.0
"""The program as a shell runs it."""

import os
import signal
import subprocess
import unittest
from unittest import mock

from samples import ROOT, WithFolder, write_results

from ldpsim_report import program, report

PROGRAM = str(ROOT / "reports/ldpsim-report")


class Program(WithFolder):
    def setUp(self):
        super().setUp()
        write_results(self.results)
        self.addCleanup(signal.signal, signal.SIGPIPE, signal.getsignal(signal.SIGPIPE))

    def run_program(self, stdout):
        done = subprocess.run([PROGRAM, "-q", self.results, "-o", self.page], stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
        return done.returncode, done.stderr

    def test_the_summary_is_printed(self):
        done = subprocess.run([PROGRAM, "-q", self.results, "-o", self.page], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("stripes", done.stdout)

    def test_a_closed_pipe_ends_it_quietly(self):
        reader, writer = os.pipe()
        os.close(reader)
        self.assertEqual(self.run_program(writer), (-signal.SIGPIPE, ""))
        os.close(writer)
        self.assertTrue(os.path.isfile(self.page))

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full")
    def test_a_full_disk_is_one_line(self):
        with open("/dev/full", "wb") as full:
            self.assertEqual(self.run_program(full),
                             (3, "standard output: error: cannot be written: No space left on device; is the disk full?\n"))
            self.assertEqual(subprocess.run([PROGRAM, "--help"], stdout=full, stderr=subprocess.DEVNULL, check=False).returncode, 3)

    def test_an_interrupt_is_no_error_to_explain(self):
        with mock.patch.object(report, "main", side_effect=KeyboardInterrupt):
            self.assertEqual(program.run("ldpsim report", "report"), 130)


if __name__ == "__main__":
    unittest.main()
