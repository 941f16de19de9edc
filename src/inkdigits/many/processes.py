"""Many pictures read on all cores of this machine."""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from threading import Thread

from inkdigits.cores import cores
from inkdigits.errors import InkDigitsError
from inkdigits.many.job import BATCH, Job, Worker, batches_of

AHEAD = 4
"""Batches a process that are begun while the first is not done: a hard page holds nobody up."""
MOST_ON_WINDOWS = 61
"""Processes of one pool, for which it waits."""

_worker: Worker


def read_in_processes(
    names: Iterable[str], job: Job, workers: int | None = None
) -> Iterator[list[str]]:
    """Rows as lines of JSON, a batch at a time, in order; of one worker in this process itself."""
    workers = workers or cores()
    if sys.platform == "win32":
        workers = min(workers, MOST_ON_WINDOWS)
    if workers == 1:
        yield from map(Worker(job), batches_of(names, BATCH))
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _start, (job,)) as pool:
        begun: deque[Future[list[str]]] = deque()
        try:
            for batch in batches_of(names, BATCH):
                begun.append(pool.submit(_read, batch))
                if len(begun) > AHEAD * workers:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        except BrokenProcessPool as error:
            raise InkDigitsError(
                "A process that reads has died; perhaps there was too little memory. Give the "
                "same command again to go on, with fewer --workers."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _start(job: Job) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started this process will end it
    Thread(target=_end_with_parent, daemon=True).start()
    _worker = Worker(job)


def _end_with_parent() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(0)


def _read(names: list[str]) -> list[str]:
    return _worker(names)
