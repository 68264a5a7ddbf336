# SPDX-License-Identifier: Apache-2.0
"""Reads traces and results files (both SQLite)."""

import os
import sqlite3
from dataclasses import dataclass

import numpy as np

from .model import Cost, Gap, Run, Total

TRACE_APPLICATION, RESULTS_APPLICATION = 0x4C445054, 0x4C445052


class InputError(Exception):
    """An input that cannot be used. Its text is one line: `file: error: what; remedy`. `code` is the exit code."""

    def __init__(self, file, what, remedy, code=3):
        super().__init__(f"{file}: error: {what}; {remedy}")
        self.code = code


def open_database(file):
    if not os.path.isfile(file):
        what = "is a folder" if os.path.isdir(file) else "is not a regular file" if os.path.exists(file) else "no such file"
        raise InputError(file, what, "expected a trace or a results file", code=2)
    try:
        connection = sqlite3.connect(f"file:{os.path.abspath(file)}?mode=ro".replace("#", "%23"), uri=True)
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        raise InputError(file, f"cannot be read: {error}", "expected a trace or a results file of ldpsim") from None
    return connection, application


def kind_of(file):
    """"trace" or "results"."""
    connection, application = open_database(file)
    connection.close()
    if application == TRACE_APPLICATION:
        return "trace"
    if application == RESULTS_APPLICATION:
        return "results"
    raise InputError(file, "neither a trace nor a results file", "expected files written by ldpsim train, import, replay or simulate")


def _positions(kernel, size, padding, stride, dilation):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def read_trace(file, label):
    connection, _ = open_database(file)
    try:
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        layers = connection.execute(
            "SELECT name, in_channels, out_channels, in_height, in_width, kernel_height, kernel_width, stride, padding, dilation, groups, quantised"
            " FROM layer ORDER BY id").fetchall()
        rows = connection.execute("SELECT iteration, loss, weight_bits, activation_bits, gradient_bits FROM iteration ORDER BY iteration").fetchall()
        evaluated = connection.execute("SELECT split, metric, iteration, value FROM evaluation ORDER BY iteration").fetchall()
    except sqlite3.DatabaseError as error:
        raise InputError(file, f"damaged: {error}", "ldpsim trace validate names the place") from None
    finally:
        connection.close()
    if not rows:
        raise InputError(file, "the trace has no iterations yet", "train or import some first", code=2)
    count = len(layers)
    bits = []
    for column in (2, 3, 4):
        if any(len(row[column]) != count for row in rows):
            raise InputError(file, "an iteration has bits for another number of layers", "ldpsim trace validate names the place")
        bits.append(np.frombuffer(b"".join(row[column] for row in rows), np.uint8).reshape(-1, count))
    macs = [
        k * (c // g) * r * s * _positions(r, h, p, stride, d) * _positions(s, w, p, stride, d)
        for (_, c, k, h, w, r, s, stride, p, d, g, _) in layers
    ]
    evaluations = {}
    for split, metric, iteration, value in evaluated:
        evaluations.setdefault((split, metric), ([], []))
        evaluations[split, metric][0].append(iteration)
        evaluations[split, metric][1].append(np.nan if value is None else value)
    return Run(
        label=label, meta=meta, layer_names=[row[0] for row in layers], macs=np.array(macs, float), quantised=[bool(row[-1]) for row in layers],
        iterations=np.array([row[0] for row in rows]), loss=np.array([np.nan if row[1] is None else row[1] for row in rows]),
        weight_bits=bits[0], activation_bits=bits[1], gradient_bits=bits[2],
        evaluations={key: (np.array(at), np.array(values)) for key, (at, values) in evaluations.items()})


def _energy_components(columns):
    """Component -> column, for columns energy_<component>_pj."""
    return {c[len("energy_"):-len("_pj")]: c for c in columns if c.startswith("energy_") and c.endswith("_pj") and c != "energy_pj"}


def _total(row, columns):
    causes = {c: row[c] or 0 for c in columns if c.endswith("_cycles") and c != "bound_cycles"}
    energy = {name: row[c] or 0.0 for name, c in _energy_components(columns).items()}
    if sum(energy.values()) > row["energy_pj"] * (1 + 1e-9):  # leakage is listed, but this machine does not count it
        energy.pop("leakage", None)
    return Total(batch=row["batch"], gbitops=row["gbitops"], cycles=row["cycles"], seconds=row["time_s"], causes=causes, energy=energy)


@dataclass
class Results:
    """What a results file holds of replays."""

    costs: list  # of Cost
    notes: list  # texts, in order
    claims: dict  # (run, phase) -> claimed saving in percent, as the ledger counts it
    gaps: list  # of Gap


def _rows(connection, kind, order):
    """Rows of a kind with its columns, in the order of the plan."""
    return connection.execute(f"SELECT {kind}.* FROM {kind} JOIN point ON point.key = {kind}.point ORDER BY {order}")


def _read_replays(connection):
    columns = [row[0] for row in connection.execute("SELECT name FROM result_column WHERE kind='replay' ORDER BY position")]
    grouped = {}
    for row in _rows(connection, "replay", "point.ordinal, point.label, row"):
        if row["layer"] == "total" and row["pass"] not in ("update", "vector", "step"):  # those stand beside the three passes
            key = (row["run"], row["arch"], row["rescale"])
            grouped.setdefault(key, {})[row["phase"], row["precision"], row["batch"]] = _total(row, columns)
    return [Cost(run, arch, rescale, totals) for (run, arch, rescale), totals in grouped.items()]


def _read_gaps(connection):
    grouped = {}
    for row in _rows(connection, "gap", "point.ordinal, point.label, row"):
        causes = grouped.setdefault((row["run"], row["arch"], row["rescale"], row["phase"], row["metric"]), [])
        causes.append((row["cause"], row["share_points"], row["why"], row["saving_after_percent"]))
    return [Gap(*key, causes=[cause[:3] for cause in causes], realised=causes[-1][3]) for key, causes in grouped.items()]


def read_results(file):
    connection, _ = open_database(file)
    connection.row_factory = sqlite3.Row
    try:
        kinds = {row[0] for row in connection.execute("SELECT DISTINCT kind FROM result")}
        notes = [row[0] for row in connection.execute(
            "SELECT note.text FROM note JOIN point USING (key) GROUP BY note.text ORDER BY min(point.ordinal), min(note.position)")]
        costs = _read_replays(connection) if "replay" in kinds else []
        gaps = _read_gaps(connection) if "gap" in kinds else []
        claims = {}
        if "saving" in kinds:
            claims = {(row["run"], row["phase"]): row["claimed_saving_percent"] for row in _rows(connection, "saving", "point.ordinal, row")}
    except (sqlite3.DatabaseError, IndexError) as error:
        raise InputError(file, f"damaged: {error}", "write it again with ldpsim replay -o") from None
    finally:
        connection.close()
    return Results(costs, notes, claims, gaps)
