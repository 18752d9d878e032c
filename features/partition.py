"""What became known in one week, as rows: account-weeks, user-weeks and feature-weeks by the week they happened in."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.grid import NEVER, Floats, Ints
from features.presence import ON_TIME
from features.rollup import Events, Rollup

SCHEMA = pa.schema(
    {
        "kind": pa.uint8(),
        "code": pa.uint32(),
        "feature": pa.uint16(),
        "lag": pa.uint16(),
        "events": pa.float64(),
        "logins": pa.float64(),
        "last_event": pa.int64(),
        "last_login": pa.int64(),
    }
)
"""`kind` says what `code` numbers: an account (with amounts and times), a user, or an account that used `feature`.
`lag` is by how many weeks the rows became known after they happened."""
ACCOUNTS, USERS, FEATURES = range(3)
COLUMNS = (
    ["code", "lag", "events", "logins", "last_event", "last_login"],
    ["code", "lag"],
    ["code", "feature", "lag"],
)
"""Per kind the columns that are filled."""
Partition = tuple[pa.Table, pa.Table, pa.Table]
"""The rows of each kind."""
NO_LOGIN = -2
"""Stands for every product feature but the login."""


def partition(rollup: Rollup, week: int) -> Partition:
    """Return what became known in a week; the rollup must hold every event that did."""
    late = Events.joined([part.chosen(part.known == week) for part in rollup.late])
    amounts = Events.joined([late, *(part.chosen(part.known == week) for part in rollup.settled)])
    accounts = pa.concat_tables([_accounts(rollup, week), _late_amounts(rollup, amounts)])
    return accounts, _users(rollup, week, late), _features(rollup, week, late)


def _table(kind: int, code: Ints, **columns: Ints | Floats) -> pa.Table:
    given: dict[str, Ints | Floats] = {"code": code, "kind": np.full(len(code), kind), **columns}
    arrays = [
        pa.array(given[field.name]).cast(field.type) if field.name in given else pa.nulls(len(code), field.type)
        for field in SCHEMA
    ]
    return pa.table(arrays, schema=SCHEMA)


def _accounts(rollup: Rollup, week: int) -> pa.Table:
    events, logins, last_event, last_login = (
        array.reshape(rollup.shape)[:, week]
        for array in (rollup.events, rollup.logins, rollup.last_event, rollup.last_login)
    )
    code = np.flatnonzero((events != 0) | (logins != 0) | (last_event != NEVER))
    return _table(
        ACCOUNTS,
        code,
        lag=np.zeros(len(code), dtype=np.int64),
        events=events[code],
        logins=logins[code],
        last_event=last_event[code],
        last_login=last_login[code],
    )


def _late_amounts(rollup: Rollup, amounts: Events) -> pa.Table:
    cell, place = np.unique(_pair(amounts.known - amounts.week, amounts.account), return_inverse=True)
    login = amounts.feature == rollup.login
    return _table(
        ACCOUNTS,
        cell & _LOW,
        lag=cell >> 32,
        events=np.bincount(place, weights=amounts.amount, minlength=len(cell)),
        logins=np.bincount(place, weights=amounts.amount * login, minlength=len(cell)),
        last_event=np.full(len(cell), NEVER),
        last_login=np.full(len(cell), NEVER),
    )


_LOW = (1 << 32) - 1


def _pair(high: Ints, low: Ints) -> Ints:
    return (high << 32) | low


def _users(rollup: Rollup, week: int, late: Events) -> pa.Table:
    people = len(rollup.user_account)
    in_time = np.flatnonzero(rollup.users[week * people : (week + 1) * people] == ON_TIME)
    code_of = np.empty(people, dtype=np.int64)
    code_of[rollup.user_place[:-1]] = np.arange(people)
    named = late.chosen(late.user >= 0)
    cells = np.unique(np.r_[code_of[in_time], _pair(named.known - named.week, named.user)])
    return _table(USERS, cells & _LOW, lag=cells >> 32)


def _features(rollup: Rollup, week: int, late: Events) -> pa.Table:
    names = len(rollup.codes.features)
    size = rollup.shape[0] * names
    in_time = np.flatnonzero(rollup.features[week * size : (week + 1) * size] == ON_TIME)
    cells = np.unique(np.r_[in_time, _pair(late.known - late.week, late.account * names + late.feature)])
    member = cells & _LOW
    return _table(FEATURES, member // max(names, 1), feature=member % max(names, 1), lag=cells >> 32)


@dataclass(frozen=True)
class Places:
    """Where the numbers of stored rows stand in a rollup; −1 for accounts that it does not hold."""

    account: Ints
    user: Ints


def add_partitions(rollup: Rollup, stored: Iterable[tuple[int, Partition]], places: Places) -> None:
    """Add what became known in each week of the grid to a rollup that holds nothing yet."""
    accounts, weeks = rollup.shape
    dense = [np.zeros((weeks, accounts)), np.zeros((weeks, accounts))]
    latest = [np.full((weeks, accounts), NEVER), np.full((weeks, accounts), NEVER)]
    for week, (amounts, users, features) in stored:
        _add_accounts(rollup, week, amounts, places, dense, latest)
        _mark_users(rollup, week, users, places)
        _mark_features(rollup, week, features, places)
    rollup.events, rollup.logins = (array.T.ravel() for array in dense)
    rollup.last_event, rollup.last_login = (array.T.ravel() for array in latest)


def _column(table: pa.Table, name: str) -> Ints:
    return np.asarray(table[name].to_numpy(), dtype=np.int64)


def _add_accounts(
    rollup: Rollup, week: int, table: pa.Table, places: Places, dense: list[Floats], latest: list[Ints]
) -> None:
    place, lag = places.account[_column(table, "code")], _column(table, "lag")
    now = (place >= 0) & (lag == 0)
    for array, name in zip((*dense, *latest), ("events", "logins", "last_event", "last_login"), strict=True):
        array[week, place[now]] = table[name].to_numpy()[now]
    events, logins = (np.where(place >= 0, table[name].to_numpy(), 0.0) for name in ("events", "logins"))
    for amount, feature in ((logins, rollup.login), (events - logins, NO_LOGIN)):
        late = np.flatnonzero((lag > 0) & (amount != 0))
        rollup.settled.append(_settled(place[late], feature, week, lag[late], amount[late]))


def _settled(account: Ints, feature: int, week: int, lag: Ints, amount: Floats) -> Events:
    """Return amounts that became known late, as events of nobody at no time."""
    nobody, known = np.full(len(account), -1), np.full(len(account), week)
    return Events(account, np.full(len(account), feature), nobody, nobody, known - lag, known, amount)


def _mark_users(rollup: Rollup, week: int, table: pa.Table, places: Places) -> None:
    place, lag = places.user[_column(table, "code")], _column(table, "lag")
    people = len(rollup.user_account)
    rollup.users[np.where((lag == 0) & (place >= 0), week * people + place, -1)] = ON_TIME
    late = np.flatnonzero((lag > 0) & (place >= 0) & (lag <= week))
    cell = (week - lag[late]) * people + place[late]
    np.maximum.at(rollup.users, cell, ON_TIME - lag[late].astype(np.uint16))


def _mark_features(rollup: Rollup, week: int, table: pa.Table, places: Places) -> None:
    place, lag = places.account[_column(table, "code")], _column(table, "lag")
    member, size = (
        place * len(rollup.codes.features) + _column(table, "feature"),
        rollup.shape[0] * len(rollup.codes.features),
    )
    rollup.features[np.where((lag == 0) & (place >= 0), week * size + member, -1)] = ON_TIME
    late = np.flatnonzero((lag > 0) & (place >= 0) & (lag <= week))
    cell = (week - lag[late]) * size + member[late]
    np.maximum.at(rollup.features, cell, ON_TIME - lag[late].astype(np.uint16))
