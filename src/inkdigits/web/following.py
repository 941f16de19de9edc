"""Reads with the model that is promoted, and with the next one as soon as it is loaded."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

from inkdigits.errors import InvalidModel
from inkdigits.picture import PictureSource
from inkdigits.reader import Reader
from inkdigits.recognition.session import PROMOTED

EVERY = 1.0
"""Seconds, after which it looks whether another version was promoted."""


class FollowingReader:
    """As a Reader of the version that is promoted in a folder. Each reading is by one version from
    its first look to its last, and who reads while another is loaded does not wait for it."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Raises InvalidModel if the promoted version cannot be read with."""
        self._folder = Path(folder)
        self._promoted = self._pointer()
        self._reader = Reader(folder)

    def __getattr__(self, name: str) -> Any:
        """All that a Reader has is had of the one that reads now."""
        return getattr(self._reader, name)

    async def follow(self, warm_up: PictureSource) -> None:
        """Look now and then, for ever. A new reader reads `warm_up` before anybody's picture."""
        said = ""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self._go_over(warm_up)
                said = ""
            except Exception as error:  # whatever it is: the server reads on, and looks again
                if str(error) != said:  # it may be the same each second
                    said = str(error)
                    logging.getLogger("uvicorn.error").error("The model is as it was: %s", error)

    async def _go_over(self, warm_up: PictureSource) -> None:
        if (promoted := self._pointer()) == self._promoted:
            return
        try:
            self._reader = await asyncio.to_thread(self._loaded, warm_up)
        except InvalidModel as error:
            if not isinstance(error.__cause__, OSError):  # which may be over the next time
                self._promoted = promoted  # it is damaged, and not tried again
            raise
        self._promoted = promoted

    def _pointer(self) -> bytes:
        return (self._folder / PROMOTED).read_bytes()

    def _loaded(self, warm_up: PictureSource) -> Reader:
        reader = Reader(self._folder)
        reader.read(warm_up, length=2)  # which looks at it as a page, too
        return reader


def reader_for(model: str | os.PathLike[str] | None) -> Reader | FollowingReader:
    """For a folder of versions one that follows what is promoted there."""
    if model and (Path(model) / PROMOTED).is_file():
        return FollowingReader(model)
    return Reader(model)
