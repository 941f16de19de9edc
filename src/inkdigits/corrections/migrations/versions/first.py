"""The two tables, as they were first."""

import sqlalchemy as sa
from alembic import op

revision = "first"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "photos",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("picture", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "corrections",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("received", sa.Double, nullable=False),
        sa.Column("session", sa.String(32), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("label", sa.SmallInteger),
        sa.Column("sent_label", sa.SmallInteger),
        sa.Column("picture", sa.LargeBinary, nullable=False),
        sa.Column("strokes", sa.JSON),
        sa.Column("probabilities", sa.JSON, nullable=False),
        sa.Column("doubt", sa.Double, nullable=False),
        sa.Column("model", sa.String(100), nullable=False),
        sa.Column("photo", sa.String(64), sa.ForeignKey("photos.digest")),
        sa.Column("box", sa.JSON),
        sqlite_autoincrement=True,
    )
    op.create_index("by_state", "corrections", ["state", "number"])
    op.create_index("by_session", "corrections", ["session", "received"])
