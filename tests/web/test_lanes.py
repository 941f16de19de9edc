"""Many large pictures at once: who waits for whom, and who is sent away."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import Any

import httpx
import numpy as np
import pytest

from handwriting import png
from inkdigits import Reader, Reading
from inkdigits.web.app import create_app
from inkdigits.web.server import running

LARGE = png(np.full((2000, 1500), 255, np.uint8))
"""A file of few bytes."""
MANY = 64
"""Far more than wait at once on a machine of any size."""


class HoldsLarge(Reader):
    """Reads what is large, as what it read last, once it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = Event()

    def read_array(self, picture: Any, **expected: Any) -> Reading:
        if picture.size > 2**21:
            assert self.go_on.wait(60)
            picture = picture[:1, :1]
        return super().read_array(picture, **expected)


@pytest.fixture
def held() -> HoldsLarge:
    return HoldsLarge()


@pytest.fixture
def client(held: HoldsLarge) -> Iterator[httpx.Client]:
    with (
        running(create_app(held)) as url,
        httpx.Client(base_url=url, timeout=60, limits=httpx.Limits()) as client,
    ):
        yield client
        held.go_on.set()


@pytest.fixture
def crowd(client: httpx.Client, held: HoldsLarge) -> Iterator[list[Future[httpx.Response]]]:
    """Clients who all send a large picture at once."""
    with ThreadPoolExecutor(MANY) as clients:
        yield [clients.submit(client.post, "/api/read", content=LARGE) for _ in range(MANY)]
        held.go_on.set()


def test_who_finds_too_many_large_pictures_waiting_is_told_when_to_come_again(crowd, held):
    first, _ = wait(crowd, 60, FIRST_COMPLETED)
    sent_away = first.pop().result()
    assert sent_away.status_code == 503
    assert 0 < int(sent_away.headers["retry-after"]) < 60
    error = sent_away.json()["error"]
    assert error["type"] == "Busy"
    assert "again in" in error["message"]
    held.go_on.set()
    assert {sent.result().status_code for sent in crowd} == {422, 503}  # nothing is written there


def test_a_small_picture_does_not_wait_for_large_ones(crowd, client, png_of):
    wait(crowd, 60, FIRST_COMPLETED)  # the queue is full
    answer = client.post("/api/read", content=png_of(7))
    assert answer.json()["text"] == "7"
    assert not all(sent.done() for sent in crowd)


def test_a_picture_of_many_bytes_waits_with_the_large_ones(crowd, client):
    wait(crowd, 60, FIRST_COMPLETED)
    assert client.post("/api/read", content=bytes(2**20)).status_code == 503


def test_large_pictures_are_read_again_when_the_crowd_is_gone(crowd, client, held):
    held.go_on.set()
    wait(crowd, 60)
    assert client.post("/api/read", content=LARGE).status_code == 422
