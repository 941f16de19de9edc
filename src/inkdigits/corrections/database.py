"""The database behind a URL: connections that keep what is committed, and tables up to date."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any

from platformdirs import user_data_path
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from inkdigits.errors import InkDigitsError, StoreUnavailable

URLS = "sqlite:///corrections.sqlite or postgresql://user:password@host/name"
WAIT = 10
"""Seconds, for a database that is locked or does not answer."""
MIGRATING = 0x1A2D16175
"""Names the lock that PostgreSQL gives to one process at a time."""


def database_url(said: str) -> URL:
    """What a URL says; of none, a file in the user's data folder. Raises InkDigitsError."""
    if not said:
        path = user_data_path("inkdigits", appauthor=False) / "corrections.sqlite"
        return URL.create("sqlite", database=str(path))
    try:
        url = make_url(said)
    except ArgumentError as error:
        raise InkDigitsError(
            f"The database's URL cannot be understood. Write it like {URLS}."
        ) from error
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    return url


def engine_for(url: URL) -> Engine:
    """Connects when it is first used. Raises InkDigitsError if something for it is missing."""
    kind = url.get_backend_name()
    if kind not in ("sqlite", "postgresql"):  # others keep pictures cut off, or not at all
        raise InkDigitsError(
            f"{kind} is no kind of database that is known here, SQLite and PostgreSQL are. Write "
            f"the URL like {URLS}."
        )
    # Of what is set twice, what the URL says counts.
    if kind == "sqlite":
        url = url.set(query={"timeout": str(WAIT), **url.query})
    else:
        # Whatever the server's own settings: what is committed is on disk, nothing hangs.
        settings = f"-c synchronous_commit=on -c statement_timeout={WAIT}s"
        options = " ".join([settings, *url.normalized_query.get("options", ())])
        url = url.set(query={"connect_timeout": str(WAIT), **url.query, "options": options})
    try:
        engine = create_engine(url, pool_pre_ping=True)
    except NoSuchModuleError as error:
        raise InkDigitsError(f"{url.drivername} is no kind of database known here.") from error
    except ModuleNotFoundError as error:
        raise InkDigitsError(
            f"This database needs {error.name}: "
            + ('pip install "inkdigits[postgresql]"' if error.name == "psycopg" else "install it.")
        ) from error
    if kind == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # Python would begin transactions by rules of its own
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")  # a commit comes back when the disk has it
    connection.execute("PRAGMA foreign_keys = ON")


def _write_ahead(connection: Any) -> None:
    """Who reads does not wait for who writes. It is once for all; but while one process sets it,
    SQLite lets others not wait but fail."""
    until = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    """Who may write waits for others at once: later, SQLite would not wait but fail."""
    reads = connection.get_execution_options().get("reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def upgrade(connection: Connection, name: str) -> None:
    """Make the tables, or bring them up to date, in the transaction that has begun.

    Raises InkDigitsError if a newer inkdigits has made them.
    """
    if connection.dialect.name == "postgresql":  # SQLite's transaction has locked all already
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATING})"))
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    folder = str(resources.files("inkdigits.corrections") / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise InkDigitsError(
            f"{name} was made by a newer inkdigits than this one ({error}). Update inkdigits."
        ) from error


@contextmanager
def reached() -> Iterator[None]:
    """Turn what a database may raise that is down or full into StoreUnavailable."""
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, PoolTimeout, OSError) as error:
        why = getattr(error, "orig", None) or error
        raise StoreUnavailable(f"The corrections' database cannot be used now: {why}.") from error
