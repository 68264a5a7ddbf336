# SPDX-License-Identifier: Apache-2.0
"""Reads what results files hold of replays."""

import json
import math
import sqlite3
from dataclasses import dataclass

from .inputs import Outdated, reading
from .model import Cost, Gap, Total

PASSES = ("forward", "backward_data", "backward_weight")
BESIDE_PASSES = ("update", "vector", "step")  # rows that stand beside the three passes


@dataclass
class Results:
    """What a results file holds of replays."""

    costs: list  # of Cost
    notes: list  # texts, in order
    gaps: list  # of Gap


@dataclass
class Point:
    """One answer to a question: its costs, what it saves or why; of these there may be several of different detail."""

    question: str
    settings: dict  # of the machine
    iterations: list  # of the run: the first and one past the last, or nothing if it has none
    rows: list

    @property
    def name(self):
        return self.rows[0]["run"], self.rows[0]["arch"], self.rows[0]["rescale"]


def _number(row, column, missing=None):
    """A cell that must hold a number; `missing` is what NULL stands for, if it may be there."""
    value = missing if row[column] is None else row[column]
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"'{column}' is {'NULL' if value is None else repr(value)}; expected a number")
    return value


def _point(row):
    """Without its rows. How the machine rescales is told beside its settings."""
    document = json.loads(row["config"])
    if not isinstance(document, dict) or not isinstance(document.get("values"), dict):
        raise ValueError("the configuration of a point is no object with values")
    if not isinstance(document.get("question"), str):
        raise Outdated("an older ldpsim wrote it, without what belongs together")
    settings = {key: value for key, value in document["values"].items() if key != "rescale"}
    return Point(document["question"], settings, document.get("iterations", []), [])


def _points(connection, kind):
    """Points of a kind in the order of the plan, one of each question."""
    points = {}
    rows = connection.execute(f"SELECT {kind}.*, point.config FROM {kind} JOIN point ON point.key = {kind}.point"
                              " ORDER BY point.ordinal, point.label, point.key, row")
    for row in rows:
        if row["point"] not in points:
            points[row["point"]] = _point(row)
        points[row["point"]].rows.append(row)
    return list({point.question: point for point in reversed(points.values())}.values())[::-1]


def _energy_components(columns):
    """Component -> column, for columns energy_<component>_pj."""
    return {c[len("energy_"):-len("_pj")]: c for c in columns if c.startswith("energy_") and c.endswith("_pj") and c != "energy_pj"}


def _total(row, columns):
    causes = {c: _number(row, c, 0) for c in columns if c.endswith("_cycles") and c != "bound_cycles"}
    energy = {name: _number(row, c, 0.0) for name, c in _energy_components(columns).items()}
    if sum(energy.values()) > _number(row, "energy_pj") * (1 + 1e-9):  # leakage is listed, but this machine does not count it
        energy.pop("leakage", None)
    return Total(batch=_number(row, "batch"), gbitops=_number(row, "gbitops"), cycles=_number(row, "cycles"), seconds=_number(row, "time_s"),
                 causes=causes, energy=energy)


def _scope(point):
    """What of a run was replayed, in words."""
    scope = {"iterations": "iterations {}:{}".format(*point.iterations)} if point.iterations else {}
    training = [row["pass"] for row in point.rows if row["phase"] == "training"]
    passes = [name.replace("_", " ") for name in PASSES if name in training]
    return scope | ({"passes": "all passes" if len(passes) == len(PASSES) else " and ".join(passes)} if passes else {})


def _read_costs(connection):
    """Question -> Cost."""
    columns = [row[0] for row in connection.execute("SELECT name FROM result_column WHERE kind='replay' ORDER BY position")]
    costs = {}
    for point in _points(connection, "replay"):
        totals = {(row["phase"], row["precision"], row["batch"]): _total(row, columns)
                  for row in point.rows if row["layer"] == "total" and row["pass"] not in BESIDE_PASSES}
        costs[point.question] = Cost(point.question, *point.name, totals, settings=point.settings, scope=_scope(point))
    return costs


def _read_claims(connection, costs):
    """Adds claimed savings to the costs; of inference those of the first row, which has the batch of the run."""
    for point in _points(connection, "saving"):
        for row in point.rows:
            if row["claimed_saving_percent"] is not None:
                costs[point.question].claims.setdefault(row["phase"], _number(row, "claimed_saving_percent"))


def _gaps(point, cost):
    grouped = {}
    for row in point.rows:
        causes = grouped.setdefault((row["phase"], row["metric"]), [])
        causes.append((str(row["cause"]), _number(row, "share_points"), row["why"], _number(row, "saving_after_percent")))
    return [Gap(cost, *key, causes=[cause[:3] for cause in causes], realised=causes[-1][3]) for key, causes in grouped.items()]


def read_results(file):
    with reading(file, "write it again with ldpsim replay -o") as connection:
        connection.row_factory = sqlite3.Row
        kinds = {row[0] for row in connection.execute("SELECT DISTINCT kind FROM result")}
        notes = [row[0] for row in connection.execute(
            "SELECT note.text FROM note JOIN point USING (key) GROUP BY note.text ORDER BY min(point.ordinal), min(note.position)")]
        costs = _read_costs(connection) if "replay" in kinds else {}
        if "saving" in kinds:
            _read_claims(connection, costs)
        gaps = [gap for point in _points(connection, "gap") for gap in _gaps(point, costs[point.question])] if "gap" in kinds else []
    return Results(list(costs.values()), notes, gaps)
