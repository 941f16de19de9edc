"""Where corrections are kept: SQLite in the user's data folder or at a URL, or PostgreSQL."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from threading import Lock
from typing import Any, Literal, NamedTuple, TypeVar, get_args

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from inkdigits.corrections.correction import Correction, data_url, digest_of
from inkdigits.corrections.database import database_url, engine_for, reached, upgrade
from inkdigits.corrections.tables import corrections, photos
from inkdigits.errors import StoreUnavailable

URL_VARIABLE = "INKDIGITS_DATABASE_URL"
MOST_AN_HOUR = 600
"""Of one session. A sheet of thirty digits that are all right is thirty of them."""
MOST_WAITING = 20_000
"""Of all sessions together: anybody may think up another session, and no disk is endless. With
photos they are 20 GB at most."""
TRIES = 5

State = Literal["waiting", "accepted", "rejected"]
Result = TypeVar("Result")


class New(NamedTuple):
    """A correction that is to be kept, and what the model thinks of it."""

    correction: Correction
    probabilities: list[float]
    """Of each digit from 0 to 9."""
    model: str
    """Whose they are."""

    @property
    def doubt(self) -> float:
        """How sure the model is that the label is wrong, in 0..1."""
        label = self.correction.label
        return sum(self.probabilities) if label is None else 1 - self.probabilities[label]


@dataclass(frozen=True, kw_only=True)
class Kept(Correction):
    """A correction as it is in the database."""

    number: int
    received: float
    """Unix time."""
    state: State
    sent_label: int | None
    """`label` is another if the owner gave it one."""
    probabilities: list[float]
    doubt: float
    model: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON; what `correction_of` reads is in it."""
        said = asdict(self) | {"picture": data_url(self.picture)}
        return said | {"photo": self.photo and data_url(self.photo)}


class Added(NamedTuple):
    """What became of a correction."""

    number: int
    is_new: bool
    """False: the same drawing was there."""


