"""How many threads work on a product of matrices, which is what most of the time goes into."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def blas_threads(count: int | None) -> AbstractContextManager[Any]:
    """Let BLAS, which multiplies NumPy's matrices, use so many threads; None: as it likes.

    It likes one for each core. They wait for each other after every product, and a batch's products
    are small: as soon as anything else runs on one of the cores, most of the time is waiting.
    Another number of threads adds in another order, which changes the last bits of a sum, and so,
    after many steps, a network as much as another seed does.
    """
    if count is None:
        return nullcontext()
    return _controller().limit(limits=count, user_api="blas")


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()  # looks at all libraries that are loaded, which takes a while
