"""What several rooms' tests share."""

import copy
import errno
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from constant_model import who_always_says
from inkdigits import Reader
from inkdigits.datasets import mnist
from inkdigits.datasets.dataset import ArrayDataset
from inkdigits.datasets.mnist import DATA_DIR_VARIABLE, load_mnist
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.picture.apart import end_all
from inkdigits.synthesis import strokes
from inkdigits.synthesis.styles import Style
from inkdigits.training import writers


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A test is not named after bytes: gzip packs the time, and all workers must agree on names."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The model that ships."""
    return Reader()


@pytest.fixture(scope="session")
def unsure_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that is never sure: all is a 3 with 41.23 %, or else an 8 with 30.14 %."""
    probabilities = [(1 - 0.4123 - 0.3014) / 8] * 10
    probabilities[3], probabilities[8] = 0.4123, 0.3014
    path = tmp_path_factory.mktemp("unsure") / "model.onnx"
    return who_always_says(path, probabilities, name="unsure")


@pytest.fixture(scope="session")
def data_dir() -> str:
    """The folder with MNIST's files, which tests do not download."""
    if folder := os.environ.get(DATA_DIR_VARIABLE):
        return folder
    pytest.skip(f"{DATA_DIR_VARIABLE} does not name a folder with MNIST")


@pytest.fixture(scope="session", autouse=True)
def data_sets_are_unpacked_once() -> Iterator[None]:
    """Of those in `data_dir` each test gets a copy: unpacking takes longer than a tiny training."""
    shared = os.environ.get(DATA_DIR_VARIABLE)

    def once(read: Callable[..., Any], *, place: int) -> Callable[..., Any]:
        unpacked = cache(read)

        def copied(*arguments: Any) -> Any:
            is_shared = shared and Path(arguments[place]).is_relative_to(shared)
            return copy.copy(unpacked(*arguments)) if is_shared else read(*arguments)

        return copied

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mnist, "read_from_folder", once(mnist.read_from_folder, place=1))
        for read in (writers.read_unipen, writers.read_omniglot):
            patch.setattr(writers, read.__name__, once(read, place=0))
        yield


LONGEST = (
    *("deploy/test_site", "training/test_run", "training/tasks/test_pages_run", "test_cli"),
    *("web/test_page_sheet", "web/test_page_pictures", "web/test_page_answer", "web/test_page"),
    *("web/test_corrections_page", "web/test_loop", "corrections/test_fine_tune", "web/test_app"),
)
"""The files whose tests take longest, which begin first: nobody waits for the last of them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    begins = {tests / f"{name}.py": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: begins.get(item.path, len(begins)))


@pytest.fixture
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """None can be started in which a picture would be decoded."""

    def refuse(*arguments: object, **options: object) -> NoReturn:
        raise OSError(errno.EMFILE, "Too many open files")

    end_all()
    monkeypatch.setattr("subprocess.Popen", refuse)


@pytest.fixture(scope="session", autouse=True)
def styles_are_found_once() -> Iterator[None]:
    """They are the same each time, and looking for them takes seconds."""
    known: dict[bytes, list[Style]] = {}
    find = strokes.find_styles

    def found(digits: Sequence[WrittenDigit]) -> list[Style]:
        key = sha256()
        for digit in digits:
            key.update(f"{digit.label} {[len(stroke) for stroke in digit.strokes]}".encode())
            key.update(b"".join(np.asarray(stroke).tobytes() for stroke in digit.strokes))
        if key.digest() not in known:
            known[key.digest()] = find(digits)
        return known[key.digest()]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strokes, "find_styles", found)
        yield


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch, data_dir: str) -> None:
    """What a fine-tuning replays, and what judges it, is little."""
    from inkdigits.corrections import fine_tune, gate
    from inkdigits.training.tasks import fine_tuning

    few = {name: [a[:300] for a in load_mnist(name, data_dir)] for name in ("train", "validation")}
    judges = ArrayDataset("mnist:validation", *few["validation"])
    monkeypatch.setattr(fine_tuning, "load_mnist", lambda part, _: few[part])
    monkeypatch.setattr(gate, "open_dataset", lambda *_: judges)
    monkeypatch.setattr(gate, "HELD_OUT_WRITERS", "30")
    monkeypatch.setattr(gate, "NO_DIGITS", 1)  # of each family
    monkeypatch.setattr(gate, "NUMBERS", 3)
    monkeypatch.setattr(fine_tune, "SOME", 20)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """A browser, or else `missing`."""
    path = os.environ.get("INKDIGITS_CHROMIUM") or next(
        filter(
            None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome", "chrome"])
        ),
        "",
    )
    return path or missing("there is no Chromium: install one, or name it in INKDIGITS_CHROMIUM")


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Any]:
    from chromium import started  # which may not be there

    with started(chromium_path) as browser:
        yield browser


@pytest.fixture(scope="module")
def windows(browser: Any) -> Any:
    from chromium import Windows

    return Windows(browser)


@pytest.fixture
def new_page(windows: Any) -> Iterator[Callable[..., Any]]:
    """Open a page, as blank as its storage, in a window with the given Playwright options."""
    yield windows.new_page
    windows.forget()


@pytest.fixture(scope="session")
def node_path() -> str:
    """Node.js, or else `missing`."""
    return shutil.which("node") or missing("there is no Node.js: install 20.11 or newer")


def missing(reason: str) -> NoReturn:
    """Skip the test, or fail it where INKDIGITS_REQUIRE_BROWSER=1."""
    if os.environ.get("INKDIGITS_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
