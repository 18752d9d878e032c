"""Cost of training, of tracking a run, and of a backtest, against the LightGBM calls that they make.

    python benchmarks/models.py [--accounts 1500] [--weeks 156] [--folds 12] [--kinds A,B] [--rounds 3] [--json]

Simulates a book once and keeps its snapshot in --data, then measures each part in a process of its own. The training
step and the bare calls take turns at one thread, in CPU time, best of --rounds. Tracking is wall and CPU time on a
fresh SQLite store after the first run. A backtest's share outside LightGBM is what its process spends but for the
CPU time of the threads inside `lgb.train`, `Dataset.construct` and `Booster.predict`.
"""

import argparse
import importlib.util
import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
# A script's folder comes first on the path, and this file has the name of the room it measures.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]
LAST = date(2026, 11, 2)
STEP_AIM, TRACKING_AIM = 1.15, 0.5


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds that `work` takes in this process."""
    before = time.process_time()
    work()
    return time.process_time() - before


def make_book(data: Path, accounts: int, weeks: int) -> None:
    """Simulate a book and keep its snapshot: as-of dates every second week, outcomes, digest of the catalogue."""
    from features.contract import Limits
    from features.labels import outcomes
    from features.outcome import OutcomeContract
    from features.snapshot import take_snapshot
    from features.sources.files import open_book
    from features.sources.mapping import read_mapping
    from features.sources.world import simulate

    print(f"Simulating {accounts:,} accounts × {weeks} weeks ...", file=sys.stderr)
    simulate(data, accounts=accounts, weeks=weeks, seed=7, until=LAST)
    book = open_book(read_mapping(Path("configs/sources/demo.toml")), data, Limits())
    asked = [LAST - timedelta(weeks=back) for back in reversed(range(0, weeks - 1, 2))]
    snapshot = take_snapshot(book, asked, OutcomeContract())
    (data / "snapshot.pkl").write_bytes(pickle.dumps((snapshot, outcomes(book, OutcomeContract()))))


def read(data: Path) -> tuple[Any, Any]:
    """Return the snapshot and the outcomes that this benchmark has kept."""
    snapshot, happened = pickle.loads((data / "snapshot.pkl").read_bytes())
    return snapshot, happened


def step(data: Path, args: argparse.Namespace) -> dict[str, float]:
    """Measure the training step, and the bare Dataset and train calls on the same rows with the same parameters."""
    import lightgbm as lgb

    from features.labels import interval_label, label
    from features.outcome import INTERVALS, OutcomeContract
    from models.hazard import HazardModel
    from models.protocol import Rows
    from models.settings import TrainSettings

    snapshot, happened = read(data)
    rows, settings = Rows(snapshot.frame, snapshot.standing), TrainSettings(threads=1)
    labels = label(happened, rows.index, OutcomeContract(), LAST)
    targets = [interval_label(labels, *interval) for interval in INTERVALS]
    used = [target.notna().to_numpy() for target in targets]
    taken = [(rows.frame[mask], target[mask].to_numpy()) for target, mask in zip(targets, used, strict=True)]

    def bare() -> None:
        for frame, target in taken:
            lgb.train(settings.lightgbm(), lgb.Dataset(frame, target), num_boost_round=settings.trees)

    turns = [(cpu(bare), cpu(lambda: HazardModel(settings).fit(rows, labels))) for _ in range(args.rounds)]
    return {
        "bare": min(one for one, _ in turns),
        "fit": min(other for _, other in turns),
        "rows": len(rows.frame),
        "features": rows.frame.shape[1],
    }


class Clock:
    """Adds up seconds by name; a call inside a timed call of the same thread counts for the outer one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock, self.seconds = clock, defaultdict(float)
        self.busy, self.lock = threading.local(), threading.Lock()

    def timed(self, owner: Any, name: str, title: str) -> None:  # noqa: ANN401  a module, a class or an object
        """Replace `owner.name` by one that is timed under `title`."""
        inner = getattr(owner, name)

        def outer(*args: object, **more: object) -> object:
            if getattr(self.busy, "here", False):
                return inner(*args, **more)
            self.busy.here, began = True, self.clock()
            try:
                return inner(*args, **more)
            finally:
                self.busy.here = False
                with self.lock:
                    self.seconds[title] += self.clock() - began

        setattr(owner, name, outer)


def tracking(data: Path, args: argparse.Namespace) -> dict[str, float]:
    """Measure one recorded training after the first, with what its seconds go to."""
    from models import registry

    with tempfile.TemporaryDirectory() as folder:
        training = _training(data, Path(folder) / "model")
        tracker = registry.Tracking(f"sqlite:///{folder}/mlflow.db")
        first = _wall(lambda: tracker.log_training(training))
        clock = Clock(time.process_time)
        for name in dir(type(tracker.client)):
            if not name.startswith("_") and callable(getattr(tracker.client, name)):
                clock.timed(tracker.client, name, _kind_of_call(name))
        for module in _recorders():
            for name in vars(module).copy():
                if name.endswith("_figure") or name == "pixels":
                    clock.timed(module, name, "drawing")
                elif name == "_write_model":
                    clock.timed(module, name, "model")
        runs = []
        for _ in range(args.rounds):
            clock.seconds.clear()
            before = time.process_time()
            wall = _wall(lambda: tracker.log_training(training))
            runs.append({"run": wall, "run_cpu": time.process_time() - before, **clock.seconds})
    best = min(runs, key=lambda run: run["run_cpu"]) | {"run": min(run["run"] for run in runs)}
    return {"first_run": first, **best}


