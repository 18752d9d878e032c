"""Reads published lists: filtered, sorted, and as the JSON that programs read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, bindparam, func, select

from features.errors import UsageError
from serving.explanation import read_values
from serving.list_row import ListRow, NotScored, PublishedReason
from serving.publish import CURRENT
from serving.schema import list_rows, lists, not_scored, pointers, reasons
from serving.scoring import ListSettings

if TYPE_CHECKING:
    import pandas as pd

Sorting = Literal[
    "rank", "risk_30", "risk_60", "risk_90", "risk_60_90", "arr", "arr_at_risk", "health", "change",
    "renewal_date", "notice_deadline", "name", "owner", "segment",
]  # fmt: skip
LARGEST_FIRST = frozenset({"risk_30", "risk_60", "risk_90", "risk_60_90", "arr", "arr_at_risk", "change"})


ASKED_AT_ONCE = 500
"""Accounts per query: databases limit the number of parameters."""
WHOLE_LIST = 2_500
MOST_REASONS = 1_000
"""More than any list gives to an account."""
ROW_COLUMNS = [list_rows.c[name] for name in ListRow.__dataclass_fields__ if name != "reasons"]
REASON_COLUMNS = [reasons.c[name] for name in ("account_id", "driver", "feature", "text", "contribution")]
# Made once: making a query costs more than running it on a few rows.
ALL_ROWS = select(*ROW_COLUMNS).where(list_rows.c.list_id == bindparam("list"))
ALL_REASONS = (
    select(*REASON_COLUMNS)
    .where(reasons.c.list_id == bindparam("list"), reasons.c.position <= bindparam("most"))
    .order_by(reasons.c.account_id, reasons.c.position)
)
SOME_ROWS = ALL_ROWS.where(list_rows.c.account_id.in_(bindparam("accounts", expanding=True)))
SOME_REASONS = ALL_REASONS.where(reasons.c.account_id.in_(bindparam("accounts", expanding=True)))
CURRENT_ID = select(pointers.c.list_id).where(pointers.c.name == CURRENT)


@dataclass(frozen=True)
class Choice:
    """Which rows to read; an empty choice reads them all."""

    owner: tuple[str, ...] = ()
    segment: tuple[str, ...] = ()
    band: tuple[str, ...] = ()
    minimum_risk: float | None = None
    """Least risk in the ranking that the list was made by."""
    search: str | None = None
    """Part of an account's id, name or owner."""
    sort: Sorting = "rank"
    top: int | None = None


@dataclass(frozen=True)
class PublishedList:
    """A published list, or the chosen rows of it."""

    list_id: int
    as_of: date
    published_at: datetime
    previous_as_of: date | None
    previous_model: str | None
    outcome: str
    catalogue: str
    model: str
    run_id: str | None
    simulated: bool
    base_90: float
    base_60_90: float
    settings: ListSettings
    left_out: Mapping[str, str]
    accounts: int
    """Accounts on the whole list, chosen or not."""
    reach: Mapping[str, str] | None = None
    """Per table the day of its last row (ISO), None where it was not kept."""
    rows: Sequence[ListRow] = field(default=())
    not_scored: Sequence[NotScored] = field(default=())
    values: "pd.DataFrame | None" = field(default=None, repr=False, compare=False)
    """Accounts × features as they were scored; only with a list that another one is compared with."""

    def is_new(self, row: ListRow, band: str) -> bool:
        """Say whether the row is in `band` and was not a week before; nothing is new on a first list."""
        return self.previous_as_of is not None and row.band == band != row.previous_band

    @property
    def separate(self) -> list[str]:
        """Names of the separate outcomes' risks on this list, in order."""
        return list(dict.fromkeys(name for row in self.rows for name in row.separate or {}))

    def newly(self, band: str) -> list[ListRow]:
        """Return the rows that are new in `band`."""
        return [row for row in self.rows if self.is_new(row, band)]

    def to_json(self) -> dict[str, Any]:
        """Return what `forewarn list --json` prints."""
        return {
            "as_of": self.as_of.isoformat(),
            "previous_as_of": self.previous_as_of and self.previous_as_of.isoformat(),
            "published_at": self.published_at.isoformat(timespec="seconds"),
            "outcome": self.outcome,
            "model": self.model,
            "simulated": self.simulated,
            "rank_by": self.settings.rank_by,
            "bands": self.settings.bands,
            "currency": self.settings.currency,
            "accounts": self.accounts,
            "rows": [row.to_json() for row in self.rows],
            "not_scored": [asdict(account) for account in self.not_scored],
        }


