"""A stored model's way to learn, replayed beside another: its settings on the features that it reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from models.hazard import FittedHazards, HazardModel
from models.protocol import Rows
from models.settings import HazardSettings


@dataclass(frozen=True)
class FittedRecipe:
    """Hazards that read some of the columns."""

    hazards: FittedHazards

    def predict(self, rows: Rows) -> pd.DataFrame:
        """Return RISKS per row."""
        return self.hazards.predict(_only(rows, self.hazards.columns))


@dataclass(frozen=True)
class RecipeModel:
    """Learns as a stored model did; its calibrator is left out, as it was fitted on weeks that are tested again."""

    settings: HazardSettings
    columns: tuple[str, ...]
    name: str = "champion"

    @classmethod
    def of(cls, columns: tuple[str, ...], about: Mapping[str, Any], name: str = "champion") -> "RecipeModel":
        """Return the recipe of a bundle's columns and `about`."""
        # A model from before there was a line had trees only.
        stored = {"line_share": 0.0, **about["settings"]}
        known = {key: value for key, value in stored.items() if key in HazardSettings.model_fields}
        return cls(HazardSettings.model_validate(known), columns, name)

    def fit(self, rows: Rows, labels: pd.DataFrame) -> FittedRecipe:
        """Fit the hazards on its columns; raises ContractError when an interval holds only one class."""
        return FittedRecipe(HazardModel(self.settings).fit(_only(rows, self.columns), labels))


def _only(rows: Rows, columns: tuple[str, ...]) -> Rows:
    return Rows(rows.frame[list(columns)], rows.standing)
