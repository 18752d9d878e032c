"""The final fit: every matured row up to one date, with what is fixed with the model."""

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.errors import ContractError
from features.labels import label, window_label
from features.outcome import INTERVALS, OutcomeContract
from models.hazard import FittedHazards, HazardModel
from models.health import HealthScale
from models.protocol import Rows
from models.settings import TrainSettings

if TYPE_CHECKING:
    from features.snapshot import Snapshot

HORIZON = (0, INTERVALS[-1][1])


def train(
    snapshot: "Snapshot",
    outcomes: pd.DataFrame,
    contract: OutcomeContract,
    settings: TrainSettings,
    known_by: date,
    *,
    reference: np.ndarray | None = None,
) -> FittedHazards:
    """Fit the hazards on everything that had matured by `known_by`; no calibrator is adopted.

    `reference`: risk_90 of rows the model did not train on (a backtest's), for the health scale; else its own rows'.
    Raises ContractError with fewer than `minimum_churns` matured churns, or with only one class.
    """
    seen = snapshot.frame.index.get_level_values("as_of") < pd.Timestamp(known_by)
    rows = Rows(snapshot.frame[seen], snapshot.standing[seen])
    labels = label(outcomes, rows.index, contract, known_by)
    churns = require_churns(labels, settings.minimum_churns, known_by)
    fitted = HazardModel(settings).fit(rows, labels)
    matured = window_label(labels, *HORIZON).notna()
    if reference is None or len(reference) == 0:
        reference = fitted.predict(rows)["risk_90"].to_numpy()
    return replace(
        fitted,
        scale=HealthScale.fit(reference),
        about={
            "outcome_digest": contract.digest,
            "catalogue_digest": snapshot.catalogue_digest,
            "known_by": known_by.isoformat(),
            "rows": int(matured.sum()),
            "accounts": int(rows.index[matured].get_level_values("account_id").nunique()),
            "churns": churns,
            "settings": settings.model_dump(mode="json", exclude={"threads"}),
        },
    )


def require_churns(labels: pd.DataFrame, minimum: int, known_by: date) -> int:
    """Return the number of matured churns within the horizon; raises ContractError when they are too few."""
    churns, rows = matured_churns(labels), int(window_label(labels, *HORIZON).notna().sum())
    if rows == 0:
        raise ContractError(
            f"outcomes: no row has matured by {known_by}: a label needs {HORIZON[1]} days of follow-up and the "
            "recording lag; use a later as-of date or add history ([calendar] history_weeks)"
        )
    if churns < minimum:
        raise ContractError(
            f"outcomes: {churns} matured churns within {HORIZON[1]} days in {rows:,} rows by {known_by}, but training "
            f"needs {minimum}: add history ([calendar] history_weeks), widen [outcome] kinds, or lower "
            "[model] minimum_churns"
        )
    return churns


def matured_churns(labels: pd.DataFrame) -> int:
    """Return how many different churns (account and day) the rows whose horizon has matured lead to."""
    churned = (window_label(labels, *HORIZON) == 1.0).to_numpy()
    if not churned.any():
        return 0
    index = labels.index[churned]
    day = index.get_level_values("as_of") + pd.to_timedelta(np.floor(labels["days"].to_numpy()[churned]), unit="D")
    return int(
        pd.DataFrame({"account_id": index.get_level_values("account_id"), "day": day}).drop_duplicates().shape[0]
    )
