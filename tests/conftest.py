"""What several rooms' tests share."""

import os

import pytest

from inkdigits import Reader
from inkdigits.datasets.mnist import DATA_DIR_VARIABLE


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The model that ships."""
    return Reader()


@pytest.fixture(scope="session")
def data_dir() -> str:
    """The folder with MNIST's files, which tests do not download."""
    if folder := os.environ.get(DATA_DIR_VARIABLE):
        return folder
    pytest.skip(f"{DATA_DIR_VARIABLE} does not name a folder with MNIST")
