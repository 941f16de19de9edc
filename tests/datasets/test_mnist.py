"""MNIST from folders, from the cache and from mirrors: real HTTP, but only to this machine."""

import gzip
import hashlib
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from inkdigits.datasets.idx import read_idx
from inkdigits.datasets.mnist import (
    DATA_DIR_VARIABLE,
    VALIDATION_SIZE,
    IdxFile,
    fetch_file,
    load_mnist,
    read_from_folder,
)
from inkdigits.errors import InvalidDataset


def idx_bytes(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


PICTURES = np.arange(5 * 4 * 3).reshape(5, 4, 3)
PLAIN = idx_bytes(PICTURES)
PACKED = gzip.compress(PLAIN, mtime=0)  # the same in each process
OTHER = idx_bytes(PICTURES + 1)
FILE = IdxFile("tiny-images-idx3-ubyte", hashlib.md5(PLAIN).hexdigest())


@pytest.fixture(autouse=True)
def _only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder from outside unless a test asks for it, and no proxy between here and here."""
    monkeypatch.delenv(DATA_DIR_VARIABLE, raising=False)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "*")


# idx files


@pytest.mark.parametrize("content", [PLAIN, PACKED], ids=["plain", "gzipped"])
@pytest.mark.parametrize("name", ["tiny", "tiny.gz"])
def test_an_idx_file_is_read_whatever_its_name(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    array = read_idx(path)

    np.testing.assert_array_equal(array, PICTURES)
    assert array.dtype == np.uint8
    assert array.flags.writeable


BAD_FILES = {
    "empty": (b"", "not an idx file"),
    "a web page": (b"<!DOCTYPE html><html>sign in</html>", "not an idx file.*<!DOCTYP"),
    "floats": (b"\x00\x00\x0d" + PLAIN[3:], "not an idx file of unsigned bytes"),
    "no dimensions": (b"\x00\x00\x08\x00", "0 dimensions"),
    "too many dimensions": (b"\x00\x00\x08\xff" + bytes(4 * 255), "255 dimensions"),
    "nothing in it": (idx_bytes(PICTURES[:0]), r"empty.*\(0, 4, 3\)"),
    "half a header": (PLAIN[:10], "truncated.*header"),
    "truncated": (PLAIN[:-1], "truncated: its header announces 76 bytes, it has 75"),
    "huge": (PLAIN[:4] + b"\xff" * 12 + PLAIN[16:], "truncated"),
    "too long": (PLAIN + b"\x00", "too long: its header announces 76 bytes, it has 77"),
    "truncated gzip": (PACKED[:-10], f"truncated: the gzip data stops after {len(PACKED) - 10}"),
    "damaged gzip": (PACKED[:-8] + bytes(8), "damaged: bad gzip data"),
    "gzip of nothing known": (b"\x1f\x8b" + bytes(30), "damaged: bad gzip data"),
    "other content": (
        gzip.compress(OTHER, mtime=0),
        f"wrong content.*{hashlib.md5(OTHER).hexdigest()}, expected {FILE.md5}",
    ),
}
bad_content = pytest.mark.parametrize(
    ("content", "reason"), BAD_FILES.values(), ids=BAD_FILES.keys()
)


@bad_content
def test_a_bad_idx_file_is_named_with_what_is_wrong(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "tiny-images-idx3-ubyte"
    path.write_bytes(content)

    with pytest.raises(InvalidDataset, match=reason) as caught:
        read_idx(path, md5=FILE.md5)

    assert str(caught.value).startswith(str(path))


def test_an_idx_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match=r"nowhere cannot be read"):
        read_idx(tmp_path / "nowhere")


# A given folder


@pytest.mark.parametrize("place", [".", "mnist"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tiny-images-idx3-ubyte", PLAIN),
        ("tiny-images-idx3-ubyte.gz", PACKED),
        ("tiny-images.idx3-ubyte", PLAIN),
        ("tiny-images.idx3-ubyte.gz", PACKED),
    ],
)
def test_a_folder_may_hold_the_files_in_the_usual_ways(
    tmp_path: Path, place: str, name: str, content: bytes
) -> None:
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / place / name).write_bytes(content)

    np.testing.assert_array_equal(read_from_folder(FILE, tmp_path), PICTURES)


def test_a_folder_of_the_same_name_is_not_the_file(tmp_path: Path) -> None:
    # How some archives of MNIST unpack: a folder and, beside it, the file.
    (tmp_path / FILE.name).mkdir()
    (tmp_path / "tiny-images.idx3-ubyte").write_bytes(PLAIN)

    np.testing.assert_array_equal(read_from_folder(FILE, tmp_path), PICTURES)


def test_a_file_missing_in_a_folder_is_named_with_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset) as caught:
        read_from_folder(FILE, tmp_path)

    message = str(caught.value)
    assert FILE.name in message
    assert f"{tmp_path} nor in {tmp_path / 'mnist'}" in message
    assert "Put it there" in message


@bad_content
def test_a_bad_file_in_a_folder_is_named_with_what_to_do(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / FILE.name).write_bytes(content)

    with pytest.raises(InvalidDataset, match=reason) as caught:
        read_from_folder(FILE, tmp_path)

    assert str(tmp_path / FILE.name) in str(caught.value)
    assert "download the file again" in str(caught.value)


def test_a_given_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match=r"The data folder, .*nowhere, does not exist"):
        load_mnist("test", tmp_path / "nowhere")


def test_a_folder_in_the_environment_that_does_not_exist_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(tmp_path / "nowhere"))

    with pytest.raises(InvalidDataset, match=rf"folder in {DATA_DIR_VARIABLE}, .*nowhere"):
        load_mnist("test")


def test_an_unknown_part_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InvalidDataset, match=r"train, validation, train\+validation, test"):
        load_mnist("tset")  # type: ignore[arg-type]


# Mirrors


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    announced_length: int | None = None  # None: the true one
    encoding: str | None = None
    hangs: bool = False
    before: Callable[[], object] = lambda: None

    @property
    def patience(self) -> float:
        """Seconds to wait for it: few if it never ends, many on a machine that is only busy."""
        return 0.5 if self.hangs else 10


class Server:
    """Some mirrors, each the first part of a path, and what they answer to any file."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[str] = []
        self.stopping = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append(self.path)
                _, mirror, name = self.path.split("/")
                server.answer(
                    self, server.answers.get(f"{mirror}/{name}") or server.answers[mirror]
                )

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def answer(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        answer.before()
        length = len(answer.body) if answer.announced_length is None else answer.announced_length
        handler.send_response(answer.status)
        handler.send_header("Content-Length", str(length))
        if answer.encoding:
            handler.send_header("Content-Encoding", answer.encoding)
        handler.end_headers()
        handler.wfile.write(answer.body)
        if answer.hangs:
            handler.wfile.flush()
            self.stopping.wait(30)

    def mirror(self, name: str, answer: Answer) -> str:
        """Have a mirror give this answer; its address."""
        self.answers[name] = answer
        return f"http://127.0.0.1:{self.http.server_port}/{name}/"

    def asked(self) -> list[str]:
        """The mirrors that were asked, in order."""
        return [path.split("/")[1] for path in self.requests]


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    # The short interval lets it stop at once at the end of each test.
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.stopping.set()
    server.http.shutdown()
    server.http.server_close()
    thread.join()


@pytest.fixture
def refusing() -> Iterator[str]:
    """The address of a mirror that is down: the port is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/down/"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "mnist"


def fetch(cache: Path, *mirrors: str, patience: float = 10) -> np.ndarray:
    return fetch_file(FILE, cache, mirrors=mirrors, timeout=(10, patience), progress=False)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_fetched_file_is_cached_and_not_fetched_again(server: Server, cache: Path) -> None:
    good = server.mirror("good", Answer(PACKED))

    first, second = fetch(cache, good), fetch(cache, good)

    np.testing.assert_array_equal(first, PICTURES)
    np.testing.assert_array_equal(second, PICTURES)
    assert server.requests == [f"/good/{FILE.name}.gz"]
    assert contents(cache) == {FILE.name: PLAIN}


@pytest.mark.parametrize(
    "answer",
    [Answer(gzip.compress(PLAIN, 1, mtime=7)), Answer(PLAIN), Answer(PACKED, encoding="gzip")],
    ids=["packed otherwise", "not packed", "unpacked on the way"],
)
def test_only_the_decompressed_content_counts(server: Server, cache: Path, answer: Answer) -> None:
    np.testing.assert_array_equal(fetch(cache, server.mirror("good", answer)), PICTURES)


BAD_ANSWERS = {
    "not found": (Answer(PACKED, status=404), "404"),
    "broken": (Answer(PACKED, status=500), "500"),
    "cut off": (Answer(PACKED[:40], announced_length=len(PACKED)), "did not arrive|truncated"),
    "hanging at once": (Answer(announced_length=len(PACKED), hangs=True), "timed out"),
    "hanging midway": (
        Answer(PACKED[:40], announced_length=len(PACKED), hangs=True),
        "timed out",
    ),
} | {name: (Answer(content), reason) for name, (content, reason) in BAD_FILES.items()}
bad_answer = pytest.mark.parametrize(
    ("answer", "reason"), BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys()
)


@bad_answer
def test_a_bad_answer_is_named_and_never_cached(
    server: Server, cache: Path, answer: Answer, reason: str
) -> None:
    bad = server.mirror("bad", answer)

    with pytest.raises(InvalidDataset, match=f"{bad}{FILE.name}.gz .*(?:{reason})"):
        fetch(cache, bad, patience=answer.patience)

    assert contents(cache) == {}


@bad_answer
def test_after_a_bad_answer_the_second_mirror_is_used(
    server: Server, cache: Path, answer: Answer, reason: str
) -> None:
    bad, good = server.mirror("bad", answer), server.mirror("good", Answer(PACKED))

    array = fetch(cache, bad, good, patience=answer.patience)

    np.testing.assert_array_equal(array, PICTURES)
    assert server.asked() == ["bad", "good"]
    assert contents(cache) == {FILE.name: PLAIN}


def test_a_mirror_that_is_down_is_passed_over(server: Server, cache: Path, refusing: str) -> None:
    good = server.mirror("good", Answer(PACKED))

    np.testing.assert_array_equal(fetch(cache, refusing, good), PICTURES)


def test_when_all_mirrors_fail_each_is_listed_with_its_reason(
    server: Server, cache: Path, refusing: str
) -> None:
    missing = server.mirror("missing", Answer(status=404))
    wrong = server.mirror("wrong", Answer(gzip.compress(OTHER)))

    with pytest.raises(InvalidDataset) as caught:
        fetch(cache, refusing, missing, wrong)

    first, *reasons, advice = str(caught.value).splitlines()
    assert first == f"{FILE.name} could not be fetched."
    assert [refusing in reasons[0], missing in reasons[1], wrong in reasons[2]] == [True] * 3
    assert "refused" in reasons[0]
    assert "404" in reasons[1]
    assert "wrong content" in reasons[2]
    assert DATA_DIR_VARIABLE in advice
    assert contents(cache) == {}


# The cache


@bad_content
def test_a_bad_cached_file_is_replaced(
    server: Server, cache: Path, content: bytes, reason: str
) -> None:
    cache.mkdir(parents=True)
    (cache / FILE.name).write_bytes(content)

    np.testing.assert_array_equal(fetch(cache, server.mirror("good", Answer(PACKED))), PICTURES)

    assert server.asked() == ["good"]
    assert contents(cache) == {FILE.name: PLAIN}


def test_a_bad_cached_file_that_cannot_be_replaced_is_named(cache: Path, refusing: str) -> None:
    cache.mkdir(parents=True)
    (cache / FILE.name).write_bytes(OTHER)

    with pytest.raises(InvalidDataset, match="wrong content") as caught:
        fetch(cache, refusing)

    assert str(cache / FILE.name) in str(caught.value)
    assert refusing in str(caught.value)


def test_fetching_at_the_same_time_spoils_nothing(server: Server, cache: Path) -> None:
    # The mirror answers none before it has heard from all.
    all_asked = threading.Barrier(4, timeout=10)
    good = server.mirror("good", Answer(PACKED, before=all_asked.wait))

    with ThreadPoolExecutor(4) as pool:
        futures = [
            pool.submit(fetch_file, FILE, cache, mirrors=[good], progress=False) for _ in range(4)
        ]
        for future in futures:
            np.testing.assert_array_equal(future.result(), PICTURES)

    assert contents(cache) == {FILE.name: PLAIN}


def test_a_cached_file_in_use_is_left_alone(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What Windows does when another process reads the file that is to be replaced.
    def in_use(path: Path, target: Path) -> Path:
        target.write_bytes(PLAIN)
        raise PermissionError(13, "The file is in use", str(target))

    monkeypatch.setattr(Path, "replace", in_use)

    np.testing.assert_array_equal(fetch(cache, server.mirror("good", Answer(PACKED))), PICTURES)

    assert contents(cache) == {FILE.name: PLAIN}


def test_a_cache_that_cannot_be_written_to_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a file").touch()

    with pytest.raises(InvalidDataset, match="a file cannot be written to"):
        fetch(tmp_path / "a file", server.mirror("good", Answer(PACKED)))

    assert server.asked() == []


def test_a_full_disk_leaves_nothing_behind(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)

    with pytest.raises(InvalidDataset, match="cannot be written to: No space left"):
        fetch(cache, server.mirror("good", Answer(PACKED)))

    assert contents(cache) == {}


def test_progress_names_the_file_and_the_mirror(
    server: Server, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = server.mirror("good", Answer(PACKED))

    fetch_file(FILE, cache, mirrors=[good], progress=True)

    captured = capsys.readouterr()
    assert f"{FILE.name}.gz from 127.0.0.1" in captured.err
    assert captured.out == ""


def test_without_pooch_the_extra_to_install_is_named(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)

    with pytest.raises(InvalidDataset, match=r'^Fetching.* pip install "inkdigits\[train\]"'):
        fetch(cache, "http://127.0.0.1/")


def test_a_cached_file_needs_no_pooch(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    cache.mkdir(parents=True)
    (cache / FILE.name).write_bytes(PLAIN)

    np.testing.assert_array_equal(fetch(cache), PICTURES)


# The real files

REAL_FOLDER = os.environ.get(DATA_DIR_VARIABLE)
needs_real_files = pytest.mark.skipif(
    not REAL_FOLDER, reason=f"{DATA_DIR_VARIABLE} does not name a folder with MNIST"
)


@needs_real_files
def test_the_real_training_pictures_come_in_two_parts() -> None:
    pictures, labels = load_mnist("train+validation", REAL_FOLDER)
    train, validation = load_mnist("train", REAL_FOLDER), load_mnist("validation", REAL_FOLDER)

    assert pictures.shape == (60_000, 28, 28)
    assert pictures.dtype == labels.dtype == np.uint8
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(labels).tolist() == counts
    assert labels[:5].tolist() == [5, 0, 4, 1, 9]
    np.testing.assert_array_equal(train[0], pictures[:55_000])
    np.testing.assert_array_equal(train[1], labels[:55_000])
    np.testing.assert_array_equal(validation[0], pictures[-VALIDATION_SIZE:])
    np.testing.assert_array_equal(validation[1], labels[-VALIDATION_SIZE:])


@needs_real_files
def test_the_real_test_part_comes_from_the_folder_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(REAL_FOLDER))

    pictures, labels = load_mnist("test", mirrors=[])

    assert pictures.shape == (10_000, 28, 28)
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(labels).tolist() == counts
    assert labels[:5].tolist() == [7, 2, 1, 0, 4]


@needs_real_files
def test_the_real_test_part_is_fetched_from_the_second_mirror_and_cached(
    server: Server, tmp_path: Path, refusing: str
) -> None:
    from_folder = load_mnist("test", REAL_FOLDER)
    for name, array in zip(
        ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"), from_folder, strict=True
    ):
        server.mirror(f"good/{name}.gz", Answer(gzip.compress(idx_bytes(array), 1)))
    good = f"http://127.0.0.1:{server.http.server_port}/good/"

    for _ in range(2):
        fetched = load_mnist("test", mirrors=[refusing, good], cache_dir=tmp_path, progress=False)
        np.testing.assert_array_equal(fetched[0], from_folder[0])
        np.testing.assert_array_equal(fetched[1], from_folder[1])

    assert server.asked() == ["good", "good"]
