"""The rooms' import contracts hold, and a planted violation of each is caught."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = str(Path(sys.executable).with_name("lint-imports"))

PLANTS = {
    "features/planted.py": ("import prefect\nimport models", ["Rooms are layered", "Features know nothing"]),
    "models/planted.py": (
        "def late() -> None:\n    import mlflow\n    import prefect",
        ["MLflow only", "Prefect only"],
    ),
    "serving/planted.py": ("from features.labels import label", ["Serving does not look ahead"]),
    "features/families/planted.py": ("import features.labels", ["Only models and pipelines may look ahead"]),
}


def lint(folder: Path) -> tuple[int, str]:
    ran = subprocess.run([LINT, "--no-logo", "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for room in ("features", "models", "serving", "pipelines"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_rooms_keep_their_contracts() -> None:
    code, said = lint(ROOT)
    assert code == 0, said


def test_planted_violations_are_caught(copied: Path) -> None:
    for path, (text, _) in PLANTS.items():
        (copied / path).write_text(text + "\n", encoding="utf-8")
    code, said = lint(copied)
    broken = [line for line in said.splitlines() if " BROKEN" in line]
    assert code != 0
    for _, names in PLANTS.values():
        for name in names:
            assert any(line.startswith(name) for line in broken), said
