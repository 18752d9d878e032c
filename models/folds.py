"""Rolling-origin folds: which as-of dates are tested, and what their training may know."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict, Field

from features.calendar import WEEK
from features.errors import ContractError
from features.outcome import INTERVALS, OutcomeContract

MINIMUM_FOLDS = 4
HORIZON_DAYS = INTERVALS[-1][1]


class BacktestSettings(BaseModel):
    """Which past as-of dates are replayed, and how they are judged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folds: int = Field(
        default=12, ge=MINIMUM_FOLDS, le=60, description="blocks of weeks to test, each with its own training"
    )
    fold_weeks: int = Field(default=8, ge=1, le=52, description="weeks per block")
    test_every_weeks: int = Field(default=2, ge=1, le=52, description="weeks between the tested as-of dates of a block")
    minimum_train_weeks: int = Field(
        default=13, ge=1, description="weeks of matured as-of dates the first fold trains on"
    )
    capacity: int = Field(
        default=40, ge=1, description="accounts that can be worked per week: recall and precision at this"
    )
    resamples: int = Field(default=300, ge=50, le=10000, description="resamples of accounts behind each 95 % interval")
    seed: int = Field(default=7, ge=0, description="seed of the resamples")


@dataclass(frozen=True)
class Fold:
    """One block: its models know only what had matured by the first tested as-of date."""

    number: int
    tested: tuple[date, ...]

    @property
    def known_by(self) -> date:
        """The date by which a training label must have matured: the first tested as-of date."""
        return self.tested[0]


def fold_dates(as_ofs: Iterable[date], last: date, contract: OutcomeContract, settings: BacktestSettings) -> list[Fold]:
    """Return the folds, oldest first: blocks of `fold_weeks` that end at the last as-of date matured by `last`.

    Raises ContractError with the number of weeks missing when history supports fewer than four folds.
    """
    purge = timedelta(days=HORIZON_DAYS + contract.recording_lag_days)
    known = sorted(set(as_ofs))
    testable = [day for day in known if day + purge <= last]
    if not testable:
        raise ContractError(_too_short(known, MINIMUM_FOLDS * settings.fold_weeks, purge, last))
    first_start = known[0] + settings.minimum_train_weeks * WEEK + purge
    blocks: list[list[date]] = []
    for number in range(settings.folds):
        end = testable[-1] - number * settings.fold_weeks * WEEK
        start = end - settings.fold_weeks * WEEK + timedelta(days=1)
        if start < first_start:
            break
        blocks.append(_spaced([day for day in testable if start <= day <= end], settings.test_every_weeks))
    tested = [block for block in reversed(blocks) if block]
    if len(tested) < MINIMUM_FOLDS:
        needed = first_start + MINIMUM_FOLDS * settings.fold_weeks * WEEK - timedelta(days=1)
        raise ContractError(_too_short(known, -(-(needed - testable[-1]).days // 7), purge, last))
    return [Fold(number + 1, tuple(block)) for number, block in enumerate(tested)]


def _spaced(days: list[date], weeks: int) -> list[date]:
    """Return the first day and then each next one at least `weeks` later."""
    out: list[date] = []
    for day in days:
        if not out or day >= out[-1] + weeks * WEEK:
            out.append(day)
    return out


def _too_short(known: list[date], missing_weeks: int, purge: timedelta, last: date) -> str:
    span = f"{len(known)} as-of dates from {known[0]} to {known[-1]}" if known else "no as-of date"
    return (
        f"backtest: history is {max(missing_weeks, 1)} weeks too short for {MINIMUM_FOLDS} folds ({span}; labels known "
        f"by {last}; the {purge.days} days before a tested date cannot be used): add history "
        "([calendar] history_weeks), or lower [backtest] fold_weeks or minimum_train_weeks"
    )
