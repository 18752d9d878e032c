"""Settings: one TOML file, checked as a whole, secrets only from the environment."""

import difflib
import os
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from features.calendar import GRACE_WEEKS
from features.contract import Limits
from features.errors import UsageError
from features.outcome import OutcomeContract
from features.trust.limits import TrustLimits
from models.folds import BacktestSettings
from models.promotion import PromotionSettings
from models.settings import TrainSettings
from serving.scoring import ListSettings
from serving.web.settings import WebSettings

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Section(BaseModel):
    """One table of the settings file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ProjectSettings(Section):
    """What this book is called, and whether it is simulated."""

    name: str = Field(default="forewarn", min_length=1)
    simulated: bool = False


class StoreSettings(Section):
    """Where state is kept."""

    path: Path = Path("state")
    database: str = ""
    grace_weeks: int = Field(default=GRACE_WEEKS, ge=0)

    @field_validator("database")
    @classmethod
    def _no_password(cls, url: str) -> str:
        return _without_password(url, "FOREWARN_DATABASE_URL")


class SourceSettings(Section):
    """Which mapping reads which folder."""

    mapping: Path = Path("configs/sources/mine.toml")
    data: Path = Path("data")


class CalendarSettings(Section):
    """The weekly grid: when weeks end and how far history is used."""

    weekday: Weekday = "monday"
    as_of: date | None = None
    history_weeks: int = Field(default=156, ge=14)
    train_every_weeks: int = Field(default=2, ge=1)
    stale_days: int = Field(default=10, ge=1)

    @field_validator("as_of", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value


class MlflowSettings(Section):
    """Where experiments are recorded."""

    tracking_uri: str = ""
    experiment: str = Field(default="forewarn", min_length=1)
    model_name: str = Field(default="forewarn", min_length=1)

    @field_validator("tracking_uri")
    @classmethod
    def _no_password(cls, uri: str) -> str:
        return _without_password(uri, "MLFLOW_TRACKING_URI")


class ScheduleSettings(Section):
    """When the weekly flow runs by itself and how often it retrains."""

    cron: str = "0 6 * * 1"
    timezone: str = "UTC"
    retrain_every_weeks: int = Field(default=4, ge=1)

    @field_validator("cron")
    @classmethod
    def _five_fields(cls, cron: str) -> str:
        if not re.fullmatch(r"[\d*/,\-]+( [\d*/,\-?LW#A-Za-z]+){4}", cron):
            raise ValueError("must be a cron line of five fields, such as 0 6 * * 1 (Mondays at six)")
        return cron

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("must be a time zone by its name, such as Europe/Berlin") from None
        return name


class Settings(Section):
    """Everything that a run may be told, one section per table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    project: ProjectSettings = ProjectSettings()
    store: StoreSettings = StoreSettings()
    sources: SourceSettings = SourceSettings()
    limits: Limits = Limits.model_validate({})
    trust: TrustLimits = TrustLimits.model_validate({})
    calendar: CalendarSettings = CalendarSettings()
    outcome: OutcomeContract = OutcomeContract.model_validate({})
    model: TrainSettings = TrainSettings()
    backtest: BacktestSettings = BacktestSettings()
    promotion: PromotionSettings = PromotionSettings()
    risk_list: ListSettings = Field(default=ListSettings.model_validate({}), alias="list")
    mlflow: MlflowSettings = MlflowSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    web: WebSettings = WebSettings.model_validate({})

    @property
    def database_url(self) -> str:
        """The database of the published lists: environment, else the file, else SQLite in the store."""
        given = os.environ.get("FOREWARN_DATABASE_URL") or self.store.database
        return given or f"sqlite:///{self.store.path / 'forewarn.db'}"

    @property
    def tracking_uri(self) -> str:
        """MLflow's store: environment, else the file, else SQLite in the store."""
        given = os.environ.get("MLFLOW_TRACKING_URI") or self.mlflow.tracking_uri
        return given or f"sqlite:///{self.store.path / 'mlflow.db'}"


def load_settings(path: Path) -> Settings:
    """Read and check a settings file.

    Raises UsageError that lists every mistake with file, key, value and rule.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such settings file; `forewarn init` writes one to start from") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from None
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        mistakes = [_mistake(item) for item in error.errors(include_url=False)]
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise UsageError("\n  ".join([f"{path}: {count}", *mistakes])) from None


def _mistake(error: ErrorDetails) -> str:
    keys = [str(part) for part in error["loc"]]
    place = f"[{keys[0]}] {'.'.join(keys[1:])}".rstrip()
    if error["type"] == "extra_forbidden":
        return f"{place}: no such {'key' if len(keys) > 1 else 'section'}; {_nearest(keys)}"
    rule = error["msg"].removeprefix("Value error, ")
    if isinstance(error["input"], dict):
        return f"{place}: {rule}"
    return f"{place} = {_shown(error['input'])}: {rule}"


def _nearest(keys: list[str]) -> str:
    """Return the way out for an unknown key: the nearest name, else all names."""
    known = {field.alias or name: field.annotation for name, field in Settings.model_fields.items()}
    if len(keys) > 1:
        section: Any = known[keys[0]]
        known = {field.alias or name: field.annotation for name, field in section.model_fields.items()}
    near = difflib.get_close_matches(keys[-1], known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def _shown(value: object) -> str:
    """Return a value as the file wrote it, without the password of an address."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", repr(value))


def _without_password(url: str, variable: str) -> str:
    if urlsplit(url).password:
        raise ValueError(f"must not hold a password: set the environment variable {variable} instead")
    return url