def read_list(engine: Engine, as_of: date | None = None, choice: Choice | None = None) -> PublishedList:
    """Return the current list, or the one of `as_of`, cut down to the choice.

    Raises UsageError when no such list is published, or when the choice names an owner, segment or band not on it.
    """
    with engine.connect() as connection:
        header = find_list(connection, as_of)
        choice = choice or Choice()
        _check_choice(connection, header, choice)
        chosen = _chosen(header, choice)
        found = connection.execute(chosen).all()
        why = _read_reasons(connection, chosen)
        left = connection.execute(_unscored(header.id)).all()
    rows = [_row(row, why[row.account_id]) for row in found]
    return _published(header, rows, [NotScored(*account) for account in left])


def previous_list(engine: Engine, as_of: date) -> PublishedList | None:
    """Return the last list published for a week before `as_of`: no reasons, but the values that were scored."""
    with engine.connect() as connection:
        before = select(lists).where(lists.c.as_of < as_of).order_by(lists.c.as_of.desc()).limit(1)
        header = connection.execute(before).first()
        if header is None:
            return None
        found = connection.execute(_chosen(header, Choice())).all()
        values = read_values(connection, header)
    return replace(_published(header, [_row(row) for row in found], []), values=values)


def published_weeks(engine: Engine) -> list[date]:
    """Return every as-of date with a published list, the newest first."""
    with engine.connect() as connection:
        return list(connection.scalars(select(lists.c.as_of).order_by(lists.c.as_of.desc())))


def find_list(connection: Connection, as_of: date | None) -> Row[Any]:
    """Return the row of `lists` for `as_of`, or for the current list.

    Raises UsageError with the nearest published weeks when there is none.
    """
    if as_of is None:
        shown = select(lists).join(pointers, pointers.c.list_id == lists.c.id).where(pointers.c.name == CURRENT)
    else:
        shown = select(lists).where(lists.c.as_of == as_of)
    header = connection.execute(shown).first()
    if header is not None:
        return header
    weeks = list(connection.scalars(select(lists.c.as_of)))
    if as_of is None or not weeks:
        raise UsageError("no list has been published yet: run forewarn weekly")
    nearest = sorted(sorted(weeks, key=lambda week: abs(week - as_of))[:3])
    raise UsageError(f"no list was published for {as_of}; the nearest weeks are {', '.join(map(str, nearest))}")


def current_list_id(connection: Connection) -> int | None:
    """Return the id of the list that is shown, None before the first one is published."""
    return connection.scalar(CURRENT_ID)


def list_header(connection: Connection, list_id: int) -> PublishedList:
    """Return a list without its rows."""
    return _published(connection.execute(select(lists).where(lists.c.id == list_id)).one(), [], [])


def read_rows(
    connection: Connection, list_id: int, accounts: Sequence[str], reasons_each: int = MOST_REASONS
) -> dict[str, ListRow]:
    """Return these accounts' rows of a list with their first reasons, in the given order; others are left out."""
    found: dict[str, ListRow] = {}
    for some in _batches(accounts):
        rows, why = (SOME_ROWS, SOME_REASONS) if some is not None else (ALL_ROWS, ALL_REASONS)
        asked: dict[str, Any] = {"list": list_id, "most": reasons_each} | ({} if some is None else {"accounts": some})
        said = _grouped(connection.execute(why, asked))
        found |= {row.account_id: _row(row, said.get(row.account_id, ())) for row in connection.execute(rows, asked)}
    return {account: found[account] for account in accounts if account in found}


def _batches(accounts: Sequence[str]) -> list[Sequence[str] | None]:
    """Return what to ask for at once; of many accounts the whole list, which costs less than asking for each."""
    if len(accounts) > WHOLE_LIST:
        return [None]
    return [accounts[start : start + ASKED_AT_ONCE] for start in range(0, len(accounts), ASKED_AT_ONCE)]


