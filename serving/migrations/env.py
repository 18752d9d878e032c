"""Runs the revisions on the connection that `serving.store` hands over."""

from alembic import context

from serving.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
context.run_migrations()
