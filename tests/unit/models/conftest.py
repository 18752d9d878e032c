"""A small synthetic book for the models' tests: feature rows, standing and outcomes with a known cause."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from features.outcome import OutcomeContract
from models.protocol import Rows
from models.settings import HazardSettings

FIRST, WEEKS, ACCOUNTS = date(2024, 1, 1), 88, 260


@dataclass(frozen=True)
class Pretend:
    """The parts of a snapshot that models read, with its outcomes."""

    frame: pd.DataFrame
    standing: pd.DataFrame
    outcomes: pd.DataFrame
    last: date
    contract: OutcomeContract = field(default_factory=OutcomeContract)
    catalogue_digest: str = "c0ffee000000"

    @property
    def rows(self) -> Rows:
        return Rows(self.frame, self.standing)


def pretend(seed: int = 1, accounts: int = ACCOUNTS, weeks: int = WEEKS, every: int = 2) -> Pretend:
    """Annual contracts; accounts in bad health leave at the contract's end, a few leave at any time."""
    rng = np.random.default_rng(seed)
    ill = np.cumsum(rng.normal(0, 0.22, (accounts, weeks)), axis=1) + rng.normal(0, 0.5, (accounts, 1))
    offset = rng.integers(0, 365, accounts)
    day = np.arange(weeks) * 7
    to_end = 364 - (day[None, :] + offset[:, None]) % 365
    leaves = (to_end < 7) & (ill + rng.normal(0, 0.7, ill.shape) > 0.4) | (rng.random(ill.shape) < 0.0012)
    gone = np.where(leaves.any(axis=1), leaves.argmax(axis=1), weeks)
    start = np.datetime64(FIRST)
    at = pd.to_datetime(start + (gone * 7 + np.minimum(to_end[np.arange(accounts), gone % weeks], 6)).astype("m8[D]"))
    outcomes = pd.DataFrame(
        {"account_id": _ids(accounts), "at": at, "known_at": at, "until": np.datetime64("NaT", "us")}
    )[gone < weeks]
    here = (np.arange(weeks)[None, :] <= gone[:, None]) & (np.arange(weeks) % every == 0)[None, :]
    account, week = np.nonzero(here)
    index = pd.MultiIndex.from_arrays(
        [_ids(accounts)[account], pd.to_datetime(start + day[week].astype("m8[D]"))], names=["account_id", "as_of"]
    )
    sick, end = ill[account, week], to_end[account, week]
    noise = rng.normal(size=(len(index), 4))
    frame = pd.DataFrame(noise, index, [f"noise_{i}" for i in range(4)])
    frame["login_drop"] = sick + rng.normal(0, 0.4, len(index))
    frame["breadth"] = np.where(rng.random(len(index)) < 0.2, np.nan, -sick + rng.normal(0, 0.8, len(index)))
    frame["days_to_renewal"] = end.astype(float)
    return Pretend(frame, _standing(index, sick, end), outcomes, FIRST + timedelta(weeks=weeks))


def _ids(accounts: int) -> np.ndarray:
    return np.array([f"A{i:03d}" for i in range(accounts)], dtype=object)


def _standing(index: pd.MultiIndex, sick: np.ndarray, end: np.ndarray) -> pd.DataFrame:
    code = pd.factorize(index.get_level_values("account_id"))[0]
    return pd.DataFrame(
        {
            "segment": np.where(code % 3 == 0, "smb", "mid"),
            "arr": 1000.0 * (1 + code % 7),
            "days_to_renewal": end.astype(float),
            "term_days": 365.0,
            "tenure_days": 100.0 + 9.0 * (code % 200),
            "auto_renew": (code % 2).astype(float),
            "last_seen_days": np.clip(np.round(np.exp(sick)), 0, 60),
        },
        index,
    )


@pytest.fixture(scope="session")
def book() -> Pretend:
    """Return the synthetic book most tests share."""
    return pretend()


@pytest.fixture(scope="session")
def small() -> HazardSettings:
    """Return settings that train in a fraction of a second."""
    return HazardSettings(trees=30, leaves=7, min_data_in_leaf=20, threads=1)
