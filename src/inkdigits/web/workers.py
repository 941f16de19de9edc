"""Uvicorn's workers as forks of a process that has imported what they need.

One that dies is replaced in tenths of a second; Uvicorn's own begin with imports, as new programs.
Only for Linux: Windows has no fork, and on macOS not all of the libraries bear one.
"""

from __future__ import annotations

import multiprocessing
import time
from contextlib import suppress
from multiprocessing.context import ForkServerContext, ForkServerProcess

import uvicorn._subprocess

TRIES = 100
"""To start a worker, before the server ends."""


def start_quickly() -> None:
    """From now on, in this process."""
    multiprocessing.set_forkserver_preload(["inkdigits.web.app", "onnxruntime"])
    uvicorn._subprocess.spawn = _Forks()  # type: ignore[assignment]


class _Worker(ForkServerProcess):
    def start(self) -> None:
        for _ in range(TRIES - 1):  # the process that forks may be killed, too, and comes again
            with suppress(OSError, EOFError):
                return super().start()
            time.sleep(0.1)
        return super().start()


class _Forks(ForkServerContext):
    Process = _Worker
