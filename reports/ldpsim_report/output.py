# SPDX-License-Identifier: Apache-2.0
"""Writes files so that nothing is lost: whole or not at all, and never over an input or a stranger."""

import os
import stat
import sys
import tempfile
from contextlib import contextmanager

from .inputs import InputError

# What a file of ours begins with, and the mark in it.
REPORT = (b"<!DOCTYPE html>", b"<footer>Written by ldpsim")
SVG = (b"<svg", b"<!-- Written by ldpsim -->")
PNG = (b"\x89PNG\r\n\x1a\n", b"tEXtSoftware\0ldpsim")


@contextmanager
def writing(path):
    """Tells failures of the system in a line that names `path`."""
    try:
        yield
    except OSError as error:
        raise InputError(path, f"cannot be written: {error.strerror}", "check the folder, its permissions and free space") from None


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


def require_ours_or_nothing(path, kind):
    """An existing file may be replaced if it is of this kind and an earlier ldpsim wrote it."""
    if not os.path.exists(path):
        return
    start, mark = kind
    with writing(path), open(path, "rb") as file:
        content = file.read()
    if not (content.startswith(start) and mark in content):
        thing = "report" if kind is REPORT else "figure"
        raise InputError(path, f"the file exists already and is not a {thing} of ldpsim", f"only {thing}s are replaced; remove it or choose another name")


def require_folder_or_nothing(path):
    if os.path.exists(path) and not os.path.isdir(path):
        raise InputError(path, "is not a folder", "choose another name", code=2)


def make_folder(path):
    with writing(path):
        os.makedirs(path, exist_ok=True)


def write_whole(path, content):
    """Writes text or bytes under another name and moves them into place, so that a file of the final name is always whole."""
    target = output_target(path)
    with writing(path):
        handle, unfinished = tempfile.mkstemp(dir=os.path.dirname(target), prefix=os.path.basename(target) + ".")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content.encode("utf-8", "replace") if isinstance(content, str) else content)
            os.chmod(unfinished, 0o644)
            os.replace(unfinished, target)
        except BaseException:
            os.unlink(unfinished)
            raise


def print_whole(text):
    """Prints and flushes, so that a full disk is told in a line and not when Python ends."""
    try:
        print(text, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what Python still holds back has nowhere to go
        raise InputError("standard output", f"cannot be written: {error.strerror}", "is the disk full?") from None
