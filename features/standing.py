"""What an account stood at, at each as-of date: name, owner, money, dates; shown beside a risk, never learnt from."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.cohort import tenure
from features.grid import Floats
from features.observed import Observed
from features.states import DAY_US

SHOWN = ("name", "owner", "segment", "plan")
"""The attributes that stand beside a risk."""


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
