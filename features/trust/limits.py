"""How far a table may leave its own history, and which changes somebody has accepted."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from features.contract import TABLES
from features.trust.measures import MEASURES


class Accepted(BaseModel):
    """A change that is real: not judged from `since` to `until`; without `until` a new level begins at `since`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    measure: str = ""
    """Empty for every measure of the table."""
    key: str = ""
    """The product feature, kind or column; empty for all."""
    since: date
    """The as-of date that ends the first week that differs."""
    until: date | None = None
    """The as-of date that ends the last one."""
    why: str = ""

    @model_validator(mode="after")
    def _names(self) -> "Accepted":
        if self.table not in TABLES:
            raise ValueError(f"table {self.table!r} is not one of {', '.join(TABLES)}")
        if self.measure and self.measure not in MEASURES:
            raise ValueError(f"measure {self.measure!r} is not one of {', '.join(MEASURES)}")
        if self.until and self.until < self.since:
            raise ValueError(f"until {self.until} lies before since {self.since}")
        return self

    def covers(self, table: str, measure: str, key: str) -> bool:
        """Say whether it speaks of a measure of a table."""
        return self.table == table and self.measure in ("", measure) and self.key in ("", key)


class TrustLimits(BaseModel):
    """When a table that differs from its own history stops a run (statistic: docs/decisions/0007-table-trust.md)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    deviations: float = Field(5.0, gt=0)
    """Standard deviations of the table's own ups and downs that are ordinary."""
    change: float = Field(1.6, gt=1)
    """A smaller change than by this factor never stops a run, however regular the table."""
    shrink_share: float = Field(0.02, ge=0, le=1)
    """Share of the rows known a week ago that may be gone."""
    look_back: int = Field(4, ge=1, le=26)
    """Weeks before the as-of date that are judged: features read them all."""
    quiet: tuple[str, ...] = ("12-20/01-06",)
    """Days of the year (MM-DD/MM-DD) that may be quiet though no earlier year shows it."""
    warn: tuple[str, ...] = ()
    """Measures that only warn."""
    accept: tuple[Accepted, ...] = ()

    @field_validator("warn")
    @classmethod
    def _measures(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in MEASURES:
                raise ValueError(f"measure {name!r} is not one of {', '.join(MEASURES)}")
        return names

    @model_validator(mode="after")
    def _days(self) -> "TrustLimits":
        for period in self.quiet:
            try:
                for day in period.split("/", 1) if "/" in period else [""]:
                    date.fromisoformat(f"2024-{day}")
            except ValueError:
                raise ValueError(f"quiet period {period!r} is not two days of the year such as 12-20/01-06") from None
        return self
