# SPDX-License-Identifier: Apache-2.0
"""Runs a part of this package as a program."""

import importlib
import signal
import sys

INTERRUPTED = 130


def run(command, module):
    """Exit code of the module's main(). As from any other program, a closed pipe ends it and Ctrl-C is no error to explain."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        try:
            main = importlib.import_module(f"{__package__}.{module}").main
        except ImportError as error:
            print(f"{command}: error: {error}; install python3-matplotlib, python3-jinja2 and python3-numpy (scripts/setup does)", file=sys.stderr)
            return 2
        return main()
    except KeyboardInterrupt:
        return INTERRUPTED
