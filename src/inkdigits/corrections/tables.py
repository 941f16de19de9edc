"""The database's two tables. A change here needs a migration, too: see docs/corrections.md."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
)

metadata = MetaData()

photos = Table(
    "photos",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("picture", LargeBinary, nullable=False),
)

corrections = Table(
    "corrections",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("received", Double, nullable=False),  # Unix time
    Column("session", String(32), nullable=False),
    Column("state", String(8), nullable=False),
    Column("label", SmallInteger),
    Column("sent_label", SmallInteger),
    Column("picture", LargeBinary, nullable=False),
    Column("strokes", JSON),
    Column("probabilities", JSON, nullable=False),
    Column("doubt", Double, nullable=False),
    Column("model", String(100), nullable=False),
    Column("photo", ForeignKey("photos.digest")),
    Column("box", JSON),
    Index("by_state", "state", "number"),
    Index("by_session", "session", "received"),
    sqlite_autoincrement=True,  # a number is never given twice, also after what was deleted
)
