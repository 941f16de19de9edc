"""One family of errors: each says what was wrong and what to do about it."""

from typing import Literal


class InkDigitsError(Exception):
    """Everything inkdigits raises about its input. Catch this one to catch them all."""


class UnreadablePicture(InkDigitsError):
    """The input cannot be decoded as a picture.

    `reason` is for programs (the message is for people): "missing" (no such file, or it may not
    be opened), "empty", "unsupported" (a format that inkdigits does not read), "damaged" (not a
    picture at all, or truncated) or "too large" (over a limit: refused before decoding, but for
    those of time and memory in a process of its own).
    """

    def __init__(
        self,
        message: str,
        *,
        reason: Literal["missing", "empty", "unsupported", "damaged", "too large"] = "damaged",
    ) -> None:
        super().__init__(message)
        self.reason = reason


class NoProcess(InkDigitsError):
    """No process can be started now in which a picture may be decoded; later one may be."""


class NoInk(InkDigitsError):
    """The picture is blank: nothing is written on it."""


class InvalidModel(InkDigitsError):
    """The file is not a model that inkdigits can run."""


class InvalidDataset(InkDigitsError):
    """A data set is missing, truncated or not what it should be."""


class InvalidCorrection(InkDigitsError):
    """What was sent as a correction is none."""


class StoreUnavailable(InkDigitsError):
    """The database of corrections cannot be reached, or cannot write; nothing was kept."""


class InvalidNetwork(InkDigitsError, ValueError):
    """The layers or settings of a network do not fit together, or do not fit the data."""


class Diverged(InkDigitsError, ArithmeticError):
    """Training came to a loss, or to weights, that are infinite or not a number."""
