"""A Prefect server for as long as the schedule is served: the temporary one that a run starts does not schedule."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import URLError
from urllib.request import urlopen

from features.errors import UsageError

PORT = 4200
PATIENCE_SECONDS = 180.0


@contextmanager
def server() -> Iterator[str]:
    """Give the address of the configured Prefect server, else of one that lives as long as the block.

    Raises UsageError when that one does not come up.
    """
    from prefect.settings import PREFECT_API_URL, temporary_settings

    configured = PREFECT_API_URL.value()
    if configured:
        yield str(configured)
        return
    port = _free_port()
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  fixed words
    try:
        url = f"http://127.0.0.1:{port}/api"
        _wait(url, process)
        # Runs are processes of their own and read the environment.
        os.environ["PREFECT_API_URL"] = url
        with temporary_settings({PREFECT_API_URL: url}):
            yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _free_port() -> int:
    """Return Prefect's usual port, or another one when that is taken."""
    for port in (PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise UsageError("no port is free on 127.0.0.1 for Prefect's server")


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(f"{url}/health", timeout=5):  # noqa: S310  our own address
                return
        except (URLError, OSError):
            time.sleep(0.5)
    raise UsageError("Prefect's server did not come up: try `prefect server start` by hand, and set PREFECT_API_URL")
