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
LONGEST = 60
"""So many looks may go by until it tries again to load what could not be loaded."""


class FollowingReader:
    """As a Reader of the version that is promoted in a folder. Each reading is by one version from
    its first look to its last, and who reads while another is loaded does not wait for it."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Raises InvalidModel if the promoted version cannot be read with."""
        self._folder = Path(folder)
        self._promoted = self._tried = self._pointer()
        self._pause = self._left = 0
        self._reader = Reader(folder)

    def __getattr__(self, name: str) -> Any:
        """All that a Reader has is had of the one that reads now."""
        return getattr(self._reader, name)

    @property
    def now(self) -> Reader:
        """The one that reads now; later it may be another."""
        return self._reader

    async def follow(self, warm_up: PictureSource) -> None:
        """Look now and then, for ever. A new reader reads `warm_up` before anybody's picture."""
        said = ""
        while True:
            await asyncio.sleep(EVERY)
            try:
                if await self._go_over(warm_up):
                    said = ""
            except Exception as error:  # whatever it is: the server reads on, and looks again
                if str(error) != said:  # it may be the same each time
                    said = str(error)
                    logging.getLogger("uvicorn.error").error("The model is as it was: %s", error)

    async def _go_over(self, warm_up: PictureSource) -> bool:
        """Whether it is done, or there is nothing to do; after a failure it waits twice as long."""
        if (promoted := self._pointer()) == self._promoted:
            return True
        if promoted != self._tried:
            self._tried, self._pause, self._left = promoted, 0, 0
        if self._left:
            self._left -= 1
            return False
        self._pause = self._left = min(2 * self._pause + 1, LONGEST)
        try:
            self._reader = await asyncio.to_thread(self._loaded, warm_up)
        except InvalidModel as error:
            if error.__cause__ is None:  # the file itself is wrong, and not what came upon it
                self._promoted = promoted  # so it is not tried again
            raise
        self._promoted = promoted
        return True

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
