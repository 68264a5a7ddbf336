# SPDX-License-Identifier: Apache-2.0
"""Writes files so that nothing is lost: whole or not at all, and never over an input or a stranger."""

import os
import stat
import tempfile

from .inputs import InputError


def output_target(path, inputs=()):
    """What is written where `path` is asked for: `path`, or what it links to, so that a link stays one."""
    target = os.path.realpath(path)
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return target
    except OSError as error:
        raise InputError(path, f"cannot be written: {error.strerror}", "choose another name") from None
    if not stat.S_ISREG(mode):  # moving a file over a pipe or a device would remove it
        raise InputError(path, "is not a regular file", "choose another name", code=2)
    if any(os.path.exists(file) and os.path.samefile(target, file) for file in inputs):
        raise InputError(path, "is an input of this command, writing it would destroy it", "choose another name", code=2)
    return target


def require_report_or_nothing(path):
    """An existing file may be replaced if it is an earlier report."""
    if not os.path.exists(path):
        return
    with open(path, "rb") as file:
        text = file.read()
    if not (text.startswith(b"<!DOCTYPE html>") and b"<footer>Written by ldpsim" in text):
        raise InputError(path, "the file exists already and is not a report of ldpsim", "only reports are replaced; remove it or choose another name")


def write_whole(path, content):
    """Writes text or bytes under another name and moves them into place, so that a file of the final name is always whole."""
    target = output_target(path)
    handle, unfinished = tempfile.mkstemp(dir=os.path.dirname(target), prefix=os.path.basename(target) + ".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
        os.chmod(unfinished, 0o644)
        os.replace(unfinished, target)
    except BaseException:
        os.unlink(unfinished)
        raise
