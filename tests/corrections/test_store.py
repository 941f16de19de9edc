"""What is kept of corrections, in SQLite and in a real PostgreSQL."""

import resource
import socket
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, select, text

from corrections import rounds_of_killing
from inkdigits.corrections.database import database_url, engine_for
from inkdigits.corrections.store import Added, New, Store
from inkdigits.corrections.tables import corrections, metadata
from inkdigits.errors import InkDigitsError, StoreUnavailable
from postgresql import Server
from sent import ALICE, BOB, STROKES, new

# From Python 3.12 on, of a fork beside threads; here the child uses none of what they hold.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")


def add(store: Store, *news: New) -> list[int]:
    return [added.number for added in store.add(news) if added]


def test_what_was_sent_is_there_with_all_that_belongs_to_it(store: Store) -> None:
    photo = new(3, side=90).correction.picture
    seven = new(7, 1)
    one = seven._replace(correction=replace(seven.correction, photo=photo, box=[1, 2, 30, 40]))
    [number] = add(store, one)
    [kept] = store.page()
    assert kept.number == number
    assert (kept.session, kept.label, kept.sent_label, kept.state) == (ALICE, 1, 1, "waiting")
    assert (kept.picture, kept.strokes, kept.box) == (
        one.correction.picture,
        STROKES,
        [1, 2, 30, 40],
    )
    assert (kept.probabilities, kept.model) == (one.probabilities, "model")
    assert kept.doubt == pytest.approx(0.999)
    assert store.photo(kept) == photo
    assert abs(kept.received - time.time()) < 60


def test_it_outlives_the_process_that_kept_it(store: Store, url: str) -> None:
    add(store, new())
    store.close()
    with closing(Store(url)) as anew:
        assert len(anew.page()) == 1


def test_the_same_drawing_is_one_row_however_often_it_is_sent(store: Store) -> None:
    first, again = store.add([new(), new()])
    [later] = store.add([new()])
    [another] = store.add([new(side=61)])
    numbers = [added.number for added in (first, again, later, another) if added]
    assert numbers == [numbers[0]] * 3 + [numbers[3]]
    assert numbers[0] != numbers[3]
    assert [added.is_new for added in (later, another) if added] == [False, True]
    assert len(store.page()) == 2


def test_who_changes_their_mind_changes_the_label_and_nobody_else_does(store: Store) -> None:
    [number] = add(store, new(label=7))
    store.review(number, "accepted", 7)
    add(store, new(label=4, session=BOB))
    assert [(each.label, each.state) for each in store.page()] == [(7, "accepted")]
    add(store, new(label=1))
    assert [(each.label, each.state) for each in store.page()] == [(1, "waiting")]


def test_a_changed_label_comes_with_the_opinion_of_the_model_that_reads_now(store: Store) -> None:
    add(store, new(7, 1))
    later = new(7, 4)._replace(probabilities=[0.1] * 10, model="later")
    add(store, later)
    [kept] = store.page()
    assert (kept.label, kept.model, kept.probabilities) == (4, "later", [0.1] * 10)
    assert kept.doubt == later.doubt == pytest.approx(0.9)


def test_of_what_arrives_together_the_last_word_counts(store: Store) -> None:
    add(store, new(label=3))
    add(store, new(label=5), new(label=9, session=BOB), new(label=3))
    assert [each.label for each in store.page()] == [3]
    add(store, new(label=3), new(label=4))
    assert [each.label for each in store.page()] == [4]


def test_who_sent_it_can_take_it_back_and_nobody_else(store: Store) -> None:
    [number] = add(store, new())
    assert not store.take_back(number, BOB)
    assert store.take_back(number, ALICE)
    assert not store.take_back(number, ALICE)
    assert store.page() == []


def test_a_session_that_sends_too_much_has_no_more_kept_and_others_have(url: str) -> None:
    with closing(Store(url, most_an_hour=2)) as store:
        first, second, third = store.add([new(side=side) for side in (50, 51, 52)])
        assert first
        assert second
        assert third is None
        assert store.add([new(side=53)]) == [None]
        assert store.add([new(side=50)]) == [(first.number, False)]  # it is there already
        assert len(add(store, new(side=54, session=BOB))) == 1


