"""A small simulated book with quick settings, for tests of whole runs."""

import os
import subprocess
import sys
from pathlib import Path

from features.sources.world import simulate

SETTINGS = """
[project]
name = "small"
simulated = true
[store]
path = "{folder}/state"
[sources]
mapping = "{mapping}"
data = "{folder}/data"
[model]
trees = 30
learning_rate = 0.2
threads = 1
min_data_in_leaf = 30
minimum_churns = 10
[backtest]
folds = 4
fold_weeks = 6
resamples = 50
[schedule]
retrain_every_weeks = 8
"""

MAPPING = Path(__file__).parents[2] / "configs" / "sources" / "demo.toml"


def make_book(folder: Path, accounts: int = 300, weeks: int = 110) -> Path:
    """Simulate a book and return its settings file."""
    simulate(folder / "data", accounts=accounts, weeks=weeks, seed=7, activity=0.3)
    return write_settings(folder, SETTINGS)


def write_settings(folder: Path, text: str, name: str = "small.toml") -> Path:
    """Write a settings file whose places are filled in."""
    path = folder / name
    path.write_text(text.replace("{folder}", folder.as_posix()).replace("{mapping}", MAPPING.as_posix()))
    return path


def forewarn(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return alone([str(Path(sys.executable).with_name("forewarn")), *words], home)


def alone(command: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    """Run a command with a Prefect that knows nothing of this machine."""
    environment = quiet_environment(home)
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)


def quiet_environment(home: Path) -> dict[str, str]:
    """Return this environment without what would lead a run elsewhere."""
    unset = {"FOREWARN_CONFIG", "FOREWARN_DATABASE_URL", "MLFLOW_TRACKING_URI", "PREFECT_API_URL"}
    return {name: value for name, value in os.environ.items() if name not in unset} | {"PREFECT_HOME": str(home)}
