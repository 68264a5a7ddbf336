# SPDX-License-Identifier: Apache-2.0
"""Reads what results files hold of replays."""

import json
import math
import sqlite3
from dataclasses import dataclass

from .inputs import reading
from .model import Cost, Gap, Total, savings_of

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
    """A question and the rows of its answer. Several may have the same run, machine and way of rescaling."""

    settings: dict  # of the machine
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


def _settings(config):
    """Settings of the machine out of a point's configuration; how it rescales is told beside them."""
    document = json.loads(config)
    settings = document.get("values", {}) if isinstance(document, dict) else None
    if not isinstance(settings, dict):
        raise ValueError("the configuration of a point is no object")
    return {key: value for key, value in settings.items() if key != "rescale"}


def _points(connection, kind):
    """Points of a kind in the order of the plan."""
    points = {}
    rows = connection.execute(f"SELECT {kind}.*, point.config FROM {kind} JOIN point ON point.key = {kind}.point"
                              " ORDER BY point.ordinal, point.label, point.key, row")
    for row in rows:
        if row["point"] not in points:
            points[row["point"]] = Point(_settings(row["config"]), [])
        points[row["point"]].rows.append(row)
    return list(points.values())


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


def _scope(rows):
    """What of a run was replayed, in words."""
    training = [row for row in rows if row["phase"] == "training"]
    scope = {"iterations": f"{row['iterations']} iterations" for row in training if row["layer"] == "total" and "iterations" in row.keys()}
    passes = [name.replace("_", " ") for name in PASSES if any(row["pass"] == name for row in training)]
    return scope | ({"passes": "all passes" if len(passes) == len(PASSES) else " and ".join(passes)} if passes else {})


def _read_costs(connection):
    columns = [row[0] for row in connection.execute("SELECT name FROM result_column WHERE kind='replay' ORDER BY position")]
    costs = []
    for point in _points(connection, "replay"):
        totals = {(row["phase"], row["precision"], row["batch"]): _total(row, columns)
                  for row in point.rows if row["layer"] == "total" and row["pass"] not in BESIDE_PASSES}
        costs.append(Cost(*point.name, totals, settings=point.settings, scope=_scope(point.rows)))
    return costs


def _distance(percents, cost):
    """How far a cost is from savings, (phase, quantity) -> percent: in what is realised, then in what is claimed, which float layers and passes
    left out make another figure than that of the GBitOPs."""
    own = {(s.phase, quantity): getattr(s, quantity) for s in savings_of(cost) for quantity in ("claimed", "cycles", "energy")
           if s.batch == cost.batches(s.phase)[-1]}
    apart = {key: abs(percent - own[key]) for key, percent in percents.items() if key in own}
    realised, claimed = (sum(d for (_, quantity), d in apart.items() if (quantity == "claimed") == wanted) for wanted in (False, True))
    return round(realised, 6), claimed


def _pair(points, percents_of, costs):
    """(point of another kind, its cost). The file does not say it where several costs have the same run, machine and settings: then the one with
    the nearest savings that no other has taken. Points that tell more choose first."""
    left = list(costs)
    for point, percents in sorted(((point, percents_of(point)) for point in points), key=lambda pair: -len(pair[1])):
        candidates = [cost for cost in left if (cost.run, cost.machine, cost.rescale) == point.name and cost.settings == point.settings]
        if not candidates:
            raise ValueError(f"no costs stand beside the savings of {' '.join(map(str, point.name))}")
        found = min(candidates, key=lambda cost: _distance(percents, cost))
        left = [cost for cost in left if cost is not found]
        yield point, found


def _saving_percents(point):
    """Of inference those of its first row, which has the batch of the run."""
    percents = {}
    for row in point.rows:
        for quantity in ("claimed", "cycles", "energy"):
            if row[f"{quantity}_saving_percent"] is not None:
                percents.setdefault((row["phase"], quantity), _number(row, f"{quantity}_saving_percent"))
    return percents


def _read_claims(connection, costs):
    """Adds claimed savings to the costs."""
    for point, cost in list(_pair(_points(connection, "saving"), _saving_percents, costs)):
        cost.claims = {phase: percent for (phase, quantity), percent in _saving_percents(point).items() if quantity == "claimed"}


def _gaps(point, cost=None):
    grouped = {}
    for row in point.rows:
        causes = grouped.setdefault((row["phase"], row["metric"]), [])
        causes.append((str(row["cause"]), _number(row, "share_points"), row["why"], _number(row, "saving_after_percent")))
    return [Gap(cost, *key, causes=[cause[:3] for cause in causes], realised=causes[-1][3]) for key, causes in grouped.items()]


def _gap_percents(point):
    """Without the cycles of training, which are those of whole steps in a gap."""
    gaps = _gaps(point)
    realised = {(gap.phase, gap.metric): gap.realised for gap in gaps if (gap.phase, gap.metric) != ("training", "cycles")}
    return realised | {(gap.phase, "claimed"): gap.claimed for gap in gaps}


def _read_gaps(connection, costs):
    return [gap for point, cost in _pair(_points(connection, "gap"), _gap_percents, costs) for gap in _gaps(point, cost)]


def read_results(file):
    with reading(file, "write it again with ldpsim replay -o") as connection:
        connection.row_factory = sqlite3.Row
        kinds = {row[0] for row in connection.execute("SELECT DISTINCT kind FROM result")}
        notes = [row[0] for row in connection.execute(
            "SELECT note.text FROM note JOIN point USING (key) GROUP BY note.text ORDER BY min(point.ordinal), min(note.position)")]
        costs = _read_costs(connection) if "replay" in kinds else []
        if "saving" in kinds:
            _read_claims(connection, costs)
        gaps = _read_gaps(connection, costs) if "gap" in kinds else []
    return Results(costs, notes, gaps)