def _training(data: Path, folder: Path) -> Any:  # noqa: ANN401  models.registry is imported when it is measured
    from features.outcome import OutcomeContract
    from models.backtest import BacktestSettings, backtest
    from models.bundle import save_bundle
    from models.kinds import BASELINES, make
    from models.protocol import Rows
    from models.registry import Training
    from models.settings import TrainSettings
    from models.train import train

    snapshot, happened = read(data)
    settings, contract = TrainSettings(), OutcomeContract()
    models = [make("hazard", settings), *(make(name, settings) for name in BASELINES if name != "logistic")]
    replay = backtest(snapshot, happened, contract, models, BacktestSettings(), last=LAST)
    return Training(
        name="week",
        bundle=save_bundle(train(snapshot, happened, contract, settings, LAST), folder),
        backtest=replay,
        rows=Rows(snapshot.frame, snapshot.standing),
        params={f"model.{name}": value for name, value in settings.model_dump().items()},
        tags={"outcome_digest": contract.digest},
        data={"snapshot": snapshot.catalogue_digest},
    )


def _recorders() -> list[Any]:
    """Return the modules that draw for the record: they hold the drawing functions by name."""
    names = ("models.registry", "models.recording")
    return [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]


def _kind_of_call(name: str) -> str:
    for word, kind in (("image", "images"), ("table", "tables"), ("dict", "tables"), ("text", "tables")):
        if word in name:
            return kind
    return "model" if "model" in name or "alias" in name else "batch"


def _wall(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def replay(data: Path, args: argparse.Namespace) -> dict[str, float]:
    """Measure a backtest of one or several kinds, and its CPU time inside LightGBM."""
    import lightgbm as lgb

    from features.outcome import OutcomeContract
    from models.backtest import BacktestSettings, backtest
    from models.kinds import make
    from models.settings import TrainSettings

    snapshot, happened = read(data)
    inside = Clock(time.thread_time)
    for owner, name in ((lgb, "train"), (lgb.Dataset, "construct"), (lgb.Booster, "predict")):
        inside.timed(owner, name, "lightgbm")
    models = [make(name, TrainSettings()) for name in args.only_kinds.split(",")]
    settings, found = BacktestSettings(folds=args.folds), []
    before, began = time.process_time(), time.perf_counter()
    found.append(backtest(snapshot, happened, OutcomeContract(), models, settings, last=LAST))
    found[0].to_json()
    spent = time.process_time() - before
    return {
        "wall": time.perf_counter() - began,
        "cpu": spent,
        "outside": 1 - inside.seconds["lightgbm"] / spent,
        "folds": len(found[0].folds),
        "rows": len(found[0].predictions),
    }


PARTS = {"step": step, "tracking": tracking, "replay": replay}


def measure(part: str, data: Path, args: argparse.Namespace, kinds: str = "hazard") -> dict[str, float]:
    """Run one part in a process of its own and return its figures with its peak memory."""
    command = [sys.executable, __file__, "--only", part, "--only-kinds", kinds, "--data", str(data)]
    command += ["--rounds", str(args.rounds), "--folds", str(args.folds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def report(found: dict[str, dict[str, float]]) -> None:
    """Print the table."""
    one, run = found["step"], found["tracking"]
    print(f"training step, {one['rows']:,.0f} rows × {one['features']:.0f} features, one thread")
    against = f"{one['fit'] / one['bare']:.2f} ×, aim {STEP_AIM} ×"
    print(f"  bare calls {one['bare']:.2f} s CPU, fit {one['fit']:.2f} s: {against}")
    kinds = ("batch", "tables", "images", "model", "drawing")
    parts = ", ".join(f"{kind} {run.get(kind, 0.0):.2f}" for kind in kinds)
    print(f"tracking a run {run['run']:.2f} s, aim {TRACKING_AIM} s; CPU {run['run_cpu']:.2f} s, of which {parts}")
    print(f"  the first, with the connection: {run['first_run']:.1f} s")
    for kinds_run, made in found.items():
        if kinds_run in ("step", "tracking"):
            continue
        said = f"{made['folds']:.0f} folds, {made['rows']:,.0f} rows: {made['wall']:.0f} s, {made['cpu']:.0f} s CPU"
        print(f"backtest {kinds_run:45} {said}, {made['outside']:.0%} outside LightGBM, peak {made['peak_mb']:,.0f} MB")
    print(f"load of the machine {os.getloadavg()[0]:.1f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("accounts", 1500), ("weeks", 156), ("folds", 12), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--kinds", default="hazard,logistic,renewal_calendar,last_login,health_score")
    parser.add_argument("--parts", default="step,tracking,replay", help="parts to measure")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "forewarn-benchmark-models")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=list(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--only-kinds", default="hazard", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        made = PARTS[args.only](args.data, args)
        print(json.dumps(made | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    data = args.data / f"{args.accounts}x{args.weeks}"
    if not (data / "snapshot.pkl").exists():
        make_book(data, args.accounts, args.weeks)
    asked = args.parts.split(",")
    found = {part: measure(part, data, args) for part in ("step", "tracking") if part in asked}
    if "replay" in asked:
        for kinds in dict.fromkeys([args.kinds, *args.kinds.split(",")]):
            found[kinds] = measure("replay", data, args, kinds)
    print(json.dumps(found | {"load": {"load": os.getloadavg()[0]}})) if args.json else report(found)


if __name__ == "__main__":
    main()
