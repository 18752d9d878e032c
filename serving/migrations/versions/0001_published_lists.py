"""Published lists with their rows, reasons and explanations; the pointer to the current one; the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables and the pointer that the first list will fill."""
    _make_lists()
    _make_audit()
    _make_list_rows()
    _make_not_scored()
    _make_pointers()
    _make_explanations()
    _make_reasons()


def downgrade() -> None:
    """Drop everything."""
    for table in ("reasons", "explanations", "pointers", "not_scored", "list_rows", "audit", "lists"):
        op.drop_table(table)


def _make_lists() -> None:
    op.create_table(
        "lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=False),
        sa.Column("previous_as_of", sa.Date(), nullable=True),
        sa.Column("previous_model", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("catalogue", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("base_90", sa.Float(), nullable=False),
        sa.Column("base_60_90", sa.Float(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lists"),
        sa.UniqueConstraint("as_of", name="uq_lists_as_of"),
    )


def _make_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_audit_list_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )


def _make_list_rows() -> None:
    op.create_table(
        "list_rows",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("segment", sa.Text(), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("seats", sa.Float(), nullable=True),
        sa.Column("arr", sa.Float(), nullable=True),
        sa.Column("arr_at_risk", sa.Float(), nullable=True),
        sa.Column("risk_30", sa.Float(), nullable=False),
        sa.Column("risk_60", sa.Float(), nullable=False),
        sa.Column("risk_90", sa.Float(), nullable=False),
        sa.Column("risk_60_90", sa.Float(), nullable=False),
        sa.Column("health", sa.Float(), nullable=False),
        sa.Column("band", sa.String(length=16), nullable=False),
        sa.Column("previous_band", sa.String(length=16), nullable=True),
        sa.Column("change", sa.Float(), nullable=True),
        sa.Column("renewal_date", sa.Date(), nullable=True),
        sa.Column("notice_deadline", sa.Date(), nullable=True),
        sa.Column("search", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_list_rows_list_id"),
        sa.PrimaryKeyConstraint("list_id", "account_id", name="pk_list_rows"),
    )
    op.create_index("ix_list_rows_account_id", "list_rows", ["account_id"], unique=False)
    op.create_index("ix_list_rows_list_id_band_rank", "list_rows", ["list_id", "band", "rank"], unique=False)
    op.create_index("ix_list_rows_list_id_owner_rank", "list_rows", ["list_id", "owner", "rank"], unique=False)
    op.create_index("ix_list_rows_list_id_rank", "list_rows", ["list_id", "rank"], unique=True)


def _make_not_scored() -> None:
    op.create_table(
        "not_scored",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_not_scored_list_id"),
        sa.PrimaryKeyConstraint("list_id", "account_id", name="pk_not_scored"),
    )


def _make_pointers() -> None:
    op.create_table(
        "pointers",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=True),
        sa.Column("moved_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name="fk_pointers_list_id"),
        sa.PrimaryKeyConstraint("name", name="pk_pointers"),
    )
    pointers = sa.table("pointers", sa.column("name", sa.String))
    op.bulk_insert(pointers, [{"name": "current"}])


def _make_explanations() -> None:
    op.create_table(
        "explanations",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("contributions_90", sa.LargeBinary(), nullable=False),
        sa.Column("contributions_60_90", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id", "account_id"],
            ["list_rows.list_id", "list_rows.account_id"],
            name="fk_explanations_list_id_account_id",
        ),
        sa.PrimaryKeyConstraint("list_id", "account_id", name="pk_explanations"),
    )


def _make_reasons() -> None:
    op.create_table(
        "reasons",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("driver", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("contribution", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id", "account_id"],
            ["list_rows.list_id", "list_rows.account_id"],
            name="fk_reasons_list_id_account_id",
        ),
        sa.PrimaryKeyConstraint("list_id", "account_id", "position", name="pk_reasons"),
    )
