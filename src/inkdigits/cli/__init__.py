"""The command line: inkdigits read | serve | train | evaluate | compare | …, one file a command.

In: what somebody types. Out: lines, files and an exit code. Each command imports what it needs
when it runs, so that reading a picture does not wait for a web framework or for PyTorch.
"""

from inkdigits.cli.app import app, main

__all__ = ["app", "main"]
