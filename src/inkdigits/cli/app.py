"""The group of all commands, and how it ends."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import suppress

import click

from inkdigits import __version__
from inkdigits.errors import InkDigitsError

NOT_ALL_READ, WRONG_USAGE, INTERRUPTED = 1, 2, 130
"""Exit codes."""


COMMANDS = (
    *(
        "bundle",
        "compare",
        "convert",
        "evaluate",
        "kaggle",
        "read",
        "runs",
        "serve",
        "study",
        "train",
    ),
)


class Commands(click.Group):
    """Each command is in the file of its name, and is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            importlib.import_module(f"inkdigits.cli.{cmd_name}")
        return super().get_command(ctx, cmd_name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
