"""A mapping file is read whole or refused with all its mistakes at once."""

from pathlib import Path

import pytest

from features.contract import TABLES
from features.errors import UsageError
from features.sources.mapping import read_mapping

ROOT = Path(__file__).parents[2]
GOOD = """
timezone = "Europe/Berlin"
simulated = true
[files]
raw = "raw.csv"
[accounts]
path = "accounts.csv"
created_at = "since"
[subscriptions]
query = "SELECT * FROM raw"
filter = "mrr > 0"
[usage]
path = "usage/*.parquet"
[checks.mine]
says = "rows are odd"
query = "SELECT 1, 2, ['a']"
"""


def read(folder: Path, text: str) -> str:
    """Return all that is said about a mapping file."""
    (folder / "book.toml").write_text(text)
    with pytest.raises(UsageError) as refused:
        read_mapping(folder / "book.toml")
    return str(refused.value).replace(f"{folder}/", "")


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(GOOD)
    mapping = read_mapping(tmp_path / "book.toml")
    assert (mapping.timezone, mapping.simulated, mapping.files) == ("Europe/Berlin", True, {"raw": "raw.csv"})
    assert list(mapping.tables) == ["accounts", "subscriptions", "usage"]
    assert mapping.tables["accounts"].columns == {"created_at": "since"}
    assert mapping.tables["subscriptions"].filter == "mrr > 0"
    assert mapping.checks[0].name == "mine"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("timezone", "timezon", "timezon is not a key; did you mean timezone?"),
        ("Europe/Berlin", "Europe/Berlim", "timezone = 'Europe/Berlim' is no time zone; did you mean Europe/Berlin?"),
        ("simulated = true", "simulated = 1", "simulated = 1 must be true or false"),
        ("[usage]", "[usages]", "usages is not a key; did you mean usage?"),
        ("[usage]", "[usages]", "[usage] is missing; every book needs it"),
        ("[subscriptions]", "[tickets]", "[subscriptions] or [outcomes] is missing; a book needs at least one of them"),
        ("created_at", "create_at", "[accounts] create_at is not a key; did you mean created_at?"),
        ('"since"', "3", "[accounts] created_at = 3 must be text: a path or SQL in quotes"),
        ("filter =", "path = 'x.csv'\nfilter =", "[subscriptions] needs either path or query, and not both"),
        ('path = "accounts.csv"', "", "[accounts] needs either path or query, and not both"),
        ("accounts.csv", "accounts.xlsx", "[accounts] path = 'accounts.xlsx' must end in .parquet, .pq, .csv"),
        ("accounts.csv", "../accounts.csv", "[accounts] path = '../accounts.csv' leaves the data folder"),
        ("raw =", "usage =", "[files] usage is a name that Forewarn uses itself; choose another, such as raw_usage"),
        ("raw =", '"r-w" =', "[files] 'r-w' must be a plain name of letters, digits and _"),
        ("says =", "say =", "[checks.mine] say is not a key; did you mean says?"),
        ("says =", "say =", "[checks.mine] says is missing"),
        ("[accounts]", "[accounts", "not a TOML file: "),
    ],
)
def test_a_mistake_is_said_with_file_and_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert f"book.toml: {said}" in read(tmp_path, GOOD.replace(old, new, 1))


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    spoiled = GOOD.replace("timezone", "zone").replace("created_at", "create_at").replace("raw.csv", "raw.txt")
    assert len(read(tmp_path, spoiled).splitlines()) == 3


def test_a_missing_file_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such mapping file; write one"):
        read_mapping(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("file", sorted((ROOT / "configs" / "sources").glob("*.toml")), ids=lambda file: file.stem)
def test_every_mapping_of_the_project_is_free_of_mistakes(file: Path) -> None:
    assert {"accounts", "usage"} <= read_mapping(file).tables.keys()


def test_the_example_shows_every_table_and_column() -> None:
    example = read_mapping(ROOT / "configs" / "sources" / "example.toml")
    assert {name: set(table.names) for name, table in TABLES.items()} == {
        name: set(mapping.columns) for name, mapping in example.tables.items()
    }
