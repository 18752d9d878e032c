"""A PostgreSQL server of the tests' own, on a socket in a folder that goes away."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def binaries() -> Path | None:
    """Return the folder of the newest installed server, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def postgres(programs: Path) -> Iterator[str]:
    """Run a server and give its URL; as root it runs under the user postgres, for initdb refuses root."""
    folder = Path(tempfile.mkdtemp(prefix="fw-pg-"))
    user: list[str] = []
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data = folder / "data"
    initialise = [programs / "initdb", "-D", data, "-U", "forewarn", "-A", "trust", "-E", "UTF8", "--no-sync"]
    serve = [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
    try:
        subprocess.run([*user, *initialise], check=True, capture_output=True, cwd=folder)
        with subprocess.Popen([*user, *serve], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            try:
                _wait([programs / "pg_isready", "-h", folder, "-U", "forewarn"])
                yield f"postgresql://forewarn@/postgres?host={folder}"
            finally:
                # Fast shutdown: SIGTERM would wait for every client to leave.
                run.send_signal(signal.SIGINT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(ready: list[str | Path], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while subprocess.run(ready, capture_output=True, check=False).returncode:
        if time.monotonic() > until:
            raise TimeoutError("the test's own PostgreSQL server did not answer")
        time.sleep(0.1)
