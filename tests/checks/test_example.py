# SPDX-License-Identifier: Apache-2.0
"""The code that sim/README.md quotes stands word for word in the file named above each block, so that it is what the tests compile."""

import re
import unittest

from repository import ROOT

QUOTE = re.compile(r"^<!-- (\S+) -->\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Example(unittest.TestCase):
    text = (ROOT / "sim/README.md").read_text(encoding="utf-8")

    def test_quoted_code_is_that_of_the_files(self):
        quotes = QUOTE.findall(self.text)
        self.assertGreater(len(quotes), 5)
        missing = [f"{name}: {code}" for name, code in quotes if code not in (ROOT / name).read_text(encoding="utf-8")]
        self.assertEqual(missing, [])

    def test_every_block_of_code_is_a_quote(self):
        self.assertEqual(len(re.findall(r"^```\w+$", self.text, re.MULTILINE)), len(QUOTE.findall(self.text)))


if __name__ == "__main__":
    unittest.main()
