"""What an account stood at, at each as-of date: name, owner, money, dates; shown beside a risk, never learnt from."""

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.cohort import tenure
from features.grid import NEVER, Floats, Ints
from features.observed import Observed
from features.states import DAY_US

SHOWN = ("name", "owner", "segment", "plan")
"""The attributes that stand beside a risk."""
IN_PLACE, LEFT, NONE = "in place", "left", "none"
"""Whether somebody is executive sponsor, the last one has left, or none was ever on record."""


def _moments(times: Floats) -> NDArray[np.datetime64]:
    out = np.full(times.shape, np.datetime64("NaT"), dtype="datetime64[us]")
    given = np.isfinite(times)
    out[given] = times[given].astype(np.int64).astype("datetime64[us]")
    return out


def standing(seen: Observed, chosen: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """Return the columns for the chosen (account, as-of) pairs, as known then; NaN, NaT or None where not given."""
    contract = seen.contract
    ends = seen.at(contract.ends)
    deadline = ends - seen.at(contract.notice_days) * DAY_US
    term = seen.at((contract.ends - contract.started) / DAY_US)
    columns: dict[str, NDArray[Any]] = {name: seen.attribute(name)[chosen] for name in SHOWN}
    columns |= {
        "arr": seen.at(contract.arr)[chosen],
        "seats": seen.at(contract.seats)[chosen],
        "renewal_date": _moments(ends[chosen]),
        "notice_deadline": _moments(deadline[chosen]),
        "days_to_renewal": seen.days_until(contract.ends)[chosen],
        "term_days": np.where(np.isfinite(term), term, np.nan)[chosen],
        "auto_renew": seen.at(contract.auto_renew)[chosen],
        "tenure_days": tenure(seen)[chosen],
        "last_seen_days": seen.days_since_use[chosen],
    }
    return columns


def shown(seen: Observed, chosen: NDArray[np.bool_], as_of: date) -> dict[str, NDArray[Any]]:
    """Return what a list shows of the chosen accounts at the last as-of date, as known then, and no model is given.

    `sponsor` (None where no contact of anybody was on record yet) with the day since when, the last touchpoint that
    the account began, and the last use; NaT where there is none.
    """
    sponsor, since = _sponsor(seen)
    contact = _times(seen.at(seen.touchpoints.last_begun_by_account)[:, -1])
    last_use = np.datetime64(as_of, "us").astype(np.int64) - np.round(seen.days_since_use[:, -1] * DAY_US)
    return {
        "sponsor": sponsor[chosen],
        "sponsor_since": _moments(since[chosen]),
        "customer_contact": _moments(contact[chosen]),
        "last_use": _moments(last_use[chosen]),
    }


def _sponsor(seen: Observed) -> tuple[NDArray[np.object_], Floats]:
    """Return each account's sponsor in a word, and since when (microseconds): in office, or gone; NaN for neither."""
    now, ever = seen.at(seen.sponsors.now)[:, -1] > 0, seen.at(seen.sponsors.ever)[:, -1]
    newest, gone = seen.at(seen.sponsors.newest)[:, -1], _times(seen.at(seen.sponsors.last_left)[:, -1])
    said = np.array([NONE, LEFT, IN_PLACE], dtype=object)[np.where(now, 2, ever)]
    if not seen.begun("contacts")[-1]:
        said[:] = None
    return said, np.where(now, newest, np.where(ever, gone, np.nan))


def _times(found: Ints) -> Floats:
    return np.where(found == NEVER, np.nan, found.astype(np.float64))
