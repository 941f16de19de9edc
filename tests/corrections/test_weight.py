"""How much the word of a model that has learned from corrections counts on a page."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwriting import written
from inkdigits import Reader
from inkdigits.corrections.weight import which_weight
from inkdigits.datasets.dataset import Batch


class Taught(Reader):
    """Reads every crop as that digit."""

    value = 7

    def outputs(self, pictures: Any) -> dict[str, NDArray[Any]]:
        outputs = super().outputs(pictures)
        outputs["probabilities"][:] = 0.001
        outputs["probabilities"][:, self.value] = 0.991
        return outputs


def batch_of(pictures: list[NDArray[np.uint8]], labels: list[int]) -> Batch:
    return Batch(pictures, np.array(labels, np.uint8), [""] * len(labels))


MIRRORED = batch_of([np.fliplr(written(7, side)) for side in range(100, 220, 20)], [7] * 6)
"""Nobody writes a 7 so, and `page.onnx` sees a 5."""
OTHERS = batch_of([written(value) for value in range(10)], [*range(10)])


def test_it_has_more_say_that_reads_what_else_is_misread(reader: Reader) -> None:
    assert which_weight([(Taught(), MIRRORED)], [(reader, OTHERS)]) >= 1


def test_it_has_no_more_say_that_reads_nothing_else(reader: Reader) -> None:
    assert which_weight([(reader, MIRRORED)], [(reader, OTHERS)]) == 0.5
    assert which_weight([(Taught(), OTHERS)], [(Taught(), OTHERS)]) == 0.5