def test_with_too_many_waiting_no_more_are_kept_whatever_session_they_are_of(url: str) -> None:
    with closing(Store(url, most_waiting=2)) as store:
        first, _ = add(store, new(side=50), new(side=51, session=BOB))
        for session in (ALICE, BOB, "c" * 32):
            [refused] = store.add([new(side=52, session=session)])
            assert "2 corrections are waiting, and no more" in str(refused)
        changed, refused = store.add([new(7, 1, side=50), new(side=52)])  # one is there already
        assert isinstance(changed, Added)
        assert isinstance(refused, StoreUnavailable)
        assert [each.label for each in store.page()] == [1, 7]
        store.review(first, "accepted", 7)
        assert len(add(store, new(side=52, session=BOB))) == 1


def test_pages_go_from_the_oldest_on_and_those_of_one_state(store: Store) -> None:
    numbers = add(store, *(new(side=side) for side in range(50, 57)))
    numbers.sort()
    first = store.page(limit=3)
    rest = store.page(after=first[-1].number)
    assert [each.number for each in first + rest] == numbers
    store.review(numbers[2], "rejected", 7)
    assert [each.number for each in store.page("rejected")] == [numbers[2]]
    assert [each.number for each in store.page("waiting", limit=100)] == numbers[:2] + numbers[3:]
    assert [len(batch) for batch in store.all(batch_size=4)] == [4, 3]


def test_what_the_model_surely_contradicts_comes_first_then_who_else_is_contradicted(
    store: Store,
) -> None:
    liar, right = new(7, 1, session=BOB), new(7, 7, side=61)
    beside_liar = new(7, 7, side=62, session=BOB)
    none, right_too = new(3, None, side=63), new(3, 3, side=64)
    add(store, right, right_too, beside_liar, none, liar)
    order = [(each.session, each.label) for each in store.page(suspicious_first=True)]
    assert order == [(BOB, 1), (ALICE, None), (BOB, 7), (ALICE, 3), (ALICE, 7)]


def test_a_review_gives_a_state_and_a_label_and_the_first_label_is_still_known(
    store: Store,
) -> None:
    [number] = add(store, new(7, 1))
    assert store.review(number, "accepted", 7)
    [kept] = store.page("accepted")
    assert (kept.label, kept.sent_label) == (7, 1)
    assert not store.review(number + 1, "accepted", 7)


def test_stats_count_states_sessions_and_accepted_labels(store: Store) -> None:
    numbers = add(store, new(), new(side=61), new(side=62, session=BOB), new(label=None, side=63))
    for number, label in zip(numbers, [7, 7, 1, None], strict=True):
        store.review(number, "accepted" if label != 1 else "rejected", label)
    assert store.stats() == {
        "waiting": 0,
        "accepted": 3,
        "rejected": 1,
        "sessions": 2,
        "accepted_labels": {7: 2, None: 1},
    }


def test_a_session_or_an_age_is_deleted_with_its_photos(store: Store, url: str) -> None:
    photo = new(3, side=90).correction.picture
    mine = new()
    add(store, mine._replace(correction=replace(mine.correction, photo=photo, box=[0, 0, 1, 1])))
    add(store, new(side=61, session=BOB))
    assert store.delete(before=time.time() - 3600) == 0
    assert store.delete(session=ALICE) == 1
    assert [each.session for each in store.page()] == [BOB]
    engine = create_engine(store.url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM photos")) == 0
    engine.dispose()
    assert store.delete(before=time.time() + 1) == 1


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "forget",
    [lambda store: store.take_back(1, ALICE), lambda store: store.delete(session=ALICE)],
    ids=["taken back", "deleted"],
)
def test_a_digit_is_forgotten_while_another_of_its_photo_is_being_kept(
    store: Store, forget: Callable[[Store], int]
) -> None:
    photo = new(3, side=90).correction.picture
    mine = new()
    add(store, mine._replace(correction=replace(mine.correction, photo=photo, box=[0, 0, 1, 1])))
    engine = create_engine(store.url)
    with engine.connect() as other, ThreadPoolExecutor() as threads:
        row = other.execute(select(corrections)).mappings().one()
        another = {**row, "number": 2, "digest": "another", "session": BOB}
        other.execute(corrections.insert(), another)
        forgotten = threads.submit(forget, store)
        while not other.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            assert not forgotten.done()
            time.sleep(0.01)
        other.commit()
        assert forgotten.result() == 1
    engine.dispose()
    [kept] = store.page()
    assert (kept.session, store.photo(kept)) == (BOB, photo)


