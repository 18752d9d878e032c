"""Cost of the application's pages against its cheapest answer, with a list of many accounts on two databases.

    python benchmarks/web.py [--accounts 50000] [--rounds 3] [--requests 200] [--databases sqlite postgresql] [--json]

Publishes two weeks' lists on SQLite and on a PostgreSQL server of its own, serves each with one worker, and asks for
pages one after another over a kept connection, every time for other rows. What counts is the CPU time of the server's
process per request, the least of all rounds (other work on the machine only adds), as a multiple of that of /healthz.
The first list page is also weighed with all that it loads, and the whole list exported to Excel against what XlsxWriter
needs for the same cells. Ends with 1 when a limit is broken.
"""

import argparse
import gzip
import http.client
import json
import os
import random
import re
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

os.environ.setdefault("OMP_NUM_THREADS", "1")
# A script's folder comes first on the path, and its neighbours have the names of the rooms.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime.fromisoformat("2026-09-07T18:30:00")
PASSWORD = "correct horse battery"
TICK = os.sysconf("SC_CLK_TCK")
LIMITS = {"page": 6.0, "etag": 2.0, "export": 3.0, "bytes": 300_000, "requests": 10}
SORTS = ("place", "rank", "risk_90", "arr", "saveable", "change", "notice_deadline", "name", "owner")


@dataclass
class Asked:
    """The requests of one kind: a path for each, other rows each time; its limit as a multiple of /healthz."""

    path: Callable[[random.Random], str]
    limit: str = "page"
    cookie: bool = True
    tagged: bool = False
    cost: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)


def kinds(accounts: int) -> dict[str, Asked]:
    """Return what is asked for."""

    def account(draw: random.Random) -> str:
        return f"A{draw.randint(1, accounts):05d}"

    owners = (accounts - 1) // 30 + 1
    return {
        "healthz": Asked(lambda _: "/healthz", limit="", cookie=False),
        "first page": Asked(lambda draw: f"/?x={draw.random()}"),
        "any page": Asked(lambda draw: f"/?{urlencode({'after': account(draw), 'sort': draw.choice(SORTS)})}"),
        "last page": Asked(lambda draw: f"/?before=end&x={draw.random()}"),
        "search": Asked(lambda draw: f"/?search={account(draw)}"),
        "search, many": Asked(lambda draw: f"/?search=account+{draw.randint(0, 499)}"),
        "owner": Asked(lambda draw: f"/?owner=Owner+{draw.randint(1, owners):02d}"),
        "band": Asked(lambda draw: f"/?band=Medium&after={account(draw)}"),
        "last of filter": Asked(lambda draw: f"/?before=end&renewal={draw.randint(20, 400)}"),
        "first, ETag": Asked(lambda _: "/", limit="etag", tagged=True),
    }


