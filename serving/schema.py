"""Tables of our own database: what was published, why, and who did it."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

lists = Table(
    "lists",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("as_of", Date, nullable=False, unique=True),
    Column("published_at", DateTime, nullable=False),
    Column("previous_as_of", Date),
    Column("previous_model", String(64)),
    Column("outcome", String(64), nullable=False),
    Column("catalogue", String(64), nullable=False),
    Column("model", String(64), nullable=False),
    Column("run_id", String(64)),
    Column("simulated", Boolean, nullable=False),
    Column("base_90", Float, nullable=False),
    Column("base_60_90", Float, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("features", JSON, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("left_out", JSON, nullable=False),
    Column("accounts", Integer, nullable=False),
    Column("reach", JSON(none_as_null=True)),
)
"""One published week. `features` and `facts` name the numbers packed in `explanations`, in their order.

`reach` gives per table the day of its last row (ISO), null on lists that were published before it was kept.
"""

list_rows = Table(
    "list_rows",
    metadata,
    Column("list_id", Integer, ForeignKey(lists.c.id), primary_key=True),
    Column("account_id", String, primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("name", Text),
    Column("owner", Text),
    Column("segment", Text),
    Column("plan", Text),
    Column("seats", Float),
    Column("arr", Float),
    Column("arr_at_risk", Float),
    Column("risk_30", Float, nullable=False),
    Column("risk_60", Float, nullable=False),
    Column("risk_90", Float, nullable=False),
    Column("risk_60_90", Float, nullable=False),
    *(
        Column(f"{risk}_{edge}", Float)
        for risk in ("risk_30", "risk_60", "risk_90", "risk_60_90")
        for edge in ("low", "high")
    ),
    Column("separate", JSON(none_as_null=True)),
    Column("health", Float, nullable=False),
    Column("band", String(16), nullable=False),
    Column("previous_band", String(16)),
    Column("change", Float),
    Column("change_data", Float),
    Column("change_clock", Float),
    Column("change_model", Float),
    Column("change_text", Text),
    Column("renewal_date", Date),
    Column("notice_deadline", Date),
    Column("saveable", Float),
    Column("place", Integer),
    Column("driver", Text),
    Column("weeks_listed", Integer),
    Column("spark", JSON(none_as_null=True)),
    Column("sponsor", String(16)),
    Column("sponsor_since", Date),
    Column("customer_contact", Date),
    Column("last_use", Date),
    Column("search", Text, nullable=False),
    Index(None, "list_id", "rank", unique=True),
    Index(None, "list_id", "owner", "rank"),
    Index(None, "list_id", "band", "rank"),
    Index(None, "account_id"),
)
"""One account of one list. `search` holds id, name and owner in folded case, so that both databases search alike.

The edges of the risks' intervals, the parts of the change and the risks of separate outcomes are null where they are
not known, as on lists that were published before there were any. So are `saveable` (ARR that can still be saved, per
year), `place` (from 1, in the order of what can still be saved), `driver` (of the first reason), `weeks_listed` (weeks
in a row above the lowest band), `spark` (risk_90 of up to twelve lists, the oldest first), `sponsor` (in place, left,
none) with the day since when, `customer_contact` (the last contact that the customer began) and `last_use`.
"""

reasons = Table(
    "reasons",
    metadata,
    Column("list_id", Integer, primary_key=True),
    Column("account_id", String, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("driver", Text, nullable=False),
    Column("feature", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("contribution", Float, nullable=False),
    ForeignKeyConstraint(["list_id", "account_id"], [list_rows.c.list_id, list_rows.c.account_id]),
)

explanations = Table(
    "explanations",
    metadata,
    Column("list_id", Integer, primary_key=True),
    Column("account_id", String, primary_key=True),
    Column("values", LargeBinary, nullable=False),
    Column("facts", LargeBinary, nullable=False),
    Column("contributions_90", LargeBinary, nullable=False),
    Column("contributions_60_90", LargeBinary, nullable=False),
    ForeignKeyConstraint(["list_id", "account_id"], [list_rows.c.list_id, list_rows.c.account_id]),
)
"""Little-endian float64, one per name in `lists.features` (`lists.facts` for the facts); NaN is missing."""

not_scored = Table(
    "not_scored",
    metadata,
    Column("list_id", Integer, ForeignKey(lists.c.id), primary_key=True),
    Column("account_id", String, primary_key=True),
    Column("name", Text),
    Column("why", Text, nullable=False),
    Column("owner", Text),
    Column("segment", Text),
    Index(None, "account_id"),
)

pointers = Table(
    "pointers",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("list_id", Integer, ForeignKey(lists.c.id)),
    Column("moved_at", DateTime),
)
"""The row `current` says which list is shown; whoever publishes holds it locked."""

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(32), nullable=False),
    Column("list_id", Integer, ForeignKey(lists.c.id)),
    Column("detail", JSON, nullable=False),
)
