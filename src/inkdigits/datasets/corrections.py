"""Corrections that were accepted, from the database, or from a file that the page has saved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inkdigits.corrections.correction import Correction, correction_of, parse
from inkdigits.datasets.dataset import Batch, Dataset
from inkdigits.errors import InkDigitsError, InvalidDataset

if TYPE_CHECKING:
    from inkdigits.corrections.store import Store


class CorrectionsDataset(Dataset, ABC):
    """The digits among them, each as it was written; what is no digit is left out."""

    def batches(self, batch_size: int = 1000) -> Iterator[Batch]:
        digits = (each for each in self.corrections() if each[0].label is not None)
        while part := list(islice(digits, batch_size)):
            yield Batch(
                [correction.pixels() for correction, _ in part],
                np.array([correction.label for correction, _ in part], np.uint8),
                [origin for _, origin in part],
            )

    @abstractmethod
    def corrections(self) -> Iterator[tuple[Correction, str]]:
        """Each that was accepted, what is no digit among them, and where it comes from."""


class StoredCorrections(CorrectionsDataset):
    """Those that their owner has accepted in a database."""

    def __init__(self, store: Store) -> None:
        super().__init__(f"corrections:{store.name}")
        self._store = store

    def corrections(self) -> Iterator[tuple[Correction, str]]:
        for batch in self._store.all("accepted"):
            for kept in batch:
                yield kept, f"correction {kept.number} of session {kept.session}"


class SavedCorrections(CorrectionsDataset):
    """Those in a file of JSON, one a line: what `inkdigits corrections export` writes, or what
    somebody has saved of their own in a browser, who has thereby accepted it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"corrections:{path}")
        self.path = path

    def corrections(self) -> Iterator[tuple[Correction, str]]:
        try:
            with self.path.open("rb") as file:
                yield from self._read(file)
        except OSError as error:
            raise InvalidDataset(
                f"{self.path} cannot be read: {error.strerror}. Check its path."
            ) from error

    def _read(self, lines: Iterable[bytes]) -> Iterator[tuple[Correction, str]]:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                document = parse(line)
                if document.get("state", "accepted") != "accepted":
                    continue
                correction = correction_of(document)
            except InkDigitsError as error:
                raise InvalidDataset(f"{self.path}, line {number}: {error}") from error
            yield correction, f"{self.path.name}, line {number}"
