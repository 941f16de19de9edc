"""One family of errors: each says what was wrong and what to do about it."""


class InkDigitsError(Exception):
    """Everything inkdigits raises about its input. Catch this one to catch them all."""


class UnreadablePicture(InkDigitsError):
    """The input is not a picture that can be decoded: another format, truncated or empty."""


class UnsupportedPicture(UnreadablePicture):
    """The input is of a kind that inkdigits does not read (an SVG, a text, an HTML page)."""


class PictureTooLarge(UnreadablePicture):
    """The file or the picture in it is over the limits, and was refused before decoding."""


class NoInk(InkDigitsError):
    """The picture is blank: nothing is written on it."""


class InvalidModel(InkDigitsError):
    """The file is not a model that inkdigits can run."""


class InvalidDataset(InkDigitsError):
    """A data set is missing, truncated or not what it should be."""
