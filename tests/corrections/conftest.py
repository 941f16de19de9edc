"""An empty database of each kind."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from inkdigits.corrections.store import Store
from postgresql import Server, postgresql, programs


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """PostgreSQL; without it the test is skipped, or fails where INKDIGITS_REQUIRE_POSTGRESQL=1."""
    if not (found := programs()):
        reason = "there is no PostgreSQL: install Debian's postgresql"
        if os.environ.get("INKDIGITS_REQUIRE_POSTGRESQL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with postgresql(found) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'corrections.sqlite'}"
    server: Server = request.getfixturevalue("server")
    with psycopg.connect(server.url) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return server.url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with closing(Store(url)) as store:
        yield store
