"""The group of all commands, and how it ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import click

from inkdigits import __version__
from inkdigits.errors import InkDigitsError

NOT_ALL_READ, WRONG_USAGE, INTERRUPTED = 1, 2, 130
"""Exit codes."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def app() -> None:
    """Reads handwritten digits: drawn, photographed or scanned."""


def main() -> None:
    """Run the command line; a user's mistake is a sentence and an exit code, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A file's name need not be valid text, nor fit the terminal's encoding.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app(prog_name="inkdigits")
    except InkDigitsError as error:
        print(f"inkdigits: {error}", file=sys.stderr)
        sys.exit(WRONG_USAGE)
    except SystemExit as end:
        if end.code != 0:
            raise
        # All is done. Taking ONNX Runtime down in good order would take longer than reading.
        with suppress(BrokenPipeError):
            sys.stdout.flush()
        os._exit(0)
