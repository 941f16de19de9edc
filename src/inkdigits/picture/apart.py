"""Pictures decoded in processes of their own, where what they do harms nobody.

Such a process is killed when a picture takes too much, or dies of one, as decoders in C may. It is
kept for the next picture, as a fresh one takes some tenths of a second, and there are never more
than MOST. Each runs `worker.py` and inherits two pipes, and no more of the environment than it
takes to start; it hears no Ctrl-C, its stderr is nobody's, and it ends with the process that
started it. The program `sys.executable` must be Python.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import struct
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import BoundedSemaphore, Timer
from typing import IO, Any, Literal

import numpy as np

from inkdigits.cores import cores
from inkdigits.errors import NoProcess, UnreadablePicture
from inkdigits.picture.formats import format_of
from inkdigits.picture.grey import Grey
from inkdigits.picture.limits import takes_too_much

MOST = max(2, cores())
"""Processes at once. One picture that takes its time leaves others a way."""

_WORKER = Path(__file__).with_name("worker.py")
_PACKAGES = "inkdigits", "numpy", "PIL", "pi_heif", "pypdfium2", "pypdfium2_raw"
_VARIABLES = {"SYSTEMROOT", "WINDIR", "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""More would only take memory."""
_LONGEST_ANSWER = 10_000
_LONGEST_DEATH = 10
"""Seconds from the end of its pipes on: on a machine that has much to do it is not dead at once."""
_APART: dict[str, Any] = {"start_new_session": True}
if sys.platform == "win32":
    _APART = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}


@dataclass(frozen=True)
class Limits:
    """What one picture may take.

    Windows knows only the deadline, and macOS ignores the limit on memory.
    """

    cpu_seconds: float = 1.5
    """A page scanned in 600 pixels an inch takes less than half a second, and so does a photo of
    12 megapixels; the largest photos less than one."""
    memory: int = 2**30
    """Bytes of the whole process, beside 8 for each pixel that the picture may have. PDFium itself
    leaves a picture of more than 1 GB out; with less memory it would leave out smaller ones."""
    deadline: float = 20
    """Seconds by the clock. More than cpu_seconds, for machines that have other work, too."""


LIMITS = Limits()


CauseOfDeath = Literal["time", "memory", "killed"]


class _Died(Exception):
    """The process with the picture is dead: of too much "time" or "memory", or "killed" by others.

    What else ends it counts as memory: decoders die in many ways where they get no more.
    """

    def __init__(self, what: CauseOfDeath) -> None:
        super().__init__(what)
        self.what = what


def decode_apart(
    data: bytes, name: str, page: int | None, max_pixels: int, limits: Limits = LIMITS
) -> Grey:
    """What `decoding.decode` returns, from a process of its own; from several threads at once.

    Raises UnreadablePicture as it does, and if the picture takes more than `limits`; NoProcess if
    there is none to do it.
    """
    answer, picture = _ask("decode", data, name, page, max_pixels, limits)
    assert picture is not None, answer
    return picture


def page_count(data: bytes, name: str, limits: Limits = LIMITS) -> int:
    """How many pages a PDF has; raises what `decode_apart` does."""
    answer, _ = _ask("count", data, name, None, 0, limits)
    return int(answer["pages"])


def start_ahead() -> None:
    """Have a process ready for the first picture; it starts while the caller goes on."""
    if not _places.acquire(blocking=False):
        return  # as many as may be are at work
    try:
        if not _idle:
            with suppress(OSError):  # who sends the first picture hears why
                _idle.append(_Process())
    finally:
        _places.release()


def _ask(
    work: str, data: bytes, name: str, page: int | None, max_pixels: int, limits: Limits
) -> tuple[dict[str, Any], Grey | None]:
    request = [work, len(data), name, page, max_pixels]
    request += [limits.cpu_seconds, limits.memory + 8 * max_pixels]
    try:
        with _places:
            try:
                process = _idle_process() or _Process()
                answer, picture = _asked(process, request, data, max_pixels, limits.deadline)
            except _Died as error:
                if error.what != "killed":
                    raise
                # Not for what the picture takes; but twice is for that, as where memory is short.
                answer, picture = _asked(_Process(), request, data, max_pixels, limits.deadline)
    except _Died as error:
        what: Literal["time", "memory"] = "time" if error.what == "time" else "memory"
        raise takes_too_much(format_of(data) or "", name, what) from error
    except OSError as error:
        raise NoProcess(
            f"{name} is to be decoded in a process of its own, and none can be started: {error}. "
            "Try again later, or save it as PNG."
        ) from error
    if "error" in answer:
        raise UnreadablePicture(answer["error"], reason=answer["reason"])
    return answer, picture


