"""inkdigits reads handwritten digits.

>>> from inkdigits import Reader
>>> Reader().read("seven.png").text
'7'
"""

from inkdigits.errors import (
    InkDigitsError,
    InvalidDataset,
    InvalidModel,
    NoInk,
    UnreadablePicture,
)
from inkdigits.reader import Reader
from inkdigits.reading import Digit, Mark, Reading

__version__ = "0.1.0"

__all__ = [
    "Digit",
    "InkDigitsError",
    "InvalidDataset",
    "InvalidModel",
    "Mark",
    "NoInk",
    "Reader",
    "Reading",
    "UnreadablePicture",
]
