"""A training that has blank pages drawn in another process, for ever: for a test that kills it."""

from itertools import count
from typing import Any

import numpy as np

from inkdigits.synthesis.pages import SIDE
from inkdigits.training.tasks.drawn_pages import Item, PageLoader


class BlankPages:
    def __getitem__(self, seed: Any) -> Item:
        maps = {name: np.zeros(1, np.uint8) for name in ("peak", "counts", "ink", "owner")}
        return np.zeros((SIDE, SIDE), np.float16), {**maps, "pieces": np.zeros((0, 6), np.float32)}


if __name__ == "__main__":
    pages: Any = BlankPages()
    seeds: Any = ([(number,)] for number in count())
    for _ in PageLoader(pages, workers=1).batches(seeds):
        print("a batch", flush=True)
