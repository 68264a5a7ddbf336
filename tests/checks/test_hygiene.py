# SPDX-License-Identifier: Apache-2.0
"""What no tracked file may be or hold."""

import re
import unittest

from repository import ROOT, cxx_files, tracked_files

LARGEST_BYTES = 2 * 1024 * 1024
LARGEST_TOTAL_BYTES = 8 * 1024 * 1024
LONGEST_SOURCE = 550  # lines
BINARY = {".trace", ".png", ".gz", ".pt", ".zst"}
GENERATED = {".o", ".a", ".so", ".pyc", ".results", ".ckpt", ".orig", ".rej", ".log"}
LEFT_BEHIND = re.compile(r"\b(TODO|FIXME|XXX)\b|^(<{7}|>{7}) |/home/\w+/|/Users/\w+/", re.MULTILINE)


def text_of(name):
    return None if name.suffix in BINARY else (ROOT / name).read_bytes().decode("utf-8")


class Hygiene(unittest.TestCase):
    files = tracked_files()

    def test_files_are_no_bigger_than_needed(self):
        sizes = {str(name): (ROOT / name).stat().st_size for name in self.files}
        self.assertEqual([name for name, size in sizes.items() if size > LARGEST_BYTES], [])
        self.assertLess(sum(sizes.values()), LARGEST_TOTAL_BYTES)

    def test_nothing_generated_is_tracked(self):
        self.assertEqual([str(name) for name in self.files if name.suffix in GENERATED], [])

    def test_texts_are_clean(self):
        wrong = []
        for name in self.files:
            text = text_of(name)
            if text is None:
                continue
            if "\r" in text and name.suffix != ".csv":
                wrong.append(f"{name}: carriage return")
            if text and not text.endswith("\n"):
                wrong.append(f"{name}: no newline at the end")
            if re.search(r"[ \t]+$", text, re.MULTILINE) and name.suffix not in (".md", ".txt", ".csv"):
                wrong.append(f"{name}: blanks at the end of a line")
            found = None if name.parts[:2] == ("tests", "checks") else LEFT_BEHIND.search(text)
            if found:
                wrong.append(f"{name}: left behind: {found.group(0)}")
        self.assertEqual(wrong, [])

    def test_sources_name_their_licence_and_stay_short(self):
        wrong = []
        for name in cxx_files():
            lines = text_of(name).splitlines()
            if not lines or lines[0] != "// SPDX-License-Identifier: Apache-2.0":
                wrong.append(f"{name}: the first line must be the SPDX licence identifier")
            if len(lines) > LONGEST_SOURCE:
                wrong.append(f"{name}: {len(lines)} lines")
            if name.suffix == ".hpp" and "#pragma once" not in lines:
                wrong.append(f"{name}: no #pragma once")
        self.assertEqual(wrong, [])

    def test_scripts_are_executable(self):
        for name in self.files:
            if (ROOT / name).read_bytes()[:2] == b"#!":
                self.assertTrue((ROOT / name).stat().st_mode & 0o111, f"{name} has a shebang but cannot be executed")


if __name__ == "__main__":
    unittest.main()
