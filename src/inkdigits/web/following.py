"""Reads with the model that is promoted, and with the next one as soon as it is loaded."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

from inkdigits.errors import InkDigitsError
from inkdigits.picture import PictureSource
from inkdigits.reader import Reader
from inkdigits.reading import Reading
from inkdigits.recognition.session import PROMOTED

EVERY = 1.0
"""Seconds, after which it looks whether another version was promoted."""


class FollowingReader:
    """A Reader for a folder of versions. Each reading is by one version from its first look to its
    last, and who reads while another is loaded does not wait for it."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Raises InvalidModel if the promoted version cannot be read with."""
        self._folder = Path(folder)
        self._promoted = self._pointer()
        self._reader = Reader(folder)

    @property
    def metadata(self) -> dict[str, str]:
        return self._reader.metadata

    def read(self, picture: PictureSource) -> Reading:
        """See `Reader.read`."""
        return self._reader.read(picture)

    def read_array(self, picture: Any, **hints: Any) -> Reading:
        """See `Reader.read_array`."""
        return self._reader.read_array(picture, **hints)

    async def follow(self, warm_up: PictureSource) -> None:
        """Look now and then, for ever. A new reader reads `warm_up` before anybody's picture."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                if (promoted := self._pointer()) != self._promoted:
                    self._promoted = promoted  # also if it is damaged: it is not tried again
                    self._reader = await asyncio.to_thread(self._loaded, warm_up)
            except (OSError, InkDigitsError) as error:
                logging.getLogger("uvicorn.error").error("The model is as it was: %s", error)

    def _pointer(self) -> bytes:
        return (self._folder / PROMOTED).read_bytes()

    def _loaded(self, warm_up: PictureSource) -> Reader:
        reader = Reader(self._folder)
        reader.read(warm_up)
        return reader


def reader_for(model: str | os.PathLike[str] | None) -> Reader | FollowingReader:
    """For a folder of versions one that follows what is promoted there."""
    if model and (Path(model) / PROMOTED).is_file():
        return FollowingReader(model)
    return Reader(model)
