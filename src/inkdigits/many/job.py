"""What is asked of each of many pictures, and who reads a batch of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from inkdigits import __version__
from inkdigits.errors import InkDigitsError, NoProcess, UnreadablePicture
from inkdigits.folders import why_closed
from inkdigits.many.journal import STATE, state_of
from inkdigits.many.places import content_at, is_elsewhere
from inkdigits.outputs.rows import row_of
from inkdigits.picture import Page, split_page
from inkdigits.reader import Reader
from inkdigits.reading import Expect, Reading
from inkdigits.recognition.session import model_content

BATCH = 16
"""Pictures that are read together, and kept together."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Job:
    """The same for all pictures; see `Reader` and `Reader.read`."""

    model: str | os.PathLike[str] | bytes | None = None
    expect: Expect = None
    length: int | None = None
    min_confidence: float | None = None

    def model_bytes(self) -> bytes:
        return model_content(self.model, "digits.onnx")[1]

    def asked(self) -> dict[str, Any]:
        """By which one job is told from another."""
        return {
            "inkdigits": __version__,
            "rows": 2,  # their format, which may change between versions, too
            "model": sha256(self.model_bytes()).hexdigest(),
            "expect": self.expect,
            "length": self.length,
            "min_confidence": self.min_confidence,
        }


class Worker:
    """Reads batches of pictures; the model files are loaded once."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._reader = Reader(job.model)

    def __call__(self, names: Sequence[str]) -> list[str]:
        """A row for each of the names, as a line of JSON, for the journal."""
        fetched = cache(content_at)  # of whose pages several may be here
        states = [state_of(name) for name in names]  # before one of them is replaced
        sources = [_source(name, fetched) for name in names]
        results = self._reader.read_many(
            (source for source in sources if not isinstance(source, InkDigitsError)),
            batch_size=BATCH,
            errors="return",
            expect=self._job.expect,
            length=self._job.length,
        )
        return [
            self._row(name, state, source if isinstance(source, InkDigitsError) else next(results))
            for name, state, source in zip(names, states, sources, strict=True)
        ]

    def _row(self, name: str, state: list[Any], result: Reading | InkDigitsError) -> str:
        if isinstance(result, NoProcess):
            raise result  # which says nothing of the picture: the same command reads it later
        return json.dumps({**row_of(name, result, self._job.min_confidence), STATE: state})


def _source(
    name: str, fetch: Callable[[str], bytes | UnreadablePicture]
) -> bytes | Path | Page | UnreadablePicture:
    if is_elsewhere(name):
        address, page = split_page(name) or (name, None)
        content = fetch(address)
        return content if page is None or isinstance(content, Exception) else Page(content, page)
    if why := why_closed(name):
        return UnreadablePicture(why, reason="missing")
    return Path(name)


def batches_of(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items, so many at a time; fewer at the end."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
