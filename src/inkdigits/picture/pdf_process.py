"""Processes that open PDFs, and end when one takes too much: PDFium cannot be interrupted.

They are kept for the next PDF, as a fresh one takes a tenth of a second, and there are never more
than MOST. Each runs `pdf_worker.py` and inherits two pipes, and no more of the environment than it
takes to start; it hears no Ctrl-C, and ends with the process that started it. The program
`sys.executable` must be Python.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Timer
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

MOST = max(2, os.cpu_count() or 1)
"""Processes at once. One PDF that takes its time leaves others a way."""

_WORKER = Path(__file__).with_name("pdf_worker.py")
_PACKAGES = "pypdfium2", "pypdfium2_raw"
_VARIABLES = {"SYSTEMROOT", "WINDIR", "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
_LONGEST_ANSWER = 2000
_APART: dict[str, Any] = {"start_new_session": True}
if sys.platform == "win32":
    _APART = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}


@dataclass(frozen=True)
class Limits:
    """What one PDF may take.

    Windows knows only the deadline, and macOS ignores the limit on memory.
    """

    cpu_seconds: int = 5
    """A page scanned in 600 pixels an inch takes less than half a second."""
    memory: int = 2**30
    """Bytes of the whole process, beside 8 for each pixel that the page may have. PDFium itself
    leaves a picture of more than 1 GB out; with less memory it would leave out smaller ones."""
    deadline: float = 20
    """Seconds by the clock. More than cpu_seconds, for machines that have other work, too."""


class OverLimits(Exception):
    """The process that had a PDF open is dead, of too much "time" or "memory".

    What else kills it counts as memory: PDFium dies in many ways where it gets no more.
    """

    def __init__(self, what: Literal["time", "memory"]) -> None:
        super().__init__(what)
        self.what = what


def ask(
    data: bytes, page: int | None, max_pixels: int, limits: Limits
) -> tuple[dict[str, Any], NDArray[np.uint8] | None]:
    """What `pdf_worker.py` answers about a PDF, and the page in grey, (H, W), if it was rendered.

    From several threads at once. Raises OverLimits, ImportError where pypdfium2 is missing, and
    OSError if no process can be started.
    """
    folders = _folders()
    request = [
        *(len(data), page, max_pixels),
        *(limits.cpu_seconds, limits.memory + 8 * max_pixels),
    ]
    with _places:
        process = _idle_process() or _Process(folders)
        try:
            answer = process.ask(request, data, max_pixels, limits.deadline)
        except BaseException:
            process.end()
            raise
        _idle.append(process)
    return answer


class _Process:
    def __init__(self, folders: list[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WORKER), *folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=os.sep,
            env={name: value for name, value in os.environ.items() if name.upper() in _VARIABLES},
            **_APART,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._in: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout
        self._is_late = False

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(
        self, request: list[int | None], data: bytes, max_pixels: int, deadline: float
    ) -> tuple[dict[str, Any], NDArray[np.uint8] | None]:
        timer = Timer(deadline, self._be_late)
        timer.daemon = True
        timer.start()
        try:
            self._in.write(json.dumps(request).encode() + b"\n")
            self._in.write(data)
            self._in.flush()
            answer = json.loads(self._out.readline(_LONGEST_ANSWER))
            return answer, self._picture(answer["size"], max_pixels) if "size" in answer else None
        except (OSError, ValueError) as error:  # it is dead, or says what it never should
            raise OverLimits(self._cause_of_death()) from error
        finally:
            timer.cancel()
            timer.join()  # never is a process killed of which the next PDF has begun

    def _picture(self, size: list[int], max_pixels: int) -> NDArray[np.uint8]:
        width, height = map(int, size)
        if min(width, height) < 1 or width * height > max_pixels:
            raise ValueError(f"The page has come in {width} x {height} pixels.")
        picture = np.empty((height, width), np.uint8)
        if self._out.readinto(picture.data) < picture.size:  # type: ignore[attr-defined]
            raise ValueError("The page has broken off.")
        return picture

    def _be_late(self) -> None:
        self._is_late = True
        self._process.kill()

    def _cause_of_death(self) -> Literal["time", "memory"]:
        self._process.kill()
        code = self._process.wait()
        return "time" if self._is_late or code == -getattr(signal, "SIGXCPU", 0) else "memory"

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self.let_go()

    def let_go(self) -> None:
        """Close the pipes to it: it ends unless another process has them, too."""
        for pipe in (self._in, self._out):
            with suppress(OSError):
                pipe.close()


_places = BoundedSemaphore(MOST)
_idle: list[_Process] = []


def _idle_process() -> _Process | None:
    while True:
        try:
            process = _idle.pop()
        except IndexError:
            return None
        if process.is_alive:
            return process
        process.end()


def _folders() -> list[str]:
    specs = [importlib.util.find_spec(name) for name in _PACKAGES]
    if not all(spec and spec.origin for spec in specs):
        raise ImportError("pypdfium2 is not installed.")
    origins = [Path(spec.origin) for spec in specs if spec and spec.origin]
    return sorted({str(origin.absolute().parent.parent) for origin in origins})


def _end_all() -> None:
    while process := _idle_process():
        process.end()


def _forget_all() -> None:
    """In a fork: these processes belong to the one that started them."""
    global _places
    _places = BoundedSemaphore(MOST)
    for process in _idle:
        process.let_go()
    _idle.clear()


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