def read_row(connection: Connection, list_id: int, account_id: str) -> ListRow | None:
    """Return one account's row of a list with its reasons, or None when it is not on it."""
    one = select(*ROW_COLUMNS).where(list_rows.c.list_id == list_id, list_rows.c.account_id == account_id)
    found = connection.execute(one).first()
    return None if found is None else _row(found, _read_reasons(connection, one)[account_id])


def _published(header: Row[Any], rows: Sequence[ListRow], left: Sequence[NotScored]) -> PublishedList:
    return PublishedList(
        list_id=header.id,
        as_of=header.as_of,
        published_at=header.published_at,
        previous_as_of=header.previous_as_of,
        previous_model=header.previous_model,
        outcome=header.outcome,
        catalogue=header.catalogue,
        model=header.model,
        run_id=header.run_id,
        simulated=header.simulated,
        base_90=header.base_90,
        base_60_90=header.base_60_90,
        settings=ListSettings.model_validate(header.settings),
        left_out=header.left_out,
        accounts=header.accounts,
        reach=header.reach,
        rows=rows,
        not_scored=left,
    )


def _row(columns: Iterable[Any], why: Sequence[PublishedReason] = ()) -> ListRow:
    return ListRow(*(*columns, tuple(why)))


def _chosen(header: Row[Any], choice: Choice) -> Select[Any]:
    query = select(*ROW_COLUMNS).where(list_rows.c.list_id == header.id)
    for name in ("owner", "segment", "band"):
        if wanted := getattr(choice, name):
            query = query.where(list_rows.c[name].in_(wanted))
    if choice.minimum_risk is not None:
        query = query.where(list_rows.c[header.settings["rank_by"]] >= choice.minimum_risk)
    if choice.search:
        query = query.where(list_rows.c.search.contains(choice.search.casefold(), autoescape=True))
    return query.order_by(*_order(choice.sort)).limit(choice.top)


def _order(sort: str) -> list[ColumnElement[Any]]:
    if sort not in get_args(Sorting):
        near = get_close_matches(sort, get_args(Sorting), 1, 0)[0]
        raise UsageError(
            f"the list cannot be sorted by {sort!r} (did you mean {near}?): {', '.join(get_args(Sorting))}"
        )
    column = list_rows.c[sort]
    ordered = column.desc() if sort in LARGEST_FIRST else column.asc()
    return [ordered.nulls_last(), list_rows.c.rank.asc()]


def _read_reasons(connection: Connection, chosen: Select[Any]) -> Mapping[str, list[PublishedReason]]:
    picked = chosen.add_columns(list_rows.c.list_id).subquery()
    query = select(*REASON_COLUMNS).join(
        picked, (picked.c.list_id == reasons.c.list_id) & (picked.c.account_id == reasons.c.account_id)
    )
    return _grouped(connection.execute(query.order_by(reasons.c.account_id, reasons.c.position)))


def _grouped(rows: Iterable[Row[Any]]) -> defaultdict[str, list[PublishedReason]]:
    why: defaultdict[str, list[PublishedReason]] = defaultdict(list)
    for account, *reason in rows:
        why[account].append(PublishedReason(*reason))
    return why


def _unscored(list_id: int) -> Select[Any]:
    query = select(*(not_scored.c[name] for name in NotScored.__dataclass_fields__))
    return query.where(not_scored.c.list_id == list_id).order_by(not_scored.c.account_id)


def _check_choice(connection: Connection, header: Row[Any], choice: Choice) -> None:
    if choice.top is not None and choice.top < 1:
        raise UsageError(f"top must be at least 1, not {choice.top}")
    for name in ("owner", "segment", "band"):
        if not (wanted := getattr(choice, name)):
            continue
        column = list_rows.c[name]
        known = set(connection.scalars(select(func.distinct(column)).where(list_rows.c.list_id == header.id)))
        if name == "band":
            known |= set(ListSettings.model_validate(header.settings).band_names)
        for value in wanted:
            if value not in known:
                raise UsageError(_unknown(name, value, sorted(known - {None}), header.as_of))


def _unknown(name: str, value: str, known: list[str], as_of: date) -> str:
    near = get_close_matches(value, known, 3, 0.3) or known[:3]
    return f"no account on the list of {as_of} has the {name} {value!r}; there are {len(known)}, nearest: " + ", ".join(
        near
    )