def _asked(
    process: _Process, request: list[Any], data: bytes, max_pixels: int, deadline: float
) -> tuple[dict[str, Any], Grey | None]:
    try:
        answer = process.ask(request, data, max_pixels, deadline)
    except BaseException:
        process.end()
        raise
    _idle.append(process)
    return answer


class _Process:
    """Its pipes have no buffers: these have locks, which a fork may find locked for ever."""

    def __init__(self) -> None:
        environment = {k: value for k, value in os.environ.items() if k.upper() in _VARIABLES}
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WORKER), *_folders()],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=os.sep,
            env=environment | _ONE_THREAD,
            **_APART,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._in: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout
        self._is_late = False
        _started.add(self)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(
        self, request: list[Any], data: bytes, max_pixels: int, deadline: float
    ) -> tuple[dict[str, Any], Grey | None]:
        timer = Timer(deadline, self._be_late)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError as error:  # there are as many threads as may be
            raise OSError(str(error)) from error
        try:
            self._send(json.dumps(request).encode() + b"\n")
            self._send(data)
            (length,) = struct.unpack("<I", self._received(bytearray(4)))
            if length > _LONGEST_ANSWER:
                raise ValueError("The answer is too long.")
            answer = json.loads(self._received(bytearray(length)))
            return answer, self._picture(answer["size"], max_pixels) if "size" in answer else None
        except (OSError, ValueError) as error:  # it is dead, or says what it never should
            raise _Died(self._cause_of_death()) from error
        finally:
            timer.cancel()
            timer.join()  # never is a process killed of which the next picture has begun

    def _send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._in.write(rest) :]

    def _received(self, buffer: bytearray) -> bytearray:
        self._fill(memoryview(buffer))
        return buffer

    def _fill(self, rest: memoryview) -> None:
        while rest:
            count = self._out.readinto(rest)  # type: ignore[attr-defined]
            if not count:
                raise ValueError("The answer has broken off.")
            rest = rest[count:]

    def _picture(self, size: list[int], max_pixels: int) -> Grey:
        width, height = map(int, size)
        if min(width, height) < 1 or width * height > max_pixels:
            raise ValueError(f"The picture has come in {width} x {height} pixels.")
        picture = np.empty((height, width), np.uint8)
        self._fill(picture.data.cast("B"))
        return picture

    def _be_late(self) -> None:
        self._is_late = True
        self._process.kill()

    def _cause_of_death(self) -> CauseOfDeath:
        code = None
        if not self._is_late:
            with suppress(subprocess.TimeoutExpired):  # which lives, and said what it never should
                code = self._process.wait(_LONGEST_DEATH)
        if self._is_late or code == -getattr(signal, "SIGPROF", 0):
            return "time"
        return "killed" if code == -getattr(signal, "SIGKILL", 0) else "memory"

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self.let_go()

    def let_go(self) -> None:
        """Close the pipes to it: it ends unless another process has them, too."""
        _started.discard(self)
        for pipe in (self._in, self._out):
            with suppress(OSError):
                pipe.close()


_places = BoundedSemaphore(MOST)
_idle: list[_Process] = []
_started: set[_Process] = set()


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
    specs = map(find_spec, _PACKAGES)
    origins = [Path(spec.origin) for spec in specs if spec and spec.origin]
    return sorted({str(origin.absolute().parent.parent) for origin in origins})


def end_all() -> None:
    """End the processes that decode nothing now."""
    while process := _idle_process():
        process.end()


def _forget_all() -> None:
    """In a fork: these processes belong to the one that started them."""
    global _places
    _places = BoundedSemaphore(MOST)
    for process in list(_started):
        process.let_go()
    _idle.clear()


atexit.register(end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
