"""The command line in the process of the tests: a fresh one takes its time to begin."""

import io
import os
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from inkdigits.cli import main


def inkdigits(
    *arguments: object, stdin: bytes = b"", cwd: Path | None = None, text: bool = False
) -> subprocess.CompletedProcess[Any]:
    """What `inkdigits` with these arguments, started in that folder, prints, and how it ends."""
    given, out, err = (
        io.TextIOWrapper(io.BytesIO(content), "utf-8", write_through=True)
        for content in (stdin, b"", b"")
    )
    words = ["inkdigits", *map(str, arguments)]
    with (
        pytest.MonkeyPatch.context() as patch,
        mock.patch.dict(os.environ),  # of which it may set some
        chdir(cwd or Path.cwd()),
    ):
        for name, value in {"argv": words, "stdin": given, "stdout": out, "stderr": err}.items():
            patch.setattr(sys, name, value)
        patch.setattr(os, "_exit", sys.exit)
        with pytest.raises(SystemExit) as end:
            main()
    printed, said = out.buffer.getvalue(), err.buffer.getvalue()
    if text:
        printed, said = printed.decode(), said.decode()
    return subprocess.CompletedProcess(words, end.value.code, printed, said)
