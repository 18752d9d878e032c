"""A separate outcome for the synthetic book: accounts of narrow use renew for less."""

from typing import Any

import numpy as np
import pandas as pd


def contractions(book: Any, share: float = 0.06, seed: int = 5) -> pd.DataFrame:
    """Return one contraction for some accounts, two to eleven weeks after a row of narrow use, before any churn."""
    rng = np.random.default_rng(seed)
    rows = book.frame.reset_index()
    narrow = rows["breadth"].fillna(0.0).to_numpy() < -0.8
    drawn = rows[narrow & (rng.random(len(rows)) < share)].drop_duplicates("account_id")
    at = drawn["as_of"] + pd.to_timedelta(rng.integers(14, 80, len(drawn)), unit="D")
    left = drawn["account_id"].map(book.outcomes.set_index("account_id")["at"])
    happened = pd.DataFrame({"account_id": drawn["account_id"], "at": at, "known_at": at})
    return happened.assign(until=pd.NaT).astype({"until": "datetime64[us]"})[~(left <= at)].sort_values("at")
