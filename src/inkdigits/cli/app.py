"""The group of all commands, and how it ends."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from contextlib import suppress

import click

from inkdigits import __version__
from inkdigits.errors import InkDigitsError
from inkdigits.picture.sources import printable

NOT_ALL_READ, WRONG_USAGE, INTERRUPTED = 1, 2, 130
"""Exit codes."""


COMMANDS = [
    *("bundle", "compare", "convert", "corrections", "evaluate", "finetune", "kaggle", "models"),
    *("predict", "read", "runs", "serve", "study", "train"),
]
KEPT = {
    "finetune": "What was trained, if anything, is kept in --out: go on with --resume.",
    "read": "What is printed above was read; the rest was not.",
    "serve": "The server is down.",
}
"""What Ctrl-C leaves of commands that write no file at their end."""


class Commands(click.Group):
    """Each command is in the file of its name, and is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return COMMANDS

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            importlib.import_module(f"inkdigits.cli.{cmd_name}")
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> None:
        try:
            super().invoke(ctx)
        except KeyboardInterrupt as stop:
            kept = KEPT.get(ctx.invoked_subcommand or "", "No file was written. Run it again.")
            kept = stop.args[0] if stop.args else kept
            print(f"\ninkdigits: Interrupted. {kept}", file=sys.stderr)
            sys.exit(INTERRUPTED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def app() -> None:
    """Reads handwritten digits and numbers: drawn, photographed or scanned.

    Begin with: inkdigits read picture.png. For the page: inkdigits serve.
    """


def main() -> None:
    """Run the command line; a user's mistake is a sentence and an exit code, not a traceback."""
    sys.stdout = sys.stdout or _ClosedStream()  # Python's way to say that it was closed
    sys.stderr = sys.stderr or io.StringIO()  # print() would take None for stdout
    for stream in (sys.stdout, sys.stderr):
        # A file's name need not be valid text, nor fit the terminal's encoding.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            app(prog_name="inkdigits")
        finally:
            with suppress(BrokenPipeError):
                sys.stdout.flush()
    except InkDigitsError as error:
        lines = f"inkdigits: {error}".split("\n")
        print("\n".join(map(printable, lines)), file=sys.stderr)
        sys.exit(WRONG_USAGE)
    except OSError as error:
        if error.strerror is None:  # of the network
            raise
        if error.filename is not None:
            name = printable(str(error.filename))
            print(f"inkdigits: {name}: {error.strerror}. Check its path.", file=sys.stderr)
            sys.exit(WRONG_USAGE)
        print(f"inkdigits: The answer cannot be written: {error.strerror}.", file=sys.stderr)
        os._exit(WRONG_USAGE)  # Python would try to write it once more, and show a traceback
    except SystemExit as end:
        if end.code != 0:
            raise
        # All is done. Taking ONNX Runtime down in good order would take longer than reading.
        os._exit(0)


class _ClosedStream(io.StringIO):
    """What stands where there is no standard output: whoever has something to say fails."""

    def write(self, _text: str) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
