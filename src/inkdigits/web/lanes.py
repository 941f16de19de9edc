"""Two lanes of readings: what is small waits neither behind large pictures nor for one of them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fastapi import HTTPException

from inkdigits.cores import cores

SMALL_WAITING, LARGE_WAITING = 100, 8
"""So many wait in each lane, some seconds at most; who comes then is sent away."""
RETRY_AFTER = 2
"""Seconds."""

Answer = TypeVar("Answer")


class Lane:
    """Threads that read, and a queue before them that is never longer than `most_waiting`."""

    def __init__(
        self, threads: int, most_waiting: int, prepare: Callable[[], None] | None = None
    ) -> None:
        self._threads = ThreadPoolExecutor(threads, "reading", prepare)
        self._free = threads + most_waiting

    async def run(self, work: Callable[..., Answer], *args: object) -> Answer:
        """What `work(*args)` returns, in one of the threads.

        Raises:
            HTTPException: the queue is full.
        """
        if not self._free:
            raise busy("It is reading as many pictures as it can.")
        self._free -= 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *args)
        finally:
            self._free += 1


def small_and_large_lane() -> tuple[Lane, Lane]:
    """More threads than cores would not be faster, and each holds a whole picture."""
    count = cores()
    small = Lane(count, SMALL_WAITING)
    return small, Lane(max(1, count - 1), LARGE_WAITING, _let_others_first)


def _let_others_first() -> None:
    """Only Linux has this for a thread; elsewhere it would hold for the whole process."""
    if sys.platform == "linux":
        os.nice(5)


def busy(why: str, what: str = "the picture") -> HTTPException:
    """503, which says when to come again."""
    return HTTPException(
        503,
        f"The server is busy. {why} Send {what} again in {RETRY_AFTER} seconds.",
        {"Retry-After": str(RETRY_AFTER)},
    )
