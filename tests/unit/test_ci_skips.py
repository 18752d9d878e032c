"""A test that was skipped without an allowed reason fails the build."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

CI = Path(__file__).parents[2] / ".ci"


@pytest.fixture
def skips() -> ModuleType:
    spec = importlib.util.spec_from_file_location("skips", CI / "skips.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def results(folder: Path, reason: str) -> Path:
    path = folder / "results.xml"
    case = f'<testcase classname="tests.unit" name="test_a"><skipped message="{reason}"/></testcase>'
    path.write_text(f'<testsuites><testsuite>{case}<testcase name="test_b"/></testsuite></testsuites>')
    return path


@pytest.mark.parametrize(
    ("reason", "data_present", "wrong"),
    [
        ("the folder of other people's data is not beside the checkout", False, 0),
        ("the folder of other people's data is not beside the checkout", True, 1),
        ("no PostgreSQL here", False, 1),
    ],
)
def test_only_absent_data_excuse(
    skips: ModuleType, tmp_path: Path, reason: str, data_present: bool, wrong: int
) -> None:
    assert len(skips.wrong_skips(results(tmp_path, reason), data_present)) == wrong
