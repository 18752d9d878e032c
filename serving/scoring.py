"""From a snapshot and a model to the risk list of one as-of date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, field_validator

from serving.listed import sparks, weeks_listed
from serving.saveable import placed

if TYPE_CHECKING:
    import pandas as pd

    from features.catalogue import Feature
    from features.snapshot import Snapshot
    from models.bundle import Bundle
    from models.explain import Contributions
    from serving.risk_list import PublishedList

Ranking = Literal["risk_30", "risk_60", "risk_90", "risk_60_90"]
LOWEST_BAND = "Low"


class ListSettings(BaseModel):
    """How a risk list is ranked, banded and shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    capacity: int = Field(40, ge=1)
    rank_by: Ranking = "risk_90"
    bands: dict[str, float] = {"High": 0.30, "Medium": 0.12}
    reasons: int = Field(5, ge=0, le=5)
    currency: str = Field("€", max_length=4)

    @field_validator("bands")
    @classmethod
    def _bands_are_falling_thresholds(cls, bands: dict[str, float]) -> dict[str, float]:
        if not bands or len(set(bands.values())) < len(bands) or not all(0 < floor < 1 for floor in bands.values()):
            raise ValueError("bands need different thresholds between 0 and 1, for example High = 0.30, Medium = 0.12")
        if LOWEST_BAND in bands or max(map(len, bands)) > 16:
            raise ValueError(f"band names have at most 16 letters, and {LOWEST_BAND!r} is what lies below all others")
        return dict(sorted(bands.items(), key=lambda band: -band[1]))

    @property
    def highest_band(self) -> str:
        """The band with the highest threshold."""
        return next(iter(self.bands))

    @property
    def band_names(self) -> tuple[str, ...]:
        """All bands, the highest first."""
        return (*self.bands, LOWEST_BAND)


@dataclass(frozen=True)
class ScoredFeature:
    """What a list keeps of a feature, so that its numbers are said alike when the catalogue has moved on."""

    name: str
    family: str
    driver: str
    title: str
    unit: str
    says: str
    otherwise: str
    missing: str
    untracked: str = ""
    """Lists published before there were such sentences have none; `missing` speaks for it then."""


@dataclass(frozen=True)
class ScoredList:
    """A risk list before it is published; frames share the index account_id in rank order."""

    as_of: date
    outcome: str
    catalogue: str
    model: str
    settings: ListSettings
    rows: pd.DataFrame
    """rank, name, owner, segment, plan, seats, arr, arr_at_risk, the risks, health, band, previous_band, change,
    renewal_date, notice_deadline; where known also RISK_low, RISK_high, change_data, change_clock, change_model,
    change_text, separate (risks of separate outcomes by name) and whatever follows it in `list_rows`."""
    reasons: pd.DataFrame
    """account_id, position (from 1), driver, feature, text, contribution."""
    features: tuple[ScoredFeature, ...]
    values: pd.DataFrame
    facts: pd.DataFrame
    contributions_90: pd.DataFrame
    contributions_60_90: pd.DataFrame
    base_90: float
    base_60_90: float
    not_scored: pd.DataFrame
    """account_id, name, why; where known owner and segment."""
    left_out: Mapping[str, str]
    previous_as_of: date | None = None
    previous_model: str | None = None


def score(
    snapshot: Snapshot,
    bundle: Bundle,
    settings: ListSettings,
    previous: PublishedList | None = None,
    previous_bundle: Bundle | None = None,
) -> ScoredList:
    """Return the risk list of the snapshot's last as-of date.

    `previous` is the list of an earlier week (from `previous_list`), for changes; `previous_bundle` the model that made
    it, needed only when it is another one, to tell new data, time and the new model apart. Raises ContractError when
    the model was made with another catalogue or outcome contract than the snapshot.
    """
    from models.explain import all_contributions
    from models.protocol import WINDOWS, Rows

    bundle.require(catalogue_digest=snapshot.catalogue_digest, outcome_digest=snapshot.outcome_digest)
    as_of, frame, standing = _latest(snapshot)
    predicted = bundle.predict(Rows(frame, standing))
    rows = standing.join([predicted, bundle.intervals(predicted)])
    rows["separate"] = _separate(bundle.separate_risks(Rows(frame, standing)))
    rows["health"] = bundle.health(rows["risk_90"])
    rows = _ranked(rows, settings, previous)
    rows = rows.join(_moved(frame.loc[rows.index], snapshot, as_of, bundle, previous, previous_bundle))
    rows = placed(rows.join(snapshot.shown), as_of)
    before = {row.account_id: row for row in previous.rows} if previous else {}
    rows["weeks_listed"] = weeks_listed(rows["band"], before, LOWEST_BAND)
    rows["spark"] = sparks(rows["risk_90"], before)
    frame, facts = frame.loc[rows.index], snapshot.facts.reindex(rows.index)
    near, window = all_contributions(bundle.hazards, frame, [WINDOWS["risk_90"], WINDOWS["risk_60_90"]])
    ranking = window if settings.rank_by == "risk_60_90" else near
    said = _reasons(ranking, frame, snapshot, bundle, settings)
    known = {feature.name: feature for feature in snapshot.features}
    return ScoredList(
        as_of=as_of,
        outcome=snapshot.outcome_digest,
        catalogue=snapshot.catalogue_digest,
        model=bundle.id,
        settings=settings,
        rows=rows.assign(driver=_first_driver(said, rows.index)),
        reasons=said,
        features=tuple(_kept(known[name]) for name in frame.columns),
        values=frame,
        facts=facts,
        contributions_90=near.values,
        contributions_60_90=window.values,
        base_90=near.base,
        base_60_90=window.base,
        not_scored=snapshot.not_scored,
        left_out=snapshot.left_out,
        previous_as_of=previous.as_of if previous else None,
        previous_model=previous.model if previous else None,
    )


