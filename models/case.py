"""A challenger's case: everything that speaks for and against it."""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import ContractError
from models.backtest import Backtest, rows_of
from models.bundle import Bundle, load_bundle
from models.hazard import FittedHazards
from models.metrics import RiskRows
from models.paired import Difference, paired
from models.promotion import PromotionSettings
from models.protocol import Rows


@dataclass(frozen=True)
class Rival:
    """The champion, as it is stored and as its recipe did in the same backtest."""

    id: str
    known_by: date
    bundle: Bundle | None = None
    peer: str | None = None
    """Its name in the backtest; None where its recipe is the challenger's own."""
    note: str = ""
    """Why it cannot be compared, such as an outcome contract that has changed since."""
    auc: float | None = None
    """Its AUC for risk_90 in its own backtest, to go by where its recipe cannot be replayed."""


@dataclass(frozen=True)
class Case:
    """Everything that speaks for and against one challenger."""

    backtest: Backtest
    """The challenger's recipe first, its baselines, and the champion's recipe where that is another one."""
    fitted: FittedHazards
    """The challenger as it came out of training."""
    folder: Path
    """Where it is stored."""
    model_id: str
    catalogue_digest: str
    outcome_digest: str
    as_of: date
    rows: Rows
    """The rows it was trained and tested on, the cohort of `as_of` among them."""
    settings: PromotionSettings
    champion: Rival | None = None
    rolled_back: frozenset[str] = field(default_factory=frozenset)
    """Ids of models that were taken back by hand."""

    @cached_property
    def stored(self) -> Bundle | ContractError:
        """The challenger as read back, or why it cannot be."""
        try:
            return load_bundle(self.folder, expected_id=self.model_id)
        except ContractError as error:
            return error

    @property
    def bundle(self) -> Bundle:
        """The challenger as read back; raises ContractError when it cannot be."""
        if isinstance(self.stored, ContractError):
            raise self.stored
        return self.stored

    @cached_property
    def newest(self) -> Rows:
        """The cohort of the last as-of date."""
        as_of = self.rows.index.get_level_values("as_of")
        return self.rows.take(np.asarray(as_of == as_of.max()))

    @cached_property
    def tested(self) -> pd.DataFrame:
        """The test rows of the newest folds."""
        folds = np.sort(self.backtest.predictions["fold"].unique())[-self.settings.windows :]
        return self.backtest.predictions[self.backtest.predictions["fold"].isin(folds)].reset_index(drop=True)

    def of(self, model: str, risk: str, where: np.ndarray | None = None) -> RiskRows:
        """Return a model's test rows of the newest folds."""
        chosen = self.tested if where is None else self.tested[where]
        return rows_of(chosen, model, risk, self.backtest.models[0])

    def against(self, model: str, risk: str, metric: str, where: np.ndarray | None = None) -> Difference:
        """Return how much better the challenger is than another model of the backtest, on the newest folds."""
        how = self.backtest.settings
        mine, theirs = self.of(self.backtest.models[0], risk, where), self.of(model, risk, where)
        found = paired(theirs, mine, capacity=how.capacity, resamples=how.resamples, seed=how.seed, metrics=(metric,))
        return found[metric]
