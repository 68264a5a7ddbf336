# SPDX-License-Identifier: Apache-2.0
"""Opens traces and results files (both SQLite)."""

import os
import sqlite3
from contextlib import contextmanager
from urllib.parse import quote

TRACE_APPLICATION, RESULTS_APPLICATION = 0x4C445054, 0x4C445052
ACCEPTED = "expected a trace, as ldpsim train and import write it, or a results file of ldpsim replay"
BUSY_SECONDS = 30  # as the C++ programs wait for a writer


class InputError(Exception):
    """An input that cannot be used. Its text is one line: `file: error: what; remedy`. `code` is the exit code."""

    def __init__(self, file, what, remedy, code=3):
        super().__init__(f"{file}: error: {what}; {remedy}")
        self.code = code


class Outdated(Exception):
    """What an older program wrote, without something that is needed. Its text says what."""


def open_database(file):
    """The file as a database that is only read, and its application id."""
    if not os.path.isfile(file):
        what = "is a folder" if os.path.isdir(file) else "is not a regular file" if os.path.exists(file) else "no such file"
        raise InputError(file, what, ACCEPTED, code=2)
    try:
        # Opened for writing where it may be: a journal left by a killed writer must be rolled back before anything is read.
        name = quote(os.fsencode(os.path.abspath(file)))
        connection = sqlite3.connect(f"file:{name}?mode=rw", uri=True, timeout=BUSY_SECONDS)
        connection.execute("PRAGMA query_only=ON")
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        raise InputError(file, f"cannot be read: {error}", ACCEPTED) from None
    return connection, application


@contextmanager
def reading(file, remedy):
    """The open database; whatever goes wrong with its contents is told as damage of the file."""
    connection, _ = open_database(file)
    try:
        yield connection
    except Outdated as error:
        raise InputError(file, str(error), remedy) from None
    except (sqlite3.DatabaseError, ValueError, TypeError, ArithmeticError, LookupError) as error:
        raise InputError(file, f"damaged: {' '.join(str(error).split())}", remedy) from None
    finally:
        connection.close()


def kind_of(file):
    """"trace" or "results"."""
    connection, application = open_database(file)
    connection.close()
    if application == TRACE_APPLICATION:
        return "trace"
    if application == RESULTS_APPLICATION:
        return "results"
    raise InputError(file, "neither a trace nor a results file", ACCEPTED)
