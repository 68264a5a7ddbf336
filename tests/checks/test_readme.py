# SPDX-License-Identifier: Apache-2.0
"""Runs the README's commands: every ```sh block, in order, in one scratch folder with the built programs on PATH.
usage: test_readme.py BIN_FOLDER. Exit code 77 (skipped) where the trainer was not built."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from repository import ROOT

# These set up and build what this test already runs in; the built programs stand in for them.
ALREADY_DONE = {"scripts/demo": "ldpsim --version", "scripts/test": "ldpsim --version", "scripts/setup": "ldpsim --version"}
DATA = ["arch_configs", "networks", "traces"]


def blocks(text):
    return re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def runnable(block):
    return "\n".join(ALREADY_DONE.get(line.split("#")[0].strip(), line) for line in block.splitlines())


def main():
    programs = Path(sys.argv[1])
    if not (programs / "ldptrain").exists():
        print("skipped: this build has no trainer")
        return 77
    found = blocks((ROOT / "README.md").read_text(encoding="utf-8"))
    if len(found) < 5:
        print(f"README.md has only {len(found)} blocks of commands")
        return 1
    environment = dict(os.environ, PATH=f"{programs}:{os.environ['PATH']}")
    with tempfile.TemporaryDirectory() as folder:
        for name in DATA:
            os.symlink(ROOT / name, Path(folder) / name)
        for block in found:
            print(f"--- {block}", flush=True)
            if subprocess.run(["bash", "-euo", "pipefail", "-c", runnable(block)], cwd=folder, env=environment, check=False).returncode != 0:
                print("this block of README.md failed")
                return 1
    return 0


sys.exit(main())
