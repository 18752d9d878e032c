"""Bad input: one clear message, the documented error, and the last list as it was."""

from datetime import date
from pathlib import Path

import pytest

from features.errors import ContractError, ForewarnError, StaleError, UsageError
from pipelines import jobs
from pipelines.journal import Journal
from pipelines.settings import load_settings
from serving.risk_list import read_list
from serving.store import open_database
from tests.pipeline.small_book import MAPPING, SETTINGS, make_book, write_settings

AS_OF = date(2026, 11, 2)


def run(config: Path, as_of: date = AS_OF) -> None:
    jobs.weekly(load_settings(config), as_of, Journal(), retrain=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bad")
    run(make_book(made, accounts=240, weeks=90))
    return made


def state(folder: Path) -> tuple[object, dict[str, bytes]]:
    """Return the published list and every file that decides what is served or shown."""
    shown = contents(folder, "models") | contents(folder, "reports")
    return read_list(open_database(f"sqlite:///{folder}/state/forewarn.db")).to_json(), shown


def contents(folder: Path, kind: str) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in (folder / "state" / kind).rglob("*") if path.is_file()}


def with_mapping(folder: Path, old: str, new: str) -> Path:
    """Return settings whose mapping differs from the good one in one place."""
    good = MAPPING.read_text()
    assert old in good
    (folder / "mapping.toml").write_text(good.replace(old, new))
    return write_settings(folder, SETTINGS.replace("{mapping}", f"{folder}/mapping.toml"), "bad.toml")


USAGE, OUTCOMES = 'path = "usage/**/*.parquet"', 'path = "outcomes.parquet"'

MAPPINGS: dict[str, tuple[str, str, type[ForewarnError], str]] = {
    "missing file": (USAGE, 'path = "use/*.parquet"', ContractError, "usage"),
    "no rows": (USAGE, f'{USAGE}\nfilter = "false"', ContractError, "usage"),
    "missing column": (USAGE, f'{USAGE}\noccurred_at = "at"', ContractError, "usage.occurred_at"),
    "text in a number": (USAGE, f"{USAGE}\nquantity = \"'many'\"", ContractError, "usage.quantity"),
    "year 1": (USAGE, f"{USAGE}\noccurred_at = \"TIMESTAMP '0001-01-01'\"", ContractError, "1990"),
    "year 9999": (USAGE, f"{USAGE}\noccurred_at = \"TIMESTAMP '9999-12-31'\"", ContractError, "2100"),
    "negative quantity": (USAGE, f'{USAGE}\nquantity = "-1"', ContractError, "negative"),
    "unknown accounts": (USAGE, f"{USAGE}\naccount_id = \"'?' || account_id\"", ContractError, "account"),
    "typo in a key": (USAGE, f'{USAGE}\noccured_at = "x"', UsageError, "did you mean occurred_at?"),
    "one class only": (OUTCOMES, f"{OUTCOMES}\nkind = \"'contraction'\"", ContractError, "0 matured churns"),
    "too few churns": (OUTCOMES, f"{OUTCOMES}\nfilter = \"account_id < 'A00030'\"", ContractError, "matured churns"),
}


@pytest.mark.parametrize("case", MAPPINGS)
def test_a_bad_table_stops_the_run_and_leaves_the_list(folder: Path, case: str) -> None:
    old, new, kind, says = MAPPINGS[case]
    before, snapshots = state(folder), contents(folder, "snapshots")
    with pytest.raises(kind, match=says.replace("?", r"\?")):
        run(with_mapping(folder, old, new))
    assert state(folder) == before
    # A run that fails later may have kept snapshots of its own source; those that were there stay.
    assert snapshots.items() <= contents(folder, "snapshots").items()


@pytest.mark.parametrize(
    ("as_of", "kind", "says"),
    [
        (date(2024, 1, 1), UsageError, "first possible is"),
        (date(2026, 11, 30), StaleError, "last list stays"),
    ],
)
def test_a_week_outside_the_data_leaves_the_list(
    folder: Path, as_of: date, kind: type[ForewarnError], says: str
) -> None:
    before = state(folder)
    with pytest.raises(kind, match=says):
        run(folder / "small.toml", as_of)
    assert state(folder) == before


def test_the_good_book_still_runs(folder: Path) -> None:
    """The negative control of this file: what is refused above is refused for the planted fault."""
    before, _ = state(folder)
    run(with_mapping(folder, USAGE, USAGE))
    after, _ = state(folder)
    assert after == before
