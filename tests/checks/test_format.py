# SPDX-License-Identifier: Apache-2.0
"""Every C++ file is as clang-format leaves it. To mend: git ls-files '*.cpp' '*.hpp' | xargs clang-format -i"""

import shutil
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor

from repository import ROOT, cxx_files


@unittest.skipUnless(shutil.which("clang-format"), "clang-format is not installed")
class Format(unittest.TestCase):
    def test_clang_format_changes_nothing(self):
        def changed(name):
            return subprocess.run(["clang-format", "--dry-run", "-Werror", str(name)], cwd=ROOT, capture_output=True, check=False).returncode

        files = cxx_files()
        with ThreadPoolExecutor(2) as pool:
            codes = list(pool.map(changed, files))
        self.assertEqual([str(name) for name, code in zip(files, codes) if code], [], "run clang-format -i on these")


if __name__ == "__main__":
    unittest.main()
