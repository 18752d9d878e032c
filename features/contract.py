"""The data contract: canonical tables, their columns and clocks, and how much is forgiven (rules: row_rules.py)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["text", "time", "number", "quantity", "flag", "key"]
"""`quantity` is a number that cannot be negative; `key` keeps the type it has in the source."""

Need = Literal["filled", "given", "optional"]
"""`filled`: the source has the column and every row a value; `given`: values may be null; `optional`: may be absent."""


class Limits(BaseModel):
    """How much is forgiven before a run stops."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quarantine_share: float = Field(0.05, ge=0, le=1)
    clock_skew_days: float = Field(1.0, ge=0)
    first_year: int = Field(1990, ge=1)
    last_year: int = Field(2100, le=9999)
    quarantine_sample: int = Field(100, ge=0)
    """Rows kept per rule in the quarantine table; the report counts all of them."""


@dataclass(frozen=True)
class Column:
    """One canonical column and what it must hold."""

    name: str
    kind: Kind
    need: Need
    says: str


@dataclass(frozen=True)
class Table:
    """One canonical table, its key and its two clocks."""

    name: str
    says: str
    columns: tuple[Column, ...]
    event: str
    """The column that says when it happened."""
    available: str | None = None
    """The column that says when it could first be known."""
    state: bool = False
    """A state may be known before it begins (a signed contract); an event may not."""
    key: tuple[str, ...] = ()
    """Columns that name a row: a later known row of the same name corrects it; without them only exact repeats show."""
    order: tuple[tuple[str, str], ...] = ()
    """Pairs (later, earlier) of times that may not be the other way round."""
    cost: str = ""
    """What is lost without this table."""
    required: bool = False

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns in order."""
        return tuple(column.name for column in self.columns)


ACCOUNT = Column("account_id", "text", "filled", "the account")
RECORDED = Column("recorded_at", "time", "optional", "when the row was recorded; a later row with its key corrects it")
EVENT = (Column("event_id", "key", "optional", "the row's own name; repeats and corrections are found by it"), RECORDED)


def _columns(kind: Kind, need: Need, **says: str) -> Iterable[Column]:
    return (Column(name, kind, need, text) for name, text in says.items())


_ACCOUNTS = Table(
    "accounts",
    "one row per account, or per version of it when valid_from is given",
    (
        Column("account_id", "text", "filled", "the account's name everywhere else"),
        Column("created_at", "time", "filled", "when the account came to be"),
        *_columns(
            "text",
            "optional",
            name="the name a CSM knows it by",
            owner="the CSM responsible",
            segment="size class or the like",
            region="country or sales region",
            industry="the account's line of business",
            plan="the plan it is on",
            icp_fit="how well it fits the ideal customer, A to D",
            acquired_via="the channel it came through",
        ),
        Column("valid_from", "time", "optional", "from when on this version of the row holds and was known"),
    ),
    event="created_at",
    available="valid_from",
    state=True,
    key=("account_id", "valid_from"),
    required=True,
)
_SUBSCRIPTIONS = Table(
    "subscriptions",
    "one row per contract term; a renewal is a new row",
    (
        ACCOUNT,
        Column("subscription_id", "text", "filled", "the contract"),
        Column("started_at", "time", "filled", "the first instant of the term"),
        Column("ends_at", "time", "given", "the first instant after the term; null when it is open"),
        Column("mrr", "quantity", "given", "monthly recurring revenue"),
        Column("seats", "quantity", "optional", "seats bought"),
        Column("auto_renew", "flag", "optional", "whether the term renews itself"),
        Column("notice_days", "quantity", "optional", "days before the end by which notice must be given"),
        Column("noticed_at", "time", "optional", "when notice was received; visible only after itself"),
        Column("discount_ends_at", "time", "optional", "when an agreed discount ends"),
        Column("recorded_at", "time", "optional", "when the term was recorded; may lie before its start"),
    ),
    event="started_at",
    available="recorded_at",
    state=True,
    key=("account_id", "subscription_id", "started_at"),
    order=(("ends_at", "started_at"),),
    cost="contract and onboarding features, renewal dates and amounts at risk",
)
_OUTCOMES = Table(
    "outcomes",
    "one row per thing that happened to an account; derived from gaps between subscriptions when absent",
    (
        ACCOUNT,
        Column("kind", "text", "filled", "churn, contraction or another word of yours"),
        Column("effective_at", "time", "filled", "the first instant at which the account was gone"),
        Column("noticed_at", "time", "optional", "when notice was received"),
        Column("reason", "text", "optional", "the reason given"),
        Column("amount", "number", "optional", "monthly revenue lost"),
        Column("recorded_at", "time", "optional", "when the outcome was recorded"),
    ),
    event="effective_at",
    available="recorded_at",
    state=True,
    key=("account_id", "kind", "effective_at"),
    cost="recorded churn dates: outcomes are derived from gaps between subscriptions",
)
_USAGE = Table(
    "usage",
    "one row per event, or per day and feature with a quantity",
    (
        ACCOUNT,
        Column("occurred_at", "time", "filled", "when it happened"),
        Column("feature", "text", "filled", "the product feature used; `login` is the login"),
        Column("user_id", "key", "optional", "the person who used it"),
        Column("quantity", "quantity", "optional", "how many events the row stands for (1 when absent)"),
        Column("event_id", "key", "optional", "the event's own name; repeats are found by it"),
        Column(
            "available_at",
            "time",
            "optional",
            "when it could first be known; a later row with its event_id corrects it",
        ),
    ),
    event="occurred_at",
    available="available_at",
    key=("event_id",),
    required=True,
)
_CONTACTS = Table(
    "contacts",
    "one row per contact, role and time in that role",
    (
        ACCOUNT,
        Column("contact_id", "text", "filled", "the person"),
        Column("role", "text", "filled", "the role; `sponsor` is the executive sponsor"),
        Column("started_at", "time", "filled", "when the contact took the role"),
        Column("ended_at", "time", "optional", "when the contact left it; visible only after itself"),
        RECORDED,
    ),
    event="started_at",
    available="recorded_at",
    state=True,
    key=("account_id", "contact_id", "role", "started_at"),
    order=(("ended_at", "started_at"),),
    cost="sponsor turnover (days since one left, successor gaps, no sponsor) and how many contacts are known or left",
)
_TICKETS = Table(
    "tickets",
    "one row per support ticket",
    (
        ACCOUNT,
        Column("ticket_id", "text", "filled", "the ticket"),
        Column("opened_at", "time", "filled", "when it was opened"),
        Column("closed_at", "time", "optional", "when it was closed; visible only after itself"),
        Column("severity", "text", "optional", "how bad it was"),
        Column("csat", "quantity", "optional", "how content the reporter was"),
        Column("reopened_at", "time", "optional", "when it was opened again; visible only after itself"),
        RECORDED,
    ),
    event="opened_at",
    available="recorded_at",
    key=("ticket_id",),
    order=(("closed_at", "opened_at"), ("reopened_at", "opened_at")),
    cost="support signals: tickets opened, open for long, severe or reopened",
)
_SURVEYS = Table(
    "surveys",
    "one row per answer",
    (
        ACCOUNT,
        Column("answered_at", "time", "filled", "when it was answered"),
        Column("kind", "text", "filled", "nps or csat"),
        Column("score", "number", "filled", "nps 0 to 10, csat 0 to 100"),
        Column("contact_id", "text", "optional", "who answered"),
        *EVENT,
    ),
    event="answered_at",
    available="recorded_at",
    key=("event_id",),
    cost="sentiment: the latest NPS and its change, detractors, satisfaction, silence after being asked",
)
_TRAININGS = Table(
    "trainings",
    "one row per training completed",
    (
        ACCOUNT,
        Column("completed_at", "time", "filled", "when it was completed"),
        Column("contact_id", "text", "optional", "who completed it"),
        Column("course", "text", "optional", "the course"),
        *EVENT,
    ),
    event="completed_at",
    available="recorded_at",
    key=("event_id",),
    cost="enablement: trainings and certificates, how long ago, how many of the active users they reach",
)
_TOUCHPOINTS = Table(
    "touchpoints",
    "one row per meeting, call or message with the account",
    (
        ACCOUNT,
        Column("occurred_at", "time", "filled", "when it happened"),
        Column("kind", "text", "filled", "qbr, call, email or the like; `survey` is an invitation to answer a survey"),
        Column("initiated_by", "text", "optional", "who began it: us or the account"),
        Column("kept", "flag", "optional", "whether it took place; false for a meeting that was missed"),
        Column("contact_id", "text", "optional", "the account's contact who took part"),
        *EVENT,
    ),
    event="occurred_at",
    available="recorded_at",
    key=("event_id",),
    cost="relationship: reviews and calls held and missed, days since a touch or they wrote, silence after a survey",
)
_INVOICES = Table(
    "invoices",
    "one row per invoice",
    (
        ACCOUNT,
        Column("due_at", "time", "filled", "when it was due"),
        Column("amount", "quantity", "given", "the amount due"),
        Column("paid_at", "time", "optional", "when it was paid; visible only after itself"),
        *EVENT,
    ),
    event="due_at",
    available="recorded_at",
    key=("event_id",),
    cost="payment: late and overdue invoices, days late and their change",
)
_INTERVENTIONS = Table(
    "interventions",
    "one row per thing that CS did to save an account; flags rows when models are judged, and no feature reads it",
    (
        ACCOUNT,
        Column("started_at", "time", "filled", "when it began"),
        Column("ended_at", "time", "optional", "when it ended; empty while it goes on"),
        Column("kind", "text", "optional", "what was done: a call, an offer, a plan"),
        RECORDED,
    ),
    event="started_at",
    available="recorded_at",
    key=("account_id", "kind", "started_at"),
    order=(("ended_at", "started_at"),),
    cost="accounts that were acted on cannot be told apart when models are judged",
)
_ENTITLEMENTS = Table(
    "entitlements",
    "one row per plan and product feature that the plan includes",
    (
        Column("plan", "text", "filled", "the plan, as accounts name it"),
        Column("feature", "text", "filled", "the product feature, as usage names it"),
        Column("valid_from", "time", "optional", "from when on the plan includes it"),
    ),
    event="",
    available="valid_from",
    key=("plan", "feature"),
    cost="entitled features that were never used",
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        _ACCOUNTS,
        _SUBSCRIPTIONS,
        _OUTCOMES,
        _USAGE,
        _CONTACTS,
        _TICKETS,
        _SURVEYS,
        _TRAININGS,
        _TOUCHPOINTS,
        _INVOICES,
        _INTERVENTIONS,
        _ENTITLEMENTS,
    )
}
"""Every canonical table by name; accounts first, because the others are checked against it."""

TERMS = ("subscriptions", "outcomes")
"""A book needs at least one of these beside the required tables."""
