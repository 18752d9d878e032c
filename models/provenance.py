"""What a training run was made from: digests of its data, its code and its environment."""

import ast
import hashlib
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

LOCK = "requirements.lock"
ROOMS = ("features", "models")


def frame_digest(frame: pd.DataFrame) -> str:
    """Return 12 hex digits of the frame's column names, index and values; row order counts."""
    digest = hashlib.sha256("\n".join(map(str, frame.columns)).encode())
    digest.update(np.ascontiguousarray(pd.util.hash_pandas_object(frame, index=True).to_numpy()).tobytes())
    return digest.hexdigest()[:12]


def lock_digest(root: Path) -> str:
    """Return 12 hex digits of the lock file, or "none"."""
    lock = root / LOCK
    return hashlib.sha256(lock.read_bytes()).hexdigest()[:12] if lock.is_file() else "none"


def git_state(root: Path) -> dict[str, str]:
    """Return the commit and whether files differ from it; "unknown" outside a checkout."""
    commit, changes = _git(root, "rev-parse", "HEAD"), _git(root, "status", "--porcelain")
    if commit is None or changes is None:
        return {"commit": "unknown", "changed_files": "unknown"}
    return {"commit": commit.strip(), "changed_files": str(len(changes.splitlines()))}


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 — fixed arguments
            ["git", "-C", str(root), *arguments],  # noqa: S607 — git is found on the PATH
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


@cache
def code_of(module: str) -> str:
    """Return 12 hex digits of a module's source and of all that it imports from this project; read once per process."""
    digest = hashlib.sha256()
    for name in sorted(_closure(module)):
        digest.update(f"{name}\n{_source(name)}\n".encode())
    return digest.hexdigest()[:12]


def _closure(module: str) -> set[str]:
    """Return the module and the ones of our rooms that it imports, at the top or later, directly or through others."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [each for each in _imported(_source(name)) if each.partition(".")[0] in ROOMS]
    return found


def _imported(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def _source(module: str) -> str:
    spec = find_spec(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return ""
    return Path(spec.origin).read_text(encoding="utf-8")
