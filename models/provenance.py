"""What a training run was made from: digests of its data, its code and its environment."""

import hashlib
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd

LOCK = "requirements.lock"


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