def _latest(snapshot: Snapshot) -> tuple[date, pd.DataFrame, pd.DataFrame]:
    """Return the last as-of date, and its features and standing by account."""
    index = cast("pd.MultiIndex", snapshot.frame.index)
    # From the level, not from the rows: the last as-of date may have no eligible account.
    last = index.levels[1].max()
    here = index.get_level_values(1) == last
    return last.date(), snapshot.frame[here].droplevel(1), snapshot.standing[here].droplevel(1)


def _ranked(rows: pd.DataFrame, settings: ListSettings, previous: PublishedList | None) -> pd.DataFrame:
    """Return the rows in rank order with money at risk, band and change; ties go to more money, then to the id."""
    import numpy as np
    import pandas as pd

    before = pd.DataFrame(
        [(row.account_id, row.risk_90, row.band) for row in previous.rows] if previous else [],
        columns=["account_id", "risk_90", "band"],
    ).set_index("account_id")
    risk = rows[settings.rank_by].to_numpy()
    rows["arr_at_risk"] = rows["arr"] * rows["risk_90"]
    rows["band"] = np.select(
        [risk >= floor for floor in settings.bands.values()], list(settings.bands), default=LOWEST_BAND
    )
    rows["previous_band"] = before["band"].reindex(rows.index)
    rows["change"] = rows["risk_90"] - before["risk_90"].reindex(rows.index).astype(float)
    keys = [settings.rank_by, "arr_at_risk", "account_id"]
    rows = rows.sort_values(keys, ascending=[False, False, True], na_position="last", kind="stable")
    rows["rank"] = np.arange(1, len(rows) + 1)
    return rows


def _moved(
    frame: pd.DataFrame,
    snapshot: Snapshot,
    as_of: date,
    bundle: Bundle,
    previous: PublishedList | None,
    previous_bundle: Bundle | None,
) -> pd.DataFrame:
    """Return the parts of each change and their sentence; no columns without the previous list's model."""
    import pandas as pd

    from models.changes import PARTS, changes, said
    from models.protocol import WINDOWS

    known = {each.id: each for each in (bundle, previous_bundle) if each is not None}
    if previous is None or previous.values is None or previous.model not in known:
        return pd.DataFrame(index=frame.index)
    old, days = known[previous.model], (as_of - previous.as_of).days
    window = WINDOWS["risk_90"]
    split = changes(old.hazards, bundle.hazards, previous.values, frame, snapshot.features, days, window)
    return split[list(PARTS)].add_prefix("change_").assign(change_text=said(split, previous.as_of))


def _separate(risks: pd.DataFrame) -> pd.Series:
    """Return each row's risks of separate outcomes by name, None where there are none."""
    import pandas as pd

    known = [{name: risk for name, risk in row.items() if risk == risk} for row in risks.to_dict("records")]
    rows = [row or None for row in known] or [None] * len(risks)
    return pd.Series(rows, risks.index, dtype=object)


def _reasons(
    shares: Contributions, frame: pd.DataFrame, snapshot: Snapshot, bundle: Bundle, settings: ListSettings
) -> pd.DataFrame:
    import pandas as pd

    from models.reasons import reasons

    said = reasons(shares, frame, snapshot.facts, snapshot.features, bundle.hazards.typical, limit=settings.reasons)
    rows = [
        (account, position, reason.driver, reason.feature, reason.text, reason.contribution)
        for account, of_account in zip(frame.index, said, strict=True)
        for position, reason in enumerate(of_account, 1)
    ]
    return pd.DataFrame(rows, columns=["account_id", "position", "driver", "feature", "text", "contribution"])


def _first_driver(said: pd.DataFrame, accounts: pd.Index) -> pd.Series:
    first = said[said["position"] == 1].set_index("account_id")["driver"]
    return first.reindex(accounts)


def _kept(feature: Feature) -> ScoredFeature:
    return ScoredFeature(**{name: getattr(feature, name) for name in ScoredFeature.__dataclass_fields__})
