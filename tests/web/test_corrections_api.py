"""The API of corrections: what is kept, what is refused, and that reading goes on without it."""

import asyncio
import json
import time
from collections.abc import Iterator, MutableMapping
from contextlib import closing
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import create_engine, text

from handwriting import png, written
from inkdigits import InkDigitsError, Reader
from inkdigits.corrections.correction import correction_of, data_url
from inkdigits.corrections.store import Store
from inkdigits.web.app import app_from_env, create_app
from inkdigits.web.corrections import Keeper
from sent import ALICE, BOB, new, sent

TOKEN = "a-token-that-nobody-guesses"
OWNER = {"Authorization": f"Bearer {TOKEN}"}


def tiff(picture: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(picture).save(file, "TIFF")
    return file.getvalue()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(f"sqlite:///{tmp_path / 'kept.sqlite'}", most_an_hour=5)) as store:
        yield store


@pytest.fixture
def client(reader: Reader, store: Store) -> TestClient:
    return TestClient(create_app(reader, corrections=store, owner_token=TOKEN))


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["message"]


def test_without_it_nothing_can_be_sent_and_nobody_is_told_otherwise(reader: Reader) -> None:
    client = TestClient(create_app(reader))
    assert client.post("/api/corrections", json=sent()).status_code == 404
    assert client.get("/review").status_code == 404
    assert "keeps_corrections_days" not in client.get("/api/health").json()


def test_what_was_sent_is_kept_with_the_opinion_of_the_model(
    client: TestClient, store: Store, reader: Reader
) -> None:
    answer = client.post("/api/corrections", json=sent(7, 1))
    assert answer.status_code == 201
    [kept] = store.page()
    assert (kept.number, kept.label) == (answer.json()["number"], 1)
    assert kept.probabilities[7] > 0.9
    assert kept.doubt > 0.9
    assert kept.model == reader.metadata["sha256"]
    assert client.post("/api/corrections", json=sent(7, 1)).status_code == 200
    assert client.get("/api/health").json()["keeps_corrections_days"] == 365


def test_nothing_of_a_file_is_kept_but_its_pixels(client: TestClient, store: Store) -> None:
    file, said = BytesIO(), PngInfo()
    said.add_text("Author", "Alice")
    Image.fromarray(written(7, 60)).save(file, "PNG", pnginfo=said)
    assert b"Alice" in file.getvalue()
    client.post("/api/corrections", json=sent(picture=data_url(file.getvalue())))
    assert store.page()[0].picture == png(written(7, 60))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"label": 12}, '"label" is 12. It must be a digit'),
        ({"label": "7"}, '"label" is "7"'),
        ({"label": True}, '"label" is true'),
        ({"picture": "aGFsbG8="}, "in no picture format"),
        ({"picture": data_url(tiff(written(7, 60)))}, "is neither PNG nor JPEG"),
        ({"picture": "no base64!"}, '"picture" must be base64'),
        ({"picture": None}, 'There is no "picture"'),
        ({"picture": data_url(png(written(7, 60) * 0 + 255))}, "Nothing is written in the picture"),
        ({"session": "me@example.org"}, '"session" must be 32'),
        ({"strokes": [[[0, 0, 0]] * 10_001]}, '"strokes" must be'),
        ({"strokes": [[[0, "0", 0]]]}, '"strokes" must be'),
        ({"strokes": [[]]}, '"strokes" must be'),
        ({"photo": data_url(png(written(7, 60))), "box": [1, 2, 3]}, '"box" must be'),
    ],
)
def test_what_is_no_correction_is_refused_with_what_is_wrong(
    client: TestClient, store: Store, wrong: dict[str, object], message: str
) -> None:
    status, said = refusal(client.post("/api/corrections", json=sent(**wrong)))
    assert status == 422
    assert message in said
    assert store.page() == []


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 422, "not: Expecting value"),
        (b"[]", 422, "is a JSON object"),
        (b"[" * 100_000, 422, "this is not"),
        (json.dumps(sent(strokes=[[[0, 0, float("nan")]]])).encode(), 422, "NaN is no number"),
        (json.dumps(sent(strokes=[[[0, 1e999, 0]]])).encode(), 422, "Infinity is no number"),
        (json.dumps(sent()).replace("90.0", "1e999").encode(), 422, '"strokes" must be'),
        (json.dumps(sent(strokes=[[[0, 0, 0]] * 1_000_000])).encode(), 413, "larger than 1 MiB"),
    ],
)
def test_a_body_that_is_none_is_refused(
    client: TestClient, body: bytes, status: int, message: str
) -> None:
    answer = refusal(client.post("/api/corrections", content=body))
    assert answer[0] == status
    assert message in answer[1]


