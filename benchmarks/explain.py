"""Cost of contributions against the bare `pred_contrib` calls that they are made from.

    python benchmarks/explain.py [--rows 5000] [--features 48] [--trees 200] [--leaves 4] [--rounds 5] [--json]

Trains three hazards on made-up rows, then measures in one process, in CPU time, the best of --rounds, in turn: the
three bare calls, the contributions of one horizon, and those of the horizon and the 60–90 day window together.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
# A script's folder comes first on the path, and its neighbours have the names of the rooms.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds that `work` takes in this process."""
    before = time.process_time()
    work()
    return time.process_time() - before


def measure(rows: int, features: int, trees: int, leaves: int, rounds: int) -> dict[str, float]:
    """Return CPU seconds of each piece of work, their ratios, the largest error of a sum, and the peak memory."""
    import numpy as np
    import pandas as pd

    from models.explain import all_contributions, contributions
    from models.hazard import HazardModel
    from models.protocol import Rows
    from models.settings import HazardSettings

    rng = np.random.default_rng(7)
    frame = pd.DataFrame(rng.normal(size=(rows, features)), columns=[f"feature_{i}" for i in range(features)])
    margin = frame.iloc[:, :6].sum(axis=1) - 4
    days = np.where(rng.random(rows) < 1 / (1 + np.exp(-margin)), rng.uniform(0, 90, rows), np.nan)
    labels = pd.DataFrame({"days": days, "followed": 365.0}, frame.index)
    settings = HazardSettings(trees=trees, leaves=leaves, threads=1)
    model = HazardModel(settings).fit(Rows(frame, frame), labels)
    work: dict[str, Callable[[], object]] = {
        "bare": lambda: [b.predict(frame, pred_contrib=True, num_threads=1) for b in model.boosters],
        "horizon": lambda: contributions(model, frame, (0, 90)),
        "both": lambda: all_contributions(model, frame, [(0, 90), (60, 90)]),
    }
    taken = [{name: cpu(each) for name, each in work.items()} for _ in range(rounds)]
    seconds = {name: min(turn[name] for turn in taken) for name in work}
    share = contributions(model, frame, (0, 90))
    error = (share.base + share.values.sum(axis=1) - model.predict(Rows(frame, frame))["risk_90"]).abs().max()
    return {
        **{f"{name}_seconds": round(value, 3) for name, value in seconds.items()},
        "ratio_horizon": round(seconds["horizon"] / seconds["bare"], 3),
        "ratio_both": round(seconds["both"] / seconds["bare"], 3),
        "largest_error": float(error),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rows", 5000), ("features", 48), ("trees", 200), ("leaves", 4), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", action="store_true")
    args = vars(parser.parse_args())
    as_json = args.pop("json")
    found = measure(**args)
    if as_json:
        print(json.dumps(args | found))
        return
    print(f"{args['rows']:,} rows × {args['features']} features, 3 × {args['trees']} trees × {args['leaves']} leaves:")
    print(f"  bare pred_contrib calls      {found['bare_seconds']:7.3f} s CPU")
    print(f"  contributions, one horizon   {found['horizon_seconds']:7.3f} s CPU, {found['ratio_horizon']:.3f} × bare")
    print(f"  contributions, two windows   {found['both_seconds']:7.3f} s CPU, {found['ratio_both']:.3f} × bare")
    print(f"  largest error of a sum {found['largest_error']:.1e}, peak memory {found['peak_mib']:,} MiB")


if __name__ == "__main__":
    main()
