"""Settings: all mistakes at once, the nearest name, secrets only from the environment."""

import re
import tomllib
from pathlib import Path

import pytest

from features.errors import UsageError
from pipelines.settings import Settings, load_settings

CONFIGS = Path(__file__).parents[2] / "configs"
REFERENCE = CONFIGS / "forewarn.toml"


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(UsageError) as caught:
        load_settings(written(folder, text))
    return str(caught.value)


def test_an_empty_file_holds_the_defaults(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, "")) == Settings()


def test_the_reference_states_the_defaults_of_the_code() -> None:
    assert load_settings(REFERENCE) == Settings()


def keys_of(settings: Settings) -> set[str]:
    dumped = settings.model_dump(mode="json", by_alias=True)
    return {f"{section}.{key}" for section, keys in dumped.items() for key in keys}


def test_the_reference_has_every_key() -> None:
    given = tomllib.loads(REFERENCE.read_text(encoding="utf-8"))
    assert {f"{section}.{key}" for section, keys in given.items() for key in keys} == keys_of(Settings())


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.name)
def test_every_key_of_every_file_is_commented(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    keys = [place for place, line in enumerate(lines) if re.match(r"\w+ = ", line)]
    assert keys
    assert [lines[place] for place in keys if not lines[place - 1].startswith("# ")] == []


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.name)
def test_every_file_loads(path: Path) -> None:
    assert load_settings(path).project.name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[calendar]\nweekdy = 'monday'", "[calendar] weekdy: no such key; did you mean weekday?"),
        ("[calender]\nx = 1", "[calender]: no such section; did you mean calendar?"),
        ("[list]\ncapacity = 0", "[list] capacity = 0: Input should be greater than or equal to 1"),
        ("[calendar]\nas_of = 'soon'", "[calendar] as_of = 'soon'"),
        ("[outcome]\nlead_days = 90", "[outcome]: lead_days (90) and horizon_days (90)"),
        ("[schedule]\ncron = 'mondays'", "[schedule] cron = 'mondays': must be a cron line of five fields"),
        ("[schedule]\ntimezone = 'Mars'", "[schedule] timezone = 'Mars': must be a time zone"),
        ("[model\ntrees = 1", "not valid TOML"),
    ],
)
def test_a_mistake_is_said_with_file_key_value_and_rule(tmp_path: Path, text: str, says: str) -> None:
    said = complaint(tmp_path, text)
    assert "mine.toml" in said
    assert says in said


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    said = complaint(tmp_path, "[list]\ncapacity = 0\ntop = 3\n[calendar]\nweekday = 'mon'")
    assert "3 mistakes" in said
    assert all(key in said for key in ("capacity", "top", "weekday"))


@pytest.mark.parametrize(("section", "key"), [("store", "database"), ("mlflow", "tracking_uri")])
def test_a_password_in_the_file_is_refused_and_not_repeated(tmp_path: Path, section: str, key: str) -> None:
    said = complaint(tmp_path, f"[{section}]\n{key} = 'postgresql://me:hunter2@db/x'")
    assert "environment variable" in said
    assert "hunter2" not in said


def test_the_environment_gives_the_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOREWARN_DATABASE_URL", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert Settings().database_url == "sqlite:///state/forewarn.db"
    assert Settings().tracking_uri == "sqlite:///state/mlflow.db"
    monkeypatch.setenv("FOREWARN_DATABASE_URL", "postgresql://me:hunter2@db/x")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking")
    assert Settings().database_url == "postgresql://me:hunter2@db/x"
    assert Settings().tracking_uri == "http://tracking"


def test_a_missing_file_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="forewarn init"):
        load_settings(tmp_path / "none.toml")
