"""Run by Alembic, on the connection that `Store` has opened and locked."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
