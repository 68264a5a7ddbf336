# SPDX-License-Identifier: Apache-2.0
"""Reads traces."""

import numpy as np

from .inputs import InputError, reading
from .model import MOST_BITS, Run

REMEDY = "ldpsim trace validate names the place"
EXTENTS = ("in_channels", "out_channels", "in_height", "in_width", "kernel_height", "kernel_width", "stride", "padding", "dilation", "groups")


def _positions(kernel, size, padding, stride, dilation):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def _macs(name, extents):
    """Multiply-accumulates of a layer for one sample in one pass."""
    for key, value in zip(EXTENTS, extents):
        if not isinstance(value, int) or value < (key != "padding"):
            raise ValueError(f"layer '{name}': {key} is {value!r}; expected a positive whole number")
    channels, kernels, height, width, kernel_height, kernel_width, stride, padding, dilation, groups = extents
    macs = (kernels * (channels // groups) * kernel_height * kernel_width * _positions(kernel_height, height, padding, stride, dilation)
            * _positions(kernel_width, width, padding, stride, dilation))
    if macs < 1:
        raise ValueError(f"layer '{name}' has no output")
    return macs


def _bits(rows, operand, layers):
    """Bits of an operand [iteration, layer] out of a blob an iteration."""
    if any(not isinstance(row, bytes) or len(row) != layers for row in rows):
        raise ValueError(f"an iteration has {operand} bits for another number of layers")
    bits = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, layers)
    if bits.max() > MOST_BITS:
        raise ValueError(f"{operand} bits are {bits.max()}; allowed: 0 (float) to {MOST_BITS}")
    return bits


def _reals(values, what):
    """An array of numbers; NULL is "not a number"."""
    wrong = next((value for value in values if not isinstance(value, (int, float, type(None)))), None)
    if wrong is not None:
        raise ValueError(f"{what} is {wrong!r}; expected a number")
    return np.array([np.nan if value is None else value for value in values], float)


def _evaluations(connection):
    grouped = {}
    for split, metric, iteration, value in connection.execute("SELECT split, metric, iteration, value FROM evaluation ORDER BY iteration"):
        grouped.setdefault((split, metric), []).append((iteration, value))
    return {name: tuple(_reals(column, what) for what, column in zip(("iteration", "value"), zip(*rows))) for name, rows in grouped.items()}


def read_trace(file, label):
    with reading(file, REMEDY) as connection:
        layers = connection.execute(f"SELECT name, quantised, {', '.join(EXTENTS)} FROM layer ORDER BY id").fetchall()
        rows = connection.execute("SELECT iteration, loss, weight_bits, activation_bits, gradient_bits FROM iteration ORDER BY iteration").fetchall()
        if not rows:
            raise InputError(file, "the trace has no iterations yet", "train or import some first", code=2)
        if not layers:
            raise ValueError("table 'layer' is empty")
        iterations, loss, *bits = zip(*rows)
        weight_bits, activation_bits, gradient_bits = (
            _bits(column, operand, len(layers)) for column, operand in zip(bits, ("weight", "activation", "gradient")))
        return Run(
            label=label, meta=dict(connection.execute("SELECT key, value FROM meta")), layer_names=[str(name) for name, *_ in layers],
            macs=np.array([_macs(name, extents) for name, _, *extents in layers], float), quantised=[bool(quantised) for _, quantised, *_ in layers],
            iterations=np.array(iterations), loss=_reals(loss, "loss"), weight_bits=weight_bits, activation_bits=activation_bits,
            gradient_bits=gradient_bits, evaluations=_evaluations(connection))
