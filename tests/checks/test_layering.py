# SPDX-License-Identifier: Apache-2.0
"""No include runs the wrong way: core <- workload, trace, arch, ... <- mapping, datapath, energy <- model <- replay <- sweep, validate <- cli."""

import re
import unittest

from repository import ROOT, cxx_files

# A room may include rooms of lower tiers and, within its tier, those that sim/CMakeLists.txt declares for it.
TIERS = [
    ["core"],
    ["workload", "trace", "ledger", "results", "arch"],
    ["mapping", "datapath", "energy"],
    ["model"],
    ["replay"],
    ["sweep", "validate", "reproduce"],
    ["cli"],
]
FRONTEND_MAY_USE = {"core", "workload", "trace"}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def tier(room):
    return next(i for i, rooms in enumerate(TIERS) if room in rooms)


def declared_rooms(text):
    """room -> rooms that it may use, directly or through others, as sim/CMakeLists.txt declares them."""
    direct = {}
    for name, arguments in re.findall(r"ldpsim_room\((\w+)\s*([^)]*)\)", text):
        rooms = re.search(r"ROOMS\s+([a-z_\s]+)", arguments)
        direct[name] = set(rooms.group(1).split()) if rooms else set()
    closed = {}

    def close(room):
        if room not in closed:
            closed[room] = set(direct[room])
            for used in direct[room]:
                closed[room] |= close(used)
        return closed[room]

    for room in direct:
        close(room)
    return closed


def wrong_includes(name, text, rooms):
    """Includes of the file `name` ("sim/ROOM/x.cpp", "frontend/...") that run the wrong way."""
    parts = name.split("/")
    wrong = []
    for include in INCLUDE.findall(text):
        target = include.split("/")
        if parts[0] == "frontend":
            allowed = target[0] == "frontend" or (target[0] == "sim" and target[1] in FRONTEND_MAY_USE)
        elif len(parts) == 2:  # sim/main.cpp
            allowed = target[:2] == ["sim", "cli"]
        else:
            allowed = target[0] == "sim" and len(target) > 2 and (target[1] == parts[1] or target[1] in rooms[parts[1]])
        if not allowed:
            wrong.append(f"{name} includes {include}")
    return wrong


class Layering(unittest.TestCase):
    rooms = declared_rooms((ROOT / "sim/CMakeLists.txt").read_text())

    def test_declared_rooms_point_downwards(self):
        for room, used in self.rooms.items():
            for other in used:
                self.assertLessEqual(tier(other), tier(room), f"{room} must not use {other}")

    def test_no_include_runs_the_wrong_way(self):
        wrong, seen = [], 0
        for name in cxx_files():
            if name.parts[0] in ("sim", "frontend"):
                seen += 1
                wrong += wrong_includes(str(name), (ROOT / name).read_text(), self.rooms)
        self.assertEqual(wrong, [])
        self.assertGreater(seen, 50)

    def test_a_wrong_include_is_found(self):
        self.assertEqual(len(wrong_includes("sim/core/x.cpp", '#include "sim/model/accelerator.hpp"\n', self.rooms)), 1)
        self.assertEqual(len(wrong_includes("frontend/cli/x.cpp", '#include "sim/arch/arch_spec.hpp"\n', self.rooms)), 1)
        self.assertEqual(wrong_includes("sim/model/x.cpp", '#include "sim/core/math.hpp"\n#include <vector>\n', self.rooms), [])


if __name__ == "__main__":
    unittest.main()
