"""The final fit: every matured row up to one date, with what is fixed with the model."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.errors import ContractError
from features.labels import competing_label, label, window_label
from features.outcome import INTERVALS, OutcomeContract
from models.calibration import Calibration, calibrate_risks
from models.competing import fit_separate
from models.hazard import FittedHazards, HazardModel
from models.health import HealthScale
from models.protocol import Rows
from models.score_interval import ScoreIntervals
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
    predictions: pd.DataFrame | None = None,
    calibration: Calibration | None = None,
    separate: Mapping[str, pd.DataFrame] | None = None,
) -> FittedHazards:
    """Fit the hazards on everything that had matured by `known_by`.

    `predictions`: a backtest's, of rows the model did not train on, for the health scale and the score intervals.
    Without them there are no intervals, and the scale comes from the model's own rows.
    `calibration`: the one that the backtest supports; `predictions` are as they were before it. `separate`: outcomes
    by name (features.labels.separate_outcomes), each with hazards of its own; `about` says which were too rare.

    Raises ContractError with fewer than `minimum_churns` matured churns, or with only one class.
    """
    seen = snapshot.frame.index.get_level_values("as_of") < pd.Timestamp(known_by)
    rows = Rows(snapshot.frame[seen], snapshot.standing[seen])
    labels = label(outcomes, rows.index, contract, known_by)
    churns = require_churns(labels, settings.minimum_churns, known_by)
    fitted = replace(HazardModel(settings).fit(rows, labels), calibration=calibration)
    past = None if predictions is None else calibrate_risks(calibration, predictions)
    reference = (fitted.predict(rows) if past is None else past)["risk_90"].to_numpy()
    kinds = {name: label(each, rows.index, contract, known_by) for name, each in (separate or {}).items()}
    others, left_out = _fit_separate(rows, kinds, labels, settings)
    counts = {"churns": churns, "separate_left_out": left_out}
    return replace(
        fitted,
        scale=HealthScale.fit(reference),
        intervals=None if past is None else ScoreIntervals.fit(past),
        separate=others,
        about=_about(snapshot, contract, settings, known_by, labels) | counts,
    )


def _about(
    snapshot: "Snapshot", contract: OutcomeContract, settings: TrainSettings, known_by: date, labels: pd.DataFrame
) -> dict[str, Any]:
    matured = labels.index[window_label(labels, *HORIZON).notna()]
    return {
        "outcome_digest": contract.digest,
        "catalogue_digest": snapshot.catalogue_digest,
        "known_by": known_by.isoformat(),
        "rows": len(matured),
        "accounts": int(matured.get_level_values("account_id").nunique()),
        "settings": settings.model_dump(mode="json", exclude={"threads"}),
    }


def _fit_separate(
    rows: Rows, kinds: Mapping[str, pd.DataFrame], labels: pd.DataFrame, settings: TrainSettings
) -> tuple[dict[str, FittedHazards], dict[str, str]]:
    """Return the hazards of each separate outcome, and why the others were left out."""
    fitted, left_out = {}, {}
    for name, of_kind in kinds.items():
        count = different_events(competing_label(of_kind, labels, *HORIZON) == 1.0, of_kind)
        if count < settings.minimum_churns:
            left_out[name] = (
                f"{count} matured outcomes within {HORIZON[1]} days, training needs {settings.minimum_churns}"
            )
            continue
        try:
            fitted[name] = fit_separate(rows, of_kind, labels, settings)
        except ContractError as error:
            left_out[name] = str(error)
    return fitted, left_out


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
    return different_events(window_label(labels, *HORIZON) == 1.0, labels)


def different_events(hit: "pd.Series[bool]", labels: pd.DataFrame) -> int:
    """Return how many different outcomes (account and day) the rows with a `hit` lead to."""
    churned = hit.to_numpy()
    if not churned.any():
        return 0
    index = labels.index[churned]
    day = index.get_level_values("as_of") + pd.to_timedelta(np.floor(labels["days"].to_numpy()[churned]), unit="D")
    return int(
        pd.DataFrame({"account_id": index.get_level_values("account_id"), "day": day}).drop_duplicates().shape[0]
    )
