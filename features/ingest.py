"""What is new in the sources goes into the rollup store; whatever older turned out different is named."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.book import Book
from features.calendar import GRACE_WEEKS, LONGEST, WEEK, WeekGrid, latest_as_of
from features.changes import Change, changed_rows, table_digests
from features.contract import Limits
from features.copies import Copies, tell_copies
from features.manifest import Manifest, StoredWeek
from features.numbers import Numbers, event_numbers, weeks_with
from features.partition import partition
from features.rollup import Rollup
from features.sources.deliveries import Delivery, Span, deliveries
from features.sources.files import open_book, reread_usage
from features.sources.mapping import SourceMapping
from features.store import RollupStore
from features.stream import code, first_use, stream
from features.trust.profile import weekly_profile
from features.trust.stored import renewed


@dataclass(frozen=True)
class Source:
    """Where a book comes from and how it is read."""

    mapping: SourceMapping
    data: Path
    limits: Limits
    weekday: str = "monday"
    grace_weeks: int = GRACE_WEEKS
    """For how many weeks after its end a week may still gain rows without being named as changed."""
    threads: int | None = None
    memory: str | None = None

    def open(self, usage_files: Collection[str] | None) -> Book:
        """Open the book with these files of usage only; raises ContractError as `open_book` does."""
        return open_book(
            self.mapping,
            self.data,
            self.limits,
            threads=self.threads,
            memory=self.memory,
            usage_files=usage_files,
        )

    def week(self, day: date) -> date:
        """Return the as-of date at which the week that holds a day ends."""
        return latest_as_of(day, self.weekday) + WEEK


@dataclass(frozen=True)
class Ingested:
    """The book with all its stored weeks, and what came of reading it."""

    book: Book
    weeks: tuple[date, ...]
    """The weeks that were rolled up, by their ends."""
    events: int
    changes: tuple[Change, ...]
    """What is not as it was, in weeks that were closed."""
    damaged: tuple[str, ...] = ()
    """Files of the store that were not what its manifest says: everything was rolled up anew."""


Approval = Callable[[Mapping[str, Any], pd.DataFrame], None]
"""Looks at the report and the weekly profile of all tables, and raises when what is new must not be kept."""


def ingest(store: RollupStore, source: Source, as_of: date, approve: Approval | None = None) -> Ingested:
    """Read what is new since the last time, roll it up, and return the book as of any date up to `as_of`.

    Nothing is kept unless the book is sound and `approve` lets it pass. Only files of usage that are new, changed or
    overlap a week that must be rolled up are read. A repeat or a correction of an event in an older week makes that
    week be rolled up anew; a damaged file of the store makes all of them be.
    """
    damaged = tuple(store.discard_damaged())
    plan = _plan(store.manifest, source, as_of)
    book = source.open(plan.files)
    numbers, copies = _tell(store, book, plan)
    while older := _older(store, numbers, copies, plan):
        plan = plan.joined(older)
        book = reread_usage(book, source.mapping, source.data, source.limits, plan.files or [])
        numbers, copies = _tell(store, book, plan)
    manifest, changes, events = _update(store, book, plan, numbers, copies)
    profile = _profile(store, book, plan)
    if approve is not None and (plan.every or plan.weeks):
        approve(_whole(book, store, manifest).report, profile)
    if store.through is not None:
        closed = store.through - source.grace_weeks * WEEK
        changes += changed_rows(store.manifest.tables, book, store.through, closed, source.weekday)
    told = store.write("profile", pa.Table.from_pandas(profile, preserve_index=False))
    tables = table_digests(book, plan.last, source.weekday)
    store.replace_manifest(replace(manifest, tables=tables, profile=told))
    return Ingested(_whole(book, store, store.manifest), plan.weeks, events, tuple(changes), damaged)


@dataclass(frozen=True)
class _Plan:
    """Which weeks are rolled up, and from which files."""

    weeks: tuple[date, ...]
    last: date
    found: tuple[Delivery, ...] | None
    touched: frozenset[date]
    """Weeks that new, changed or vanished files hold rows of."""
    source: Source
    every: bool = False
    """Nothing is stored yet, or nothing tells what has changed: every week is rolled up."""

    @property
    def rolled(self) -> tuple[date, ...] | None:
        """The weeks to be rolled up; None for all."""
        return None if self.every else self.weeks

    @property
    def files(self) -> list[str] | None:
        """The files of usage to read; None for all."""
        if self.found is None or self.every:
            return None
        spans = [(each.path, _weeks_of(each.span, self.source)) for each in self.found]
        return [path for path, weeks in spans if weeks is None or not weeks.isdisjoint(self.weeks)]

    def ends(self, book: Book) -> list[date]:
        """Return the ends of the weeks to be rolled up."""
        grid = self.grid(book)
        return [grid.as_of(week) for week in range(grid.weeks)] if self.every else list(self.weeks)

    def joined(self, weeks: Collection[date]) -> "_Plan":
        """Return the plan with further weeks."""
        return replace(self, weeks=tuple(sorted({*self.weeks, *weeks})))

    def grid(self, book: Book) -> WeekGrid:
        """Return the weeks from the first to be rolled up to the last."""
        first = self.weeks[0] if self.weeks else self.last
        if self.every:
            begins = first_use(book)
            first = max(self.source.week(begins) if begins else self.last, self.last - (LONGEST - 1) * WEEK)
        return WeekGrid(first - WEEK, max((self.last - first).days // 7, 0) + 1)


def _plan(manifest: Manifest, source: Source, as_of: date) -> _Plan:
    found = deliveries(source.mapping, source.data)
    last = max(as_of, manifest.through or as_of)
    if found is None or manifest.through is None:
        return _Plan((), last, found, frozenset(), source, every=True)
    now, before = {each.path: each for each in found}, manifest.deliveries
    moved = [now.get(path) for path in now if now[path] != before.get(path)]
    moved += [before[path] for path in before if before[path] != now.get(path)]
    spans = [_weeks_of(each.span, source) for each in moved if each is not None]
    if any(weeks is None for weeks in spans):
        return _Plan((), last, found, frozenset(), source, every=True)
    touched = frozenset(week for weeks in spans for week in weeks or () if week <= last)
    fresh = {manifest.through + k * WEEK for k in range(1, (last - manifest.through).days // 7 + 1)}
    return _Plan(tuple(sorted(touched | fresh)), last, found, touched, source)


def _weeks_of(span: Span | None, source: Source) -> frozenset[date] | None:
    """Return the ends of the weeks in a span; None where the span is not known."""
    if span is None:
        return None
    first, last = source.week(span[0]), source.week(span[1])
    return frozenset(first + k * WEEK for k in range((last - first).days // 7 + 1))


def _tell(store: RollupStore, book: Book, plan: _Plan) -> tuple[Numbers, Copies]:
    numbers = event_numbers(book, plan.grid(book), plan.rolled)
    return numbers, tell_copies(store, book, plan.ends(book), numbers, every=plan.every)


def _older(store: RollupStore, numbers: Numbers, copies: Copies, plan: _Plan) -> set[date]:
    """Return the stored weeks that must be rolled up too: they hold an event that others repeat or correct."""
    if plan.every:
        return set()
    moved = {plan.source.week(day) for day in copies.moved}
    return (weeks_with(store, numbers, plan.weeks) | moved) - set(plan.weeks)


def _update(
    store: RollupStore, book: Book, plan: _Plan, numbers: Numbers, copies: Copies
) -> tuple[Manifest, list[Change], int]:
    """Roll up the planned weeks; return the new manifest, what changed in closed weeks, and the events read."""
    grid, old = plan.grid(book), store.manifest
    weeks, known = plan.ends(book), store.codes()
    rows = book.con.execute("SELECT DISTINCT account_id FROM usage WHERE account_id IS NOT NULL ORDER BY 1").fetchall()
    held = set() if known is None else set(known.accounts)
    accounts = [*([] if known is None else known.accounts), *(name for (name,) in rows if name not in held)]
    codes = code(book, np.array(accounts, dtype=object), known)
    rollup = Rollup(grid, codes)
    earliest = grid.last - LONGEST * WEEK
    for batch in stream(book, "usage", grid, earliest):
        rollup.add(batch)
    for batch in stream(book, "usage_repeats", grid, earliest):
        rollup.take_back(batch)
    made = {week: _write_week(store, rollup, grid.index(week), week, numbers) for week in weeks}
    users = {"account": pa.array(codes.user_account), "user_id": codes.users}
    manifest = replace(
        old,
        through=plan.last,
        first_use=min(filter(None, (old.first_use, first_use(book))), default=None),
        last_use=max(filter(None, (old.last_use, _last_use(book))), default=None),
        deliveries={each.path: each for each in plan.found or ()},
        weeks={**({} if plan.every else old.weeks), **made},
        accounts=store.write("accounts", pa.table({"account_id": pa.array(accounts, pa.string())})),
        users=store.write("users", pa.table(users)) if codes.users is not None else None,
        features=codes.features,
        copies=copies.rows,
        versions=copies.versions,
    )
    closed = (store.through or grid.start) - plan.source.grace_weeks * WEEK
    suspects = weeks if plan.every else sorted(plan.touched)
    changes = _changed_weeks(old, manifest, [week for week in suspects if week <= closed])
    return manifest, changes, int(rollup.counts.sum())


def _profile(store: RollupStore, book: Book, plan: _Plan) -> pd.DataFrame:
    old = store.manifest.profile
    if old is None or plan.every:
        begins = first_use(book) or plan.last - WEEK
        return weekly_profile(book, WeekGrid.ending(plan.last, begins))
    weeks = WeekGrid.ending(plan.last, store.manifest.first_use or plan.last - WEEK)
    return renewed(store.read(old).to_pandas(), book, weeks, plan.weeks)


def _write_week(store: RollupStore, rollup: Rollup, place: int, week: date, numbers: Numbers) -> StoredWeek:
    folder = f"week={week}"
    rolled = store.write(f"{folder}/rollup", *partition(rollup, place))
    found = numbers.by_week.get(week)
    told = None if found is None else store.write(f"{folder}/numbers", pa.table({"number": found}))
    return StoredWeek(rolled, told, int(rollup.counts[place]))


def _changed_weeks(old: Manifest, new: Manifest, weeks: Sequence[date]) -> list[Change]:
    changes = []
    for week in weeks:
        before, after = old.weeks.get(week), new.weeks.get(week)
        if before is not None and after is not None and before.rollup.sha256 != after.rollup.sha256:
            changes.append(Change("usage", week, before.events, after.events))
    return changes


def _last_use(book: Book) -> date | None:
    last = book.report.get("tables", {}).get("usage", {}).get("last")
    return date.fromisoformat(last[:10]) if last else None


def _whole(book: Book, store: RollupStore, manifest: Manifest) -> Book:
    """Return the book with everything that is stored; its report speaks of all of it."""
    usage = dict(book.report.get("tables", {}).get("usage", {}))
    usage |= {
        "rows": sum(week.events for week in manifest.weeks.values()),
        "read": usage.get("rows", 0),
        "first": manifest.first_use and manifest.first_use.isoformat(),
        "last": manifest.last_use and manifest.last_use.isoformat(),
    }
    report = {**book.report, "tables": {**book.report.get("tables", {}), "usage": usage}}
    return replace(book, report=report, first_use=manifest.first_use, stored=store.activity)
