"""The application: people, what they say and do, what happened to accounts, and more beside each list row."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ROW_COLUMNS: dict[str, Any] = {
    "saveable": sa.Float(),
    "place": sa.Integer(),
    "driver": sa.Text(),
    "weeks_listed": sa.Integer(),
    "spark": sa.JSON(none_as_null=True),
    "sponsor": sa.String(length=16),
    "sponsor_since": sa.Date(),
    "customer_contact": sa.Date(),
    "last_use": sa.Date(),
}
TABLES = (
    "users", "sessions", "api_keys", "saved_views", "actions", "account_states", "messages", "account_events",
    "list_outcomes", "list_maturity",
)  # fmt: skip


def upgrade() -> None:
    """Add the columns and the tables; lists that are there stay as they are."""
    # One by one and in place: a batch would copy every published row on SQLite.
    op.add_column("lists", sa.Column("reach", sa.JSON(none_as_null=True), nullable=True))
    for name, kind in ROW_COLUMNS.items():
        op.add_column("list_rows", sa.Column(name, kind, nullable=True))
    for name in ("owner", "segment"):
        op.add_column("not_scored", sa.Column(name, sa.Text(), nullable=True))
    op.create_index("ix_not_scored_account_id", "not_scored", ["account_id"])
    _make_people()
    _make_acting()
    _make_messages()
    _make_history()


def downgrade() -> None:
    """Take them away again."""
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_index("ix_not_scored_account_id", "not_scored")
    for name in ("owner", "segment"):
        op.drop_column("not_scored", name)
    for name in ROW_COLUMNS:
        op.drop_column("list_rows", name)
    op.drop_column("lists", "reach")


def _needed(name: str, kind: Any) -> sa.Column[Any]:  # noqa: ANN401  any column type
    return sa.Column(name, kind, nullable=False)


def _make_people() -> None:
    op.create_table(
        "users",
        _needed("id", sa.Integer()),
        _needed("name", sa.String(length=64)),
        _needed("role", sa.String(length=16)),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=True),
        _needed("active", sa.Boolean()),
        _needed("created_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )
    op.create_table(
        "sessions",
        _needed("digest", sa.String(length=64)),
        _needed("user_id", sa.Integer()),
        _needed("csrf", sa.String(length=64)),
        _needed("created_at", sa.DateTime()),
        _needed("expires_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("digest", name="pk_sessions"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id"),
    )
    op.create_table(
        "api_keys",
        _needed("id", sa.Integer()),
        _needed("digest", sa.String(length=64)),
        _needed("start", sa.String(length=16)),
        _needed("user_id", sa.Integer()),
        _needed("title", sa.Text()),
        _needed("scopes", sa.JSON()),
        _needed("created_at", sa.DateTime()),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.Column("used_on", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_api_keys_user_id"),
    )
    op.create_table(
        "saved_views",
        _needed("id", sa.Integer()),
        _needed("user_id", sa.Integer()),
        _needed("name", sa.String(length=64)),
        _needed("query", sa.Text()),
        _needed("created_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_saved_views"),
        sa.UniqueConstraint("user_id", "name", name="uq_saved_views_user_id_name"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_saved_views_user_id"),
    )


def _make_acting() -> None:
    op.create_table(
        "actions",
        _needed("id", sa.Integer()),
        _needed("account_id", sa.String()),
        _needed("at", sa.DateTime()),
        sa.Column("user_id", sa.Integer(), nullable=True),
        _needed("actor", sa.Text()),
        _needed("kind", sa.String(length=16)),
        sa.Column("list_id", sa.Integer(), nullable=True),
        _needed("detail", sa.JSON()),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("request", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_actions"),
        sa.UniqueConstraint("undoes", name="uq_actions_undoes"),
        sa.UniqueConstraint("request", name="uq_actions_request"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_actions_user_id"),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_actions_list_id"),
        sa.ForeignKeyConstraint(["undoes"], ["actions.id"], name="fk_actions_undoes"),
    )
    op.create_index("ix_actions_account_id_id", "actions", ["account_id", "id"])
    op.create_table(
        "account_states",
        _needed("account_id", sa.String()),
        sa.Column("stage", sa.String(length=16), nullable=True),
        sa.Column("stage_since", sa.DateTime(), nullable=True),
        sa.Column("csm_band", sa.String(length=16), nullable=True),
        sa.Column("csm_reason", sa.String(length=32), nullable=True),
        sa.Column("csm_since", sa.DateTime(), nullable=True),
        sa.Column("csm_by", sa.Text(), nullable=True),
        sa.Column("snooze_until", sa.Date(), nullable=True),
        sa.Column("next_action", sa.Text(), nullable=True),
        sa.Column("next_due", sa.Date(), nullable=True),
        _needed("notes", sa.Integer()),
        _needed("last_action", sa.Integer()),
        sa.PrimaryKeyConstraint("account_id", name="pk_account_states"),
        sa.ForeignKeyConstraint(["last_action"], ["actions.id"], name="fk_account_states_last_action"),
    )
    op.create_index("ix_account_states_stage", "account_states", ["stage"])


def _make_messages() -> None:
    op.create_table(
        "messages",
        _needed("id", sa.Integer()),
        _needed("key", sa.String(length=128)),
        _needed("kind", sa.String(length=16)),
        _needed("recipient", sa.Text()),
        sa.Column("list_id", sa.Integer(), nullable=True),
        _needed("digest", sa.String(length=64)),
        _needed("subject", sa.Text()),
        _needed("text", sa.Text()),
        _needed("html", sa.Text()),
        _needed("created_at", sa.DateTime()),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("key", name="uq_messages_key"),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_messages_list_id"),
    )


def _make_history() -> None:
    op.create_table(
        "account_events",
        _needed("id", sa.Integer()),
        _needed("digest", sa.String(length=64)),
        _needed("account_id", sa.String()),
        _needed("kind", sa.String(length=16)),
        _needed("on", sa.Date()),
        _needed("known_on", sa.Date()),
        _needed("text", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_account_events"),
        sa.UniqueConstraint("digest", name="uq_account_events_digest"),
    )
    op.create_index("ix_account_events_account_id_on", "account_events", ["account_id", "on"])
    op.create_table(
        "list_outcomes",
        _needed("list_id", sa.Integer()),
        _needed("account_id", sa.String()),
        _needed("kind", sa.String(length=16)),
        _needed("days", sa.Integer()),
        sa.PrimaryKeyConstraint("list_id", "account_id", name="pk_list_outcomes"),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_list_outcomes_list_id"),
    )
    op.create_table(
        "list_maturity",
        _needed("list_id", sa.Integer()),
        _needed("known_by", sa.Date()),
        _needed("matured_days", sa.Integer()),
        sa.PrimaryKeyConstraint("list_id", name="pk_list_maturity"),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_list_maturity_list_id"),
    )
