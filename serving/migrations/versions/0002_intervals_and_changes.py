"""Intervals of the risks, the parts of each change and the risks of separate outcomes; null on older lists."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NUMBERS = (
    "risk_30_low",
    "risk_30_high",
    "risk_60_low",
    "risk_60_high",
    "risk_90_low",
    "risk_90_high",
    "risk_60_90_low",
    "risk_60_90_high",
    "change_data",
    "change_clock",
    "change_model",
)


def upgrade() -> None:
    """Add the columns; rows that are there stay as they are."""
    # One by one and in place: a batch would copy every published row on SQLite.
    for name in NUMBERS:
        op.add_column("list_rows", sa.Column(name, sa.Float(), nullable=True))
    op.add_column("list_rows", sa.Column("change_text", sa.Text(), nullable=True))
    op.add_column("list_rows", sa.Column("separate", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    """Take the columns away again."""
    for name in (*NUMBERS, "change_text", "separate"):
        op.drop_column("list_rows", name)
