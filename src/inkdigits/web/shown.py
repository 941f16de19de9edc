"""What is shown of a picture where the browser does not know its format: a JPEG."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from inkdigits.picture import Grey
from inkdigits.reader import LARGEST

QUALITY = 90


def as_jpeg(picture: Grey) -> bytes:
    """The picture (H, W), as small as a Reader makes it: no more of it is read."""
    file = BytesIO()
    factor = -(-max(picture.shape) // LARGEST)
    Image.fromarray(picture).reduce(factor).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