def test_a_picture_that_is_too_large_is_refused(client: TestClient) -> None:
    picture = data_url(png(written(7, 520)))
    assert refusal(client.post("/api/corrections", json=sent(picture=picture)))[0] == 413


def test_a_session_that_sends_too_much_is_told_to_wait(client: TestClient) -> None:
    answers = [client.post("/api/corrections", json=sent(side=40 + i)) for i in range(6)]
    assert [answer.status_code for answer in answers] == [201] * 5 + [429]
    assert "sent as many corrections as it may" in refusal(answers[-1])[1]
    assert answers[-1].headers["retry-after"] == "600"
    assert client.post("/api/corrections", json=sent(side=70, session=BOB)).status_code == 201


def test_with_too_many_waiting_nobody_is_kept_and_the_owner_is_told(
    reader: Reader, tmp_path: Path, server_log: pytest.LogCaptureFixture
) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'full.sqlite'}", most_waiting=2)) as store:
        client = TestClient(create_app(reader, corrections=store))
        answers = [
            client.post("/api/corrections", json=sent(side=40 + i, session=f"{i:032x}"))
            for i in range(3)
        ]
    assert [answer.status_code for answer in answers] == [201, 201, 503]
    assert answers[-1].headers["retry-after"]
    assert "2 corrections are waiting" in server_log.text


