"""The folder of kinds: found by name, loaded one at a time, and refused in words."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.errors import UsageError
from models import kinds
from models.settings import TrainSettings

NEW_KIND = """
from models.rules import RuleModel

TITLE = "Coin"


def model(settings):
    return RuleModel("coin", lambda rows: [rows.frame.index.to_numpy() * 0])
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the name of a package with one kind in it."""
    folder = tmp_path / "pretend_kinds"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "coin.py").write_text(NEW_KIND)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder.name
    for name in [each for each in sys.modules if each.partition(".")[0] == folder.name]:
        del sys.modules[name]


def test_every_file_is_a_kind() -> None:
    files = {path.stem for path in Path(kinds.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(kinds.names()) == files
    assert list(kinds.names()) == sorted(files)


@pytest.mark.parametrize("name", kinds.names())
def test_a_kind_is_named_as_its_file_and_has_a_title(name: str) -> None:
    assert kinds.make(name, TrainSettings()).name == name
    assert kinds.title(name)[0].isupper()


def test_titles_differ() -> None:
    assert len({kinds.title(name) for name in kinds.names()}) == len(kinds.names())


def test_every_baseline_is_a_kind() -> None:
    assert set(kinds.BASELINES) < set(kinds.names())


def test_one_more_file_is_one_more_kind(package: str) -> None:
    assert kinds.names(package) == ("coin",)
    assert kinds.title("coin", package) == "Coin"
    assert kinds.make("coin", TrainSettings(), package).name == "coin"


def test_an_unknown_name_is_refused_with_the_nearest_and_all_known() -> None:
    with pytest.raises(
        UsageError, match=r"no model is called logistics; the known ones are cox, hazard.*; did you mean logistic\?"
    ):
        kinds.make("logistics", TrainSettings())


def test_a_kind_that_is_gone_is_still_said_in_words() -> None:
    assert kinds.title("random_forest") == "Random forest"


def test_the_names_and_titles_load_no_learning_library() -> None:
    code = (
        "import sys; from models import kinds; [kinds.title(name) for name in kinds.names()]; "
        "print(sorted({'sklearn', 'lightgbm', 'scipy', 'mlflow', 'shap'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_names_alone_load_no_pandas() -> None:
    code = "import sys; from models import kinds; kinds.names(); print('pandas' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
