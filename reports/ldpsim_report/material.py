# SPDX-License-Identifier: Apache-2.0
"""What was given to a report, read, under names that tell everything apart."""

import json
import os
from pathlib import Path

from . import inputs
from .model import savings_of
from .results import read_results
from .traces import read_trace

MOST_DETAILS = 3  # behind a name


def label_runs(files):
    """File -> label: the stem, with folders where stems are equal."""
    stems = [Path(file).stem for file in files]
    labels = {file: stem if stems.count(stem) == 1 else str(Path(file).with_suffix("")) for file, stem in zip(files, stems)}
    return {file: os.fsencode(label).decode("utf-8", "replace") for file, label in labels.items()}  # names of files may be no text


def _details(variants):
    """For each of several {key: text} the texts that not all have, and a number where they do not tell them apart."""
    keys = [key for key in dict.fromkeys(key for variant in variants for key in variant) if any(v.get(key) != variants[0].get(key) for v in variants)]
    details = [[variant[key] for key in keys[:MOST_DETAILS] if key in variant] + ["…"] * (len(keys) > MOST_DETAILS) for variant in variants]
    return [texts + ([f"no. {details[:i + 1].count(texts)}"] if details.count(texts) > 1 else []) for i, texts in enumerate(details)]


def _with_details(name, details):
    if Path(details[0]).name == name:  # the label of a file that is called like the run
        name, details = details[0], details[1:]
    return f"{name} ({', '.join(details)})" if details else name


def _tell_apart(costs, attribute, identity, texts):
    """Adds to equal names what differs between those of another `identity`; `texts` of a cost is what may be said, key -> text."""
    for name in dict.fromkeys(getattr(cost, attribute) for cost in costs):
        members = [cost for cost in costs if getattr(cost, attribute) == name]
        variants = []
        for cost in members:
            if all(identity(cost) != identity(other) for other in variants):
                variants.append(cost)
        if len(variants) == 1:
            continue
        identities = [identity(cost) for cost in variants]
        labels = [_with_details(name, details) for details in _details([texts(cost) for cost in variants])]
        for cost in members:
            setattr(cost, attribute, labels[identities.index(identity(cost))])


def _setting_texts(cost):
    return {key: f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in cost.settings.items()}


def name_costs(costs):
    """Gives runs and machines that are not the same different names."""
    _tell_apart(costs, "run", lambda cost: cost.work(), lambda cost: cost.scope)
    _tell_apart(costs, "machine", lambda cost: cost.settings, _setting_texts)
    for name in dict.fromkeys((cost.run, cost.machine, cost.rescale) for cost in costs):  # e.g. on other operand values
        members = [cost for cost in costs if (cost.run, cost.machine, cost.rescale) == name]
        _tell_apart(members, "run", lambda cost: cost.question, lambda cost: {})


class Material:
    """Everything that was given, read."""

    def __init__(self, files):
        files = list(dict.fromkeys(files))
        kinds = {file: inputs.kind_of(file) for file in files}
        traces, results = ([file for file in files if kinds[file] == kind] for kind in ("trace", "results"))
        self.runs = [read_trace(file, label) for file, label in label_runs(traces).items()]
        self.costs, self.notes, self.gaps = [], [], []
        for file, label in label_runs(results).items():
            self._add(file, label)
        self.machines = list(dict.fromkeys(cost.machine for cost in self.costs))  # as notes call them
        name_costs(self.costs)
        runs = list(dict.fromkeys(cost.run for cost in self.costs))
        self.costs.sort(key=lambda cost: (not cost.is_static(), runs.index(cost.run)))  # the baseline first; otherwise run by run as given
        self.gaps = [gap for cost in self.costs if not cost.is_static() for gap in self.gaps if gap.cost is cost]

    def _add(self, file, label):
        results = read_results(file)
        if not results.costs:
            raise inputs.InputError(file, "holds no replay", "write one with ldpsim replay RUN.trace --arch NAME -o FILE", code=2)
        for cost in results.costs:
            if all(cost.question != other.question for other in self.costs):  # else asked twice
                cost.scope = {"file": label} | cost.scope
                self.costs.append(cost)
        self.notes += [note for note in results.notes if note not in self.notes]
        self.gaps += results.gaps

    @property
    def savings(self):
        return [saving for cost in self.costs if not cost.is_static() for saving in savings_of(cost)]