def test_another_sites_page_may_send_nothing(client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://example.org"}
    assert client.post("/api/corrections", json=sent(), headers=headers).status_code == 403


def test_who_sent_it_takes_it_back_and_nobody_else(client: TestClient, store: Store) -> None:
    number = client.post("/api/corrections", json=sent()).json()["number"]
    place = f"/api/corrections/{number}"
    assert client.delete(place).status_code == 422
    refused = client.delete(place, headers={"Session": BOB})
    assert refused.status_code == 404
    assert "There is no correction" in refused.json()["error"]["message"]
    assert client.delete(place, headers={"Session": ALICE}).status_code == 204
    assert store.page() == []


@pytest.mark.parametrize("path", ["/api/corrections", "/api/corrections/1/review"])
@pytest.mark.parametrize("shown", [None, "Bearer wrong", "Bearer ", TOKEN[:-1], "Bearer \xe9"])
def test_only_who_shows_the_token_sees_or_reviews(
    client: TestClient, path: str, shown: str | None
) -> None:
    headers = {"Authorization": shown.encode("latin-1")} if shown else {}
    method = "POST" if path.endswith("review") else "GET"
    body = {"state": "accepted", "label": 7}
    answer = client.request(method, path, headers=headers, json=body)
    assert answer.status_code == 401
    assert "Authorization: Bearer TOKEN" in refusal(answer)[1]
    assert client.get("/api/corrections", params={"token": TOKEN}).status_code == 401


def test_no_large_body_is_taken_in_for_a_review(client: TestClient) -> None:
    async def endless() -> dict[str, object]:
        nonlocal taken
        taken += 2**16
        return {"type": "http.request", "body": b" " * 2**16, "more_body": taken < 2**25}

    async def answer(message: MutableMapping[str, object]) -> None:
        answers.append(message)

    taken = 0
    answers: list[MutableMapping[str, object]] = []
    place = "/api/corrections/1/review"
    # Not by the client, which takes in all of it before it asks.
    scope = {"type": "http", "method": "POST", "path": place, "query_string": b"", "headers": []}
    asyncio.run(client.app(scope, endless, answer))
    assert answers[0]["status"] == 401
    assert taken <= 2**16
    assert client.post(place, content=b" " * 2**20, headers=OWNER).status_code == 413
    said = 413, "The decision is larger than 1,000 bytes. Send a smaller one."
    assert refusal(client.post(place, content=b" " * 1001, headers=OWNER)) == said
    decision = b'{"state": "accepted", "label": 7}'.ljust(1000)
    assert client.post(place, content=decision, headers=OWNER).status_code == 404
    assert refusal(client.post(place, content=b"[", headers=OWNER))[0] == 400
    assert refusal(client.post(place, content=b"[]", headers=OWNER))[0] == 422


def test_over_plain_http_too_another_sites_page_may_send_nothing(client: TestClient) -> None:
    for origin, status in (
        ("http://evil.example", 403),
        ("null", 403),
        ("http://[", 403),
        ("http://testserver", 201),
    ):
        answer = client.post("/api/corrections", json=sent(), headers={"Origin": origin})
        assert answer.status_code == status


def test_a_large_photo_is_decoded_in_a_process_of_its_own(
    client: TestClient, no_process: None
) -> None:
    photo = data_url(png(written(7, 1000)))
    answer = client.post("/api/corrections", json=sent() | {"photo": photo, "box": [0, 0, 9, 9]})
    assert refusal(answer)[0] == 503
    assert answer.headers["retry-after"]


def test_a_server_without_a_token_shows_nothing_to_anybody(reader: Reader, store: Store) -> None:
    client = TestClient(create_app(reader, corrections=store))
    assert client.get("/api/corrections", headers={"Authorization": "Bearer "}).status_code == 403


def test_the_owner_sees_page_after_page(client: TestClient, store: Store) -> None:
    store.add([new(side=side) for side in range(50, 55)])
    seen, after = [], 0
    while after is not None:
        params = {"limit": 2, "after": after}
        answer = client.get("/api/corrections", params=params, headers=OWNER).json()
        seen += [each["number"] for each in answer["corrections"]]
        after = answer["next"]
    assert seen == [kept.number for kept in store.page()]
    assert answer["corrections"][0]["picture"].startswith("data:image/png;base64,")


def test_the_owner_accepts_rejects_and_relabels(client: TestClient, store: Store) -> None:
    store.add([new(7, 1, side=side) for side in (50, 51, 52)])
    decisions = [("accepted", 1), ("rejected", 1), ("accepted", 7)]
    for kept, (state, label) in zip(store.page(), decisions, strict=True):
        place = f"/api/corrections/{kept.number}/review"
        decision = {"state": state, "label": label}
        assert client.post(place, json=decision, headers=OWNER).status_code == 204
    assert [(kept.state, kept.label) for kept in store.page()] == decisions
    place = "/api/corrections/99/review"
    gone = client.post(place, json=decision, headers=OWNER)
    assert (gone.status_code, gone.json()["error"]["type"]) == (404, "NotFound")
    assert "it may have been taken back" in gone.json()["error"]["message"]
    for label in (10, False, "7"):
        decision = {"state": "accepted", "label": label}
        assert client.post(place, json=decision, headers=OWNER).status_code == 422


def test_all_methods_of_an_address_are_allowed_where_another_is_refused(client: TestClient) -> None:
    answer = client.put("/api/corrections")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_without_a_database_reading_goes_on_and_a_correction_is_to_be_sent_again(
    reader: Reader,
) -> None:
    down = Store("postgresql://127.0.0.1:1/none")
    with TestClient(create_app(reader, corrections=down, owner_token=TOKEN)) as client:
        answer = client.post("/api/corrections", json=sent())
        assert refusal(answer) == (
            503,
            "The server is busy. Corrections cannot be kept now. Send it again in 2 seconds.",
        )
        assert answer.headers["retry-after"] == "2"
        assert client.get("/api/corrections", headers=OWNER).status_code == 503
        assert client.post("/api/read", content=png(written(7))).json()["text"] == "7"


@pytest.fixture
def too_new(store: Store) -> Store:
    """The database, after a newer inkdigits has been there."""
    store.open()
    with create_engine(store.url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    return Store(str(store.url))


def test_a_server_that_cannot_use_its_database_does_not_start(
    reader: Reader, too_new: Store
) -> None:
    with (
        pytest.raises(InkDigitsError, match="made by a newer inkdigits"),
        TestClient(create_app(reader, corrections=too_new)),
    ):
        pass


def test_what_is_wrong_with_the_database_is_no_fault_of_a_correction(
    reader: Reader, too_new: Store
) -> None:
    client = TestClient(create_app(reader, corrections=too_new, owner_token=TOKEN))
    busy = 503, "The server is busy. Corrections cannot be kept now. Send it again in 2 seconds."
    review = {"state": "accepted", "label": 7}
    for answer in (
        client.post("/api/corrections", json=sent()),
        client.delete("/api/corrections/1", headers={"Session": ALICE}),
        client.get("/api/corrections", headers=OWNER),
        client.post("/api/corrections/1/review", json=review, headers=OWNER),
    ):
        assert refusal(answer) == busy


def test_those_that_come_at_once_are_kept_in_few_transactions(store: Store) -> None:
    sizes = []

    class Counting(Store):
        def add(self, news):  # type: ignore[no-untyped-def]
            sizes.append(len(news))
            return super().add(news)

    async def keep_all() -> list[object]:
        keeper = Keeper(Counting(str(store.url)))
        return await asyncio.gather(*(keeper.keep(new(side=40 + i)) for i in range(9)))

    assert all(asyncio.run(keep_all()))
    assert sizes == [9]
    assert len(store.page()) == 9


def test_the_reference_describes_all_of_it(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    operations = [
        operation
        for path, methods in document["paths"].items()
        if path.startswith("/api/corrections")
        for operation in methods.values()
    ]
    assert len(operations) == 4
    for operation in operations:
        assert operation["summary"]
        assert all(parameter["description"] for parameter in operation.get("parameters", []))
    example = client.get("/openapi.json").json()["paths"]["/api/corrections"]["post"]
    body = example["requestBody"]["content"]["application/json"]["example"]
    assert correction_of(body).label == 7
    described = document["components"]["schemas"]["Correction"]["properties"]
    client.post("/api/corrections", json=sent())
    answer = client.get("/api/corrections", headers=OWNER).json()
    assert set(answer["corrections"][0]) == set(described)


# ---------------------------------------------------------------- settings


@pytest.fixture
def environment(environment: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    environment.setenv("INKDIGITS_CORRECTIONS", "1")
    environment.setenv("INKDIGITS_DATABASE_URL", f"sqlite:///{tmp_path / 'kept.sqlite'}")
    return environment


@pytest.mark.parametrize("from_file", [False, True])
def test_the_database_and_the_token_come_from_the_environment(
    environment: pytest.MonkeyPatch, tmp_path: Path, from_file: bool
) -> None:
    if from_file:
        (tmp_path / "token").write_text(f"{TOKEN}\n")
        environment.setenv("INKDIGITS_OWNER_TOKEN_FILE", str(tmp_path / "token"))
    else:
        environment.setenv("INKDIGITS_OWNER_TOKEN", TOKEN)
    with TestClient(app_from_env()) as client:
        assert (tmp_path / "kept.sqlite").exists()  # made before the first is sent
        assert client.post("/api/corrections", json=sent()).status_code == 201
        answer = client.get("/api/corrections", headers=OWNER).json()
        assert len(answer["corrections"]) == 1


def test_a_token_may_end_with_a_new_line_and_its_scheme_be_in_small_letters(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("INKDIGITS_OWNER_TOKEN", f"{TOKEN}\n")
    with TestClient(app_from_env()) as client:
        answer = client.get("/api/corrections", headers={"Authorization": f"bearer {TOKEN}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(("kept", "warnings"), [("0", 1), ("1", 0)])
def test_an_owner_whose_server_keeps_no_corrections_is_told(
    environment: pytest.MonkeyPatch,
    server_log: pytest.LogCaptureFixture,
    kept: str,
    warnings: int,
) -> None:
    environment.setenv("INKDIGITS_OWNER_TOKEN", TOKEN)
    environment.setenv("INKDIGITS_CORRECTIONS", kept)
    app_from_env()
    assert server_log.text.count("no corrections are kept (--corrections)") == warnings


def test_what_is_older_than_the_page_says_is_forgotten_at_the_start(
    environment: pytest.MonkeyPatch, store: Store
) -> None:
    environment.setenv("INKDIGITS_KEEP_DAYS", "30")
    store.add([new()])
    with TestClient(app_from_env()) as client:
        assert client.get("/api/health").json()["keeps_corrections_days"] == 30
        assert len(store.page()) == 1
    later = time.time() + 31 * 86400
    environment.setattr("time.time", lambda: later)
    with TestClient(app_from_env()):
        assert store.page() == []


def test_a_mounted_app_forgets_too_where_its_lifespan_is_run(
    reader: Reader, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add([new()])
    ink = create_app(reader, corrections=store, keep_days=30)
    whole = FastAPI(lifespan=ink.router.lifespan_context)
    whole.mount("/ink", ink)
    later = time.time() + 31 * 86400
    monkeypatch.setattr("time.time", lambda: later)
    with TestClient(whole) as client:
        assert client.get("/ink/api/health").json()["keeps_corrections_days"] == 30
        assert store.page() == []


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("INKDIGITS_OWNER_TOKEN", "short", "shorter than 16 characters"),
        ("INKDIGITS_OWNER_TOKEN_FILE", "/nothing/here", "cannot be read"),
        ("INKDIGITS_DATABASE_URL", "nonsense", "cannot be understood"),
        ("INKDIGITS_CORRECTIONS", "true", "'true'. It must be 1"),
    ],
)
def test_a_wrong_setting_is_told_before_anything_is_served(
    environment: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises((InkDigitsError, ValueError), match=message):
        app_from_env()
