"""Write a file whole or not at all, so that nobody ever reads half of one."""

from __future__ import annotations

import os
from pathlib import Path

from inkdigits.errors import InkDigitsError


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Replace the file at `path`. Raises InkDigitsError if it cannot be written."""
    path = Path(path)
    try:
        part = path.with_name(f"{path.name}.part")
        try:
            part.write_bytes(content)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:  # ValueError: no name at all, or one that cannot be
        why = getattr(error, "strerror", None) or error
        raise InkDigitsError(f"{path} cannot be written: {why}. Choose another place.") from error