class Server:
    """The application in a process of its own."""

    def __init__(self, url: str, database: Path | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        command = [sys.executable, __file__, "--serve", url, "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        self.cookie, self.database = "", database
        self._wait()
        self.cookie = self._signed_in()

    def get(self, path: str, **headers: str) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Return status, body and headers."""
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read(), answer.headers

    def as_mia(self, path: str, **headers: str) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Return the same as the signed-in manager gets it."""
        return self.get(path, Cookie=self.cookie, **headers)

    def cpu(self) -> float:
        """Return the CPU seconds of the server so far."""
        return _cpu_of(self.process.pid)

    def database_cpu(self) -> float:
        """Return the CPU seconds of the database's own processes, 0 for one inside the server."""
        return sum(map(_cpu_of, _children(self.database))) if self.database else 0.0

    def peak(self) -> int:
        """Return the most memory it held, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) // 1024

    def stop(self) -> None:
        """End it."""
        self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)

    def _wait(self) -> None:
        for _ in range(300):
            try:
                self.get("/healthz")
                return
            except OSError:
                self.connection.close()
                time.sleep(0.1)
        raise TimeoutError("the application did not start")

    def _signed_in(self) -> str:
        body, kind = urlencode({"name": "mia", "password": PASSWORD}), "application/x-www-form-urlencoded"
        self.connection.request("POST", "/sign-in", body=body, headers={"Content-Type": kind})
        answer = self.connection.getresponse()
        answer.read()
        return answer.headers["set-cookie"].split(";")[0]


def _cpu_of(pid: int) -> float:
    try:
        parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(parts[11]) + int(parts[12])) / TICK


def _children(folder: Path) -> list[int]:
    first = (folder / "data" / "postmaster.pid").read_text().split()[0]
    return [int(pid) for pid in Path(f"/proc/{first}/task/{first}/children").read_text().split()]


def measure(server: Server, asked: dict[str, Asked], rounds: int, requests: int, draw: random.Random) -> None:
    """Ask for every kind in turn, and note what a request costs."""
    for kind in asked.values():
        _cost(server, kind, 20, draw)
    for _ in range(rounds):
        for kind in asked.values():
            # The cheap ones need more requests: CPU time is counted in steps of 10 ms.
            own, database = _cost(server, kind, requests * (1 if kind.limit == "page" else 4), draw)
            kind.cost.append(own)
            kind.database.append(database)


def _cost(server: Server, kind: Asked, requests: int, draw: random.Random) -> tuple[float, float]:
    headers = {"Cookie": server.cookie} if kind.cookie else {}
    if kind.tagged:
        headers["If-None-Match"] = server.get("/", **headers)[2]["etag"]
    paths = [kind.path(draw) for _ in range(requests)]
    wanted = 304 if kind.tagged else 200
    before, database = server.cpu(), server.database_cpu()
    for path in paths:
        status, _, _ = server.get(path, **headers)
        if status != wanted:
            raise RuntimeError(f"{path}: {status}")
    return (server.cpu() - before) / requests, (server.database_cpu() - database) / requests


def weigh(server: Server) -> tuple[int, int]:
    """Return the bytes and the number of requests of the first list page with all that it loads."""
    sent = [server.as_mia("/", **{"Accept-Encoding": "gzip"})]
    body = gzip.decompress(sent[0][1]) if sent[0][2].get("content-encoding") == "gzip" else sent[0][1]
    loaded = re.findall(r'(?:<link[^>]+href|<script[^>]+src|<img[^>]+src)="([^"]+)"', body.decode())
    sent += [server.as_mia(path, **{"Accept-Encoding": "gzip"}) for path in loaded]
    assert all(status == 200 for status, _, _ in sent)
    return sum(len(each) + len(str(headers)) for _, each, headers in sent), len(sent)


def export(server: Server, url: str) -> dict[str, float]:
    """Return the CPU seconds of the whole list as a workbook, and of XlsxWriter alone for the same cells."""
    from serving.risk_list import read_list
    from serving.store import open_database

    ours = []
    for _ in range(2):
        before = server.cpu()
        status, body, _ = server.as_mia("/export.xlsx?show=all")
        assert status == 200
        ours.append(server.cpu() - before)
    engine = open_database(url)
    bench = runpy.run_path(str(ROOT / "benchmarks" / "exports.py"))
    cells = bench["finished_cells"](read_list(engine), {})
    engine.dispose()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bare.xlsx"
        bare = min(
            bench["cpu"](lambda mode=mode: bench["bare_workbook"](cells, path, mode)) for mode in (True, False, True)
        )
    return {"ours": min(ours), "bare": bare, "ratio": min(ours) / bare, "bytes": len(body)}


def fill(url: str, weeks: list[Any]) -> None:
    """Publish the lists on a new database, with one manager."""
    from serving.people import add_person
    from serving.publish import publish
    from serving.store import open_database

    engine = open_database(url)
    for scored in weeks:
        publish(engine, scored, at=NOW, by="benchmark", simulated=True)
    add_person(engine, "mia", "manager", password=PASSWORD, at=NOW, by="benchmark")
    engine.dispose()


@contextmanager
def databases(names: list[str], weeks: list[Any]) -> Iterator[dict[str, tuple[str, Path | None]]]:
    """Give the URL of each filled database, and the folder of its own processes."""
    with ExitStack() as stack:
        found: dict[str, tuple[str, Path | None]] = {}
        if "sqlite" in names:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            found["sqlite"] = (f"sqlite:///{folder}/forewarn.db", None)
        if "postgresql" in names:
            run = runpy.run_path(str(ROOT / "tests" / "postgres.py"))
            programs = run["binaries"]()
            if programs is None:
                raise SystemExit("no PostgreSQL server is installed: apt-get install postgresql")
            url = stack.enter_context(run["postgres"](programs))
            found["postgresql"] = (url, Path(url.partition("host=")[2]))
        for url, _ in found.values():
            fill(url, weeks)
        yield found


def made_weeks(accounts: int) -> list[Any]:
    """Return two weeks' made-up lists."""
    made = runpy.run_path(str(ROOT / "tests" / "made_lists.py"))
    return [made["make_list"](accounts, made["AS_OF"] - timedelta(weeks=age)) for age in (1, 0)]


def serve(url: str, port: int) -> None:
    """Serve the application as `forewarn serve` does, its clock standing still."""
    import uvicorn

    from serving.store import open_database
    from serving.web.app import create_app
    from serving.web.settings import WebSettings

    app = create_app(open_database(url), WebSettings(), lambda: NOW)
    uvicorn.run(app, port=port, access_log=False, log_level="warning")


def one(url: str, folder: Path | None, args: argparse.Namespace) -> dict[str, Any]:
    """Measure the application on one database."""
    asked, draw = kinds(args.accounts), random.Random(7)
    server = Server(url, folder)
    try:
        began = time.perf_counter()
        server.as_mia("/")
        first = time.perf_counter() - began
        measure(server, asked, args.rounds, args.requests, draw)
        weight, requests = weigh(server)
        pages = server.peak()
        written, base = export(server, url), min(asked["healthz"].cost)
        return {
            "kinds": {
                name: {
                    "ms": round(1e3 * min(kind.cost), 3),
                    "database_ms": round(1e3 * min(kind.database), 3),
                    "ratio": round(min(kind.cost) / base, 2),
                    "limit": LIMITS.get(kind.limit),
                }
                for name, kind in asked.items()
            },
            "cold_seconds": round(first, 2),
            "bytes": weight,
            "requests": requests,
            "export": {name: round(value, 2) for name, value in written.items()},
            "peak_mib": {"pages": pages, "export": server.peak()},
        }
    finally:
        server.stop()


def broken(found: dict[str, Any]) -> list[str]:
    """Return the limits that do not hold, in words."""
    over = [
        f"{name}: {each['ratio']} × /healthz, limit {each['limit']}"
        for name, each in found["kinds"].items()
        if each["limit"] is not None and each["ratio"] > each["limit"]
    ]
    if found["export"]["ratio"] > LIMITS["export"]:
        over.append(f"export: {found['export']['ratio']} × XlsxWriter, limit {LIMITS['export']}")
    if found["bytes"] > LIMITS["bytes"] or found["requests"] > LIMITS["requests"]:
        over.append(f"first page: {found['bytes']:,} bytes in {found['requests']} requests")
    return over


def show(name: str, found: dict[str, Any]) -> None:
    """Print a table."""
    print(f"{name}: first page after the start {found['cold_seconds']} s, then per request")
    for kind, each in found["kinds"].items():
        limit = f"limit {each['limit']}" if each["limit"] else ""
        beside = f"  database {each['database_ms']:.2f} ms" if each["database_ms"] else ""
        print(f"  {kind:<15} {each['ms']:7.2f} ms CPU  {each['ratio']:5.2f} × /healthz  {limit}{beside}")
    print(f"  first page with its assets: {found['bytes']:,} bytes in {found['requests']} requests")
    written = found["export"]
    print(f"  whole list as XLSX: {written['ours']} s CPU, {written['ratio']} × XlsxWriter's {written['bare']} s")
    print(f"  peak memory {found['peak_mib']['pages']} MiB, with the export {found['peak_mib']['export']} MiB")
    for line in broken(found):
        print(f"  BROKEN {line}")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve, args.port)
        return 0
    results: dict[str, Any] = {}
    with databases(args.databases, made_weeks(args.accounts)) as filled:
        for name, (url, folder) in filled.items():
            results[name] = one(url, folder, args)
            if not args.json:
                show(name, results[name])
    if args.json:
        print(json.dumps(results))
    return int(any(broken(found) for found in results.values()))


if __name__ == "__main__":
    sys.exit(main())