def test_the_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    store.open()
    engine = create_engine(store.url)
    seen = inspect(engine)
    for table in metadata.sorted_tables:
        assert {column["name"] for column in seen.get_columns(table.name)} == set(table.c.keys())
        indexes = {index["name"] for index in seen.get_indexes(table.name)}
        assert {index.name for index in table.indexes} <= indexes
    engine.dispose()


def opened(url: str) -> str:
    with closing(Store(url)) as store:
        try:
            store.open()
        except StoreUnavailable as error:
            return str(error)
    return ""


def test_several_processes_may_make_one_database_at_once(url: str) -> None:
    with ProcessPoolExecutor(8, get_context("fork")) as processes:
        assert list(processes.map(opened, [url] * 8)) == [""] * 8


def test_a_database_of_a_newer_inkdigits_is_left_as_it_is(store: Store, url: str) -> None:
    add(store, new())
    engine = create_engine(store.url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    engine.dispose()
    with (
        closing(Store(url)) as anew,
        pytest.raises(InkDigitsError, match="made by a newer inkdigits"),
    ):
        anew.page()


def test_nothing_confirmed_is_lost_or_doubled_when_writers_are_killed(url: str) -> None:
    outcome = rounds_of_killing(url, rounds=3, seconds=0.4)
    assert outcome.confirmed > 20
    assert (outcome.lost, outcome.doubled, outcome.damaged) == (0, 0, False)


def test_a_disk_that_is_full_says_so_and_keeps_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "corrections.sqlite"
    store = Store(f"sqlite:///{file}")
    add(store, new())
    limit, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most))
    try:
        with pytest.raises(StoreUnavailable, match="cannot be used now"):
            add(store, *(new(side=side) for side in range(60, 80)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
    assert len(store.page()) == 1
    assert len(add(store, new(side=61))) == 1
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("nonsense", "cannot be understood"),
        ("oracel://host/name", "no kind of database"),
        ("mysql+pymysql://host/name", "mysql is no kind of database .* SQLite and PostgreSQL are"),
        ("postgresql+pg9000://host/name", "no kind of database"),
        ("postgresql+pg8000://host/name", "needs pg8000: install it"),
    ],
)
def test_a_url_that_is_none_is_told_at_once(wrong: str, message: str) -> None:
    with pytest.raises(InkDigitsError, match=message):
        Store(wrong)


@pytest.mark.parametrize(
    "absent", ["postgresql://127.0.0.1:1/none", "sqlite:////dev/null/none.sqlite"]
)
def test_a_database_that_is_not_there_is_unavailable(absent: str) -> None:
    with pytest.raises(StoreUnavailable):
        Store(absent).add([new()])


def test_options_in_the_url_count_and_so_do_our_own(server: Server) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE SCHEMA ink")
    url = f"{server.url}&options=-c%20search_path%3Dink"
    with closing(Store(url)) as store:
        add(store, new())
    engine = engine_for(database_url(url))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ink.corrections")) == 1
        assert connection.scalar(text("SHOW statement_timeout")) == "10s"
    engine.dispose()


def test_a_time_to_wait_in_the_url_is_the_one_that_is_waited(tmp_path: Path) -> None:
    waits = []
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"postgresql://127.0.0.1:{silent.getsockname()[1]}/none?connect_timeout=2"
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable, match="timeout"):
            Store(url).open()
        waits.append(time.monotonic() - begun)
    file = tmp_path / "locked.sqlite"
    with (
        closing(Store(f"sqlite:///{file}?timeout=1")) as store,
        closing(sqlite3.connect(file)) as other,
    ):
        store.open()
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable, match="locked"):
            store.add([new()])
        waits.append(time.monotonic() - begun)
    assert max(waits) < 8  # as long as it waits otherwise is longer


def test_a_password_is_never_shown() -> None:
    assert "secret" not in Store("postgresql://me:secret@host/name").name