class Store:
    """The corrections in one database. Threads may share it, and so may processes its database.

    It is opened when it is first needed, and brought up to date. What `add` and the others have
    returned from is on disk.

    Args:
        url: such as postgresql://user@host/name; if left out, what INKDIGITS_DATABASE_URL says, or
            else a file of SQLite in the user's data folder.
        most_an_hour: so many are kept of one session within an hour.
        most_waiting: so many may wait for their review; no more are kept then.

    Raises:
        InkDigitsError: the URL is none, or needs a package that is not installed.
    All methods raise StoreUnavailable if the database is down or full, and then changed nothing.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        most_an_hour: int = MOST_AN_HOUR,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.url = database_url(url or os.environ.get(URL_VARIABLE) or "")
        self._most_an_hour, self._most_waiting = most_an_hour, most_waiting
        self._engine = engine_for(self.url)
        self._opening = Lock()
        self._is_open = False

    @property
    def name(self) -> str:
        """Its URL without the password."""
        return self.url.render_as_string()

    @property
    def is_missing(self) -> bool:
        """Whether it is a file that is not there yet; `open` makes it."""
        file = self.url.database
        is_file = self.url.get_backend_name() == "sqlite" and file and file != ":memory:"
        return bool(is_file) and not Path(str(file).removeprefix("file:")).exists()

    def open(self) -> None:
        """Bring the database up to date, or make it; of several processes one does, others wait."""
        with self._opening, reached():
            if self._is_open:
                return
            if self.url.get_backend_name() == "sqlite" and self.url.database:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._engine.begin() as connection:
                upgrade(connection, self.name)
            self._is_open = True

    def close(self) -> None:
        self._engine.dispose()

    def add(self, news: Sequence[New]) -> list[Added | StoreUnavailable | None]:
        """Keep them, all in one transaction; None for what is too much of its session, and an error
        for what has no room while so many are waiting.

        The same drawing is kept once: whoever sends it again changes its label, if it is the same
        session, and nothing otherwise.
        """
        return self._written(lambda connection: self._add(connection, news))

    def take_back(self, number: int, session: str) -> bool:
        """Forget a correction for who sent it; False if there is none of that session."""
        c = corrections.c
        return self._delete(c.number == number, c.session == session) == 1

    def page(
        self,
        state: State | None = None,
        *,
        after: int = 0,
        limit: int = 100,
        suspicious_first: bool = False,
    ) -> list[Kept]:
        """The first of those after that number; the most suspicious of all first, if so wanted.

        A correction is as suspicious as the model is sure that it is wrong, and as the model was,
        on average, of all of its session: one hand that the model contradicts against all others.
        """
        query = select(corrections).where(corrections.c.number > after).limit(limit)
        if state:
            query = query.where(corrections.c.state == state)
        if suspicious_first:
            session, doubt = corrections.c.session, corrections.c.doubt
            mean = func.avg(doubt).label("mean")
            each = select(session, mean).group_by(session).subquery()
            query = query.join(each, each.c.session == session)
            query = query.order_by((doubt + each.c.mean).desc())
        with self._begin(reads=True) as connection:
            rows = connection.execute(query.order_by(corrections.c.number)).mappings()
            return [_kept(row) for row in rows]

    def review(self, number: int, state: State, label: int | None) -> bool:
        """What the owner decides of a correction, and what it is; False if it is gone."""
        change = corrections.update().where(corrections.c.number == number)
        with self._begin() as connection:
            return connection.execute(change.values(state=state, label=label)).rowcount == 1

    def photo(self, correction: Kept) -> bytes | None:
        """The picture that it was cut out of, if that was sent."""
        query = select(photos.c.picture).join(corrections)
        with self._begin(reads=True) as connection:
            picture: bytes | None = connection.scalar(
                query.where(corrections.c.number == correction.number)
            )
            return picture

    def all(self, state: State | None = None, batch_size: int = 1000) -> Iterator[list[Kept]]:
        """All of them, or those in that state, from the oldest on."""
        last = 0
        while batch := self.page(state, after=last, limit=batch_size):
            yield batch
            last = batch[-1].number

    def stats(self) -> dict[str, Any]:
        """How many there are of which state, of how many sessions, and what the accepted are."""
        c, count = corrections.c, func.count()
        labels = select(c.label, count).where(c.state == "accepted").group_by(c.label)
        with self._begin(reads=True) as connection:
            states = connection.execute(select(c.state, count).group_by(c.state))
            return {
                **dict.fromkeys(get_args(State), 0),
                **{row.state: row[1] for row in states},
                "sessions": connection.scalar(select(func.count(c.session.distinct()))),
                "accepted_labels": {row.label: row[1] for row in connection.execute(labels)},
            }

    def delete(
        self,
        *,
        session: str | None = None,
        before: float | None = None,
        state: State | None = None,
    ) -> int:
        """Forget those of a session, received before a time, in a state; how many they were."""
        c = corrections.c
        wanted = []
        if session is not None:
            wanted.append(c.session == session)
        if before is not None:
            wanted.append(c.received < before)
        if state is not None:
            wanted.append(c.state == state)
        if not wanted:
            raise ValueError("Name a session, a time or a state.")
        return self._delete(*wanted)

    def _delete(self, *where: Any) -> int:
        used = select(corrections.c.photo).where(corrections.c.photo.is_not(None))

        def forget(connection: Connection) -> int:
            count = connection.execute(corrections.delete().where(*where)).rowcount
            if count:
                connection.execute(photos.delete().where(photos.c.digest.not_in(used)))
            return count

        return self._written(forget)

    def _add(
        self, connection: Connection, news: Sequence[New]
    ) -> list[Added | StoreUnavailable | None]:
        c = corrections.c
        by_digest = c.digest.in_({new.correction.digest for new in news})
        there = select(c.digest, c.number, c.session, c.sent_label).where(by_digest)
        known = {row.digest: row for row in connection.execute(there)}
        sent = self._sent_lately(connection, {new.correction.session for new in news})
        changed: dict[str, New] = {}
        fresh: dict[str, New] = {}
        for new in news:  # the last word of a session counts
            digest, session = new.correction.digest, new.correction.session
            if row := known.get(digest):
                if row.session == session:
                    changed[digest] = new
            elif digest in fresh:
                if fresh[digest].correction.session == session:
                    fresh[digest] = new
            elif sent[session] < self._most_an_hour:
                fresh[digest] = new
                sent[session] += 1
        judged = {"state", "label", "sent_label", "probabilities", "doubt", "model"}
        # In one order, or two processes might each wait for the other.
        for digest, new in sorted(changed.items()):
            if known[digest].sent_label != new.correction.label:
                values = {name: value for name, value in _values(new).items() if name in judged}
                connection.execute(corrections.update().where(c.digest == digest), values)
        no_room = [*fresh][self._room(connection) :] if fresh else []
        for digest in no_room:
            del fresh[digest]
        if fresh:
            _insert_photos(connection, fresh.values())
            connection.execute(
                corrections.insert(), [_values(fresh[each]) for each in sorted(fresh)]
            )
        numbers = {row.digest: row.number for row in connection.execute(there)}
        full = StoreUnavailable(
            f"{self._most_waiting:,} corrections are waiting, and no more are kept: accept or "
            "reject some at /review, or inkdigits corrections delete --state waiting."
        )

        def result(new: New) -> Added | StoreUnavailable | None:
            digest = new.correction.digest
            if digest in numbers:
                return Added(numbers[digest], fresh.get(digest) is new)
            return full if digest in no_room else None

        return [result(new) for new in news]

    def _sent_lately(self, connection: Connection, sessions: set[str]) -> Counter[str]:
        c = corrections.c
        lately = c.session.in_(sessions) & (c.received > time.time() - 3600)
        query = select(c.session, func.count()).where(lately).group_by(c.session)
        return Counter({row[0]: row[1] for row in connection.execute(query)})

    def _room(self, connection: Connection) -> int:
        """How many more may wait for their review."""
        waiting = select(func.count()).where(corrections.c.state == "waiting")
        return max(self._most_waiting - (connection.scalar(waiting) or 0), 0)

    def _written(self, write: Callable[[Connection], Result]) -> Result:
        """What `write` returns of its transaction, which is tried again if others were first."""
        for _ in range(TRIES):
            try:
                with self._begin() as connection:
                    return write(connection)
            except IntegrityError as error:  # another process has kept or forgotten the same
                refused = error  # and is seen the next time
        raise StoreUnavailable(f"Others change the same at the same time: {refused}") from refused

    @contextmanager
    def _begin(self, *, reads: bool = False) -> Iterator[Connection]:
        """A transaction, which is on disk when the context has ended."""
        self.open()
        with (
            reached(),
            self._engine.connect() as connection,
            connection.execution_options(reads=reads).begin(),
        ):
            yield connection


def _values(new: New) -> dict[str, Any]:
    """The row of a correction that is sent."""
    correction = new.correction
    return {field.name: getattr(correction, field.name) for field in fields(Correction)} | {
        "digest": correction.digest,
        "received": time.time(),
        "state": "waiting",
        "sent_label": correction.label,
        "photo": correction.photo and digest_of(correction.photo),
        "probabilities": new.probabilities,
        "doubt": new.doubt,
        "model": new.model,
    }


def _insert_photos(connection: Connection, news: Iterable[New]) -> None:
    """A photo is kept once, however many digits are cut out of it."""
    sent = {digest_of(p): p for new in news if (p := new.correction.photo)}
    known = connection.scalars(select(photos.c.digest).where(photos.c.digest.in_(sent))).all()
    rows = [{"digest": each, "picture": sent[each]} for each in sorted(sent.keys() - known)]
    if rows:
        connection.execute(photos.insert(), rows)


def _kept(row: Any) -> Kept:
    return Kept(**{field.name: row[field.name] for field in fields(Kept)} | {"photo": None})
