"""inkdigits reads handwritten digits.

>>> from inkdigits import Reader
>>> Reader().read("seven.png").text
'7'

Importing it sets ORT_DISABLE_TELEMETRY=1, unless the variable is set to something else: ONNX
Runtime would keep an id and a database in the user's cache folder, and look up a host of its maker.
It asks for the variable once, when it is imported itself, which the package does only to read.
"""

import os

from inkdigits.errors import (
    InkDigitsError,
    InvalidDataset,
    InvalidModel,
    NoInk,
    UnreadablePicture,
)
from inkdigits.reader import Reader
from inkdigits.reading import Digit, Mark, Number, Reading

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"

__all__ = [
    "Digit",
    "InkDigitsError",
    "InvalidDataset",
    "InvalidModel",
    "Mark",
    "NoInk",
    "Number",
    "Reader",
    "Reading",
    "UnreadablePicture",
]
