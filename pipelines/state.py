"""Where state lies under [store] path, and files that are either wholly there or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class State:
    """Names of what a run writes."""

    root: Path

    @property
    def models(self) -> Path:
        """Folder of bundles, one folder per model id."""
        return self.root / "models"

    @property
    def rollups(self) -> Path:
        """Folder of the rolled-up weeks of usage, which can be made again from the sources."""
        return self.root / "rollups"

    @property
    def snapshots(self) -> Path:
        """Folder of the snapshots, which never change."""
        return self.root / "snapshots"

    @property
    def folds(self) -> Path:
        """Folder of the folds that were replayed, which can be made again."""
        return self.root / "folds"

    def report(self, as_of: date) -> Path:
        """HTML page of one week."""
        return self.root / "reports" / f"week-{as_of}.html"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; on success sync the file and rename it, on failure remove it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a file under a temporary name, sync and rename it."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
