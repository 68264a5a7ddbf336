# SPDX-License-Identifier: Apache-2.0
"""What the checks need of the repository: its tracked files."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {".git", "build", "runs", "__pycache__"}


def tracked_files():
    """Paths relative to the root. Outside of git (an unpacked archive): whatever is there but build trees."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listing.returncode == 0 and listing.stdout:
        names = [Path(name) for name in listing.stdout.decode().split("\0") if name]
    else:
        names = [path.relative_to(ROOT) for path in ROOT.rglob("*")]
    return sorted(
        name for name in names
        if (ROOT / name).is_file() and not any(part in GENERATED or part.startswith("build-") for part in name.parts)
    )


def cxx_files():
    return [name for name in tracked_files() if name.suffix in (".cpp", ".hpp")]
