"""How near the model comes to the oracle on simulated worlds, and which causes it misses.

    python benchmarks/worlds.py [--seeds 7,11,23] [--accounts 1500] [--weeks 156] [--folds 12] [--data DIR] [--json]

Simulates each world once and keeps its backtest in --data (remove a seed's folder to replay it). The oracle is
`truth.parquet`: the chance of churn given everything hidden up to the as-of date, but no secret decision. Share is
(AUC − 0.5) / (the oracle's AUC − 0.5), with 95 % intervals clustered by account.

`taught` is the same model on the same rows and features, trained on the true probabilities instead of on what
happened: what it lacks is in no feature, or in more of them than its trees can join; what the model lacks of it is
too few churns.
"""

import argparse
import json
import os
import pickle
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
# A script's folder comes first on the path, and its neighbours have the names of the rooms.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

LAST = date(2026, 11, 2)
ORACLE = {"risk_90": ("p_0_90", "ends_in_window"), "risk_60_90": ("p_60_90", "ends_in_60_90")}
CHANCES = ("p_0_30", "p_30_60", "p_60_90")
RESAMPLES = 300
CAPACITIES = (10, 20, 40)


@dataclass(frozen=True)
class Taught:
    """Hazards trained on the true probabilities of the world; for evaluation only."""

    truth: pd.DataFrame
    name: str = "taught"
    settings: Any = None
    boosters: tuple[Any, ...] = field(default_factory=tuple)

    def fit(self, rows: Any, labels: pd.DataFrame) -> "Taught":  # noqa: ANN401  as models.protocol.Model
        """Fit on the rows that the model is fitted on."""
        import lightgbm as lgb

        from features.labels import interval_label
        from features.outcome import INTERVALS

        params = self.settings.lightgbm() | {"objective": "cross_entropy"}
        chances = self.truth.reindex(_key(rows.index)).to_numpy()
        before = np.cumsum(chances, axis=1) - chances
        hazards = np.clip(chances / np.maximum(1 - before, 1e-9), 0, 1)
        made = []
        for place, each in enumerate(INTERVALS):
            used = interval_label(labels, *each).notna().to_numpy()
            data = lgb.Dataset(rows.frame[used], hazards[used, place])
            made.append(lgb.train(params, data, num_boost_round=self.settings.trees))
        return Taught(self.truth, self.name, self.settings, tuple(made))

    def predict(self, rows: Any) -> pd.DataFrame:  # noqa: ANN401  as above
        """Return RISKS per row."""
        from models.protocol import risks

        return risks(np.column_stack([made.predict(rows.frame, num_threads=1) for made in self.boosters]), rows.index)


def replay(data: Path, seed: int, args: argparse.Namespace) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the predictions with the truth beside them, and the backtest's JSON; made the first time."""
    kept = data / f"backtest-{args.folds}.pkl"
    if kept.exists():
        made: tuple[pd.DataFrame, dict[str, Any]] = pickle.loads(kept.read_bytes())
        return made
    from features.outcome import OutcomeContract
    from models.backtest import BacktestSettings, backtest
    from models.kinds import BASELINES, make
    from models.settings import TrainSettings

    snapshot, happened = _book(data, seed, args)
    truth = pd.read_parquet(data / "truth.parquet")
    truth["as_of"] = pd.to_datetime(truth["as_of"]).astype("datetime64[us]")
    settings = TrainSettings()
    chances = truth.set_index(["account_id", "as_of"])[list(CHANCES)]
    models = [*(make(name, settings) for name in ("hazard", *BASELINES)), Taught(chances, settings=settings)]
    judged = BacktestSettings(folds=args.folds, resamples=RESAMPLES)
    tell = lambda done, of, what: print(f"seed {seed}: {what}", file=sys.stderr)  # noqa: E731
    found = backtest(snapshot, happened, OutcomeContract(), models, judged, last=LAST, progress=tell)
    rows = found.predictions.assign(as_of=found.predictions["as_of"].astype("datetime64[us]"))
    out = (rows.merge(truth, on=["account_id", "as_of"], validate="one_to_one"), found.to_json())
    kept.write_bytes(pickle.dumps(out))
    return out


def _key(index: pd.Index) -> pd.MultiIndex:
    account, as_of = index.get_level_values("account_id"), index.get_level_values("as_of")
    return pd.MultiIndex.from_arrays([account, as_of.astype("datetime64[us]")])


def _book(data: Path, seed: int, args: argparse.Namespace) -> tuple[Any, pd.DataFrame]:
    from features.contract import Limits
    from features.labels import outcomes
    from features.outcome import OutcomeContract
    from features.snapshot import take_snapshot
    from features.sources.files import open_book
    from features.sources.mapping import read_mapping
    from features.sources.world import simulate

    if not (data / "world.json").exists():
        simulate(data, accounts=args.accounts, weeks=args.weeks, seed=seed, until=LAST)
    book = open_book(read_mapping(Path("configs/sources/demo.toml")), data, Limits())
    asked = [LAST - timedelta(weeks=back) for back in reversed(range(0, args.weeks - 1, 2))]
    return take_snapshot(book, asked, OutcomeContract()), outcomes(book, OutcomeContract())


def draws(rows: pd.DataFrame, came: str, risk: str) -> tuple[float, np.ndarray]:
    """Return the AUC of a column and its resamples, which are the same for every column of the same rows."""
    from sklearn.metrics import roc_auc_score

    from models.bootstrap import Accounts, Ranking

    accounts = Accounts.draw(rows["account_id"].to_numpy(), RESAMPLES, 7)
    churned = rows[came].to_numpy() == 1
    return roc_auc_score(churned, rows[risk]), Ranking(accounts, churned, rows[risk].to_numpy(dtype=float)).auc()


def share(rows: pd.DataFrame, came: str, risk: str, oracle: str) -> dict[str, float]:
    """Return both AUCs and the share of the oracle's that is above chance, with its interval."""
    (one, ones), (other, others) = draws(rows, came, risk), draws(rows, came, oracle)
    low, high = np.nanquantile((ones - 0.5) / (others - 0.5), [0.025, 0.975])
    return {"auc": one, "oracle": other, "share": (one - 0.5) / (other - 0.5), "low": float(low), "high": float(high)}


def shares(rows: pd.DataFrame, replayed: dict[str, Any]) -> dict[str, Any]:
    """Return, per risk, the shares of the model and of the taught one, over all rows and inside the window."""
    out: dict[str, Any] = {}
    for risk, (oracle, ends) in ORACLE.items():
        came = risk.replace("risk", "churned")
        for where, chosen in (("all", rows), ("inside", rows[rows[ends]])):
            for name, column in (("model", risk), ("taught", f"taught_{risk}")):
                out[f"{risk} {where} {name}"] = share(chosen, came, column, oracle)
        out[f"{risk} slope"] = replayed["pooled"][risk]["calibration_slope"]
    return out


def less(rows: pd.DataFrame, oracle: str) -> pd.DataFrame:
    """Return what oracles that know less would say: means of the oracle over what they cannot tell apart."""
    cause = rows["cause"].astype(object).where(rows["cause"].notna(), "none").astype(str)
    week = (rows["days_to_renewal"] // 7).fillna(-1)
    base = pd.DataFrame({"week": week, "term": (rows["term_days"] // 45).fillna(-1), "p": rows[oracle]})
    base["cause"], base["level"] = cause, rows["level"]
    seen = {"calendar": [], "calendar and level": ["level"], "calendar, level and cause, of today": ["level", "cause"]}
    out = {name: base.groupby(["week", "term", *more])["p"].transform("mean") for name, more in seen.items()}
    for name in sorted(set(cause) - {"none"}):
        # Where the cause cannot be seen, its accounts look like those without one.
        usual = base[cause.isin(["none", name])].groupby(["week", "term"])["p"].transform("mean")
        out[f"all but {name}"] = base["p"].where(cause != name, usual.reindex(base.index))
    return pd.DataFrame(out)


def ablation(rows: pd.DataFrame, risk: str = "risk_90") -> dict[str, Any]:
    """Return, inside the window, how each cause's churned rows rank against those that stay, and what less is worth."""
    oracle, ends = ORACLE[risk]
    came = risk.replace("risk", "churned")
    inside = rows[rows[ends]]
    knows = less(inside, oracle)
    cause = inside["cause"].astype(object).where(inside["cause"].notna(), "none").astype(str)
    out: dict[str, Any] = {"knows": {}, "causes": {}}
    for name in knows:
        out["knows"][name] = share(inside.assign(less=knows[name]), came, "less", oracle)
    stays = inside[came] == 0
    groups = {name: cause == name for name in sorted(set(cause))}
    groups["decided by the as-of date"], groups["decides later"] = inside["decided"], ~inside["decided"]
    for name, of_group in groups.items():
        chosen = inside[stays | ((inside[came] == 1) & of_group)]
        churned = chosen[chosen[came] == 1]
        if churned["account_id"].nunique() < 5:
            continue
        columns = {"model": risk, "taught": f"taught_{risk}", "oracle": oracle}
        aucs = {title: draws(chosen, came, column)[0] for title, column in columns.items()}
        interval = np.nanquantile(draws(chosen, came, risk)[1], [0.025, 0.975]).tolist()
        counts = {"rows": len(churned), "accounts": int(churned["account_id"].nunique())}
        out["causes"][name] = counts | aucs | {"low": interval[0], "high": interval[1]}
    return out


def lead(rows: pd.DataFrame, days: int = 60) -> dict[str, Any]:
    """Return the lead-time curve at so many days for lists of several capacities, and by how much it is above each
    baseline's."""
    from models.kinds import BASELINES
    from models.lead_time import at_lead, lead_time

    columns = {"hazard": "risk_60_90", **{name: f"{name}_risk_60_90" for name in BASELINES}}
    out = {}
    for capacity in CAPACITIES:
        curves = lead_time(rows, columns, capacity=capacity, resamples=RESAMPLES)
        out[f"model, lists of {capacity}"] = at_lead(curves, days)
        out |= {f"above {name}, lists of {capacity}": at_lead(curves, days, over=name) for name in BASELINES}
    return out


def report(found: dict[int, dict[str, Any]]) -> None:
    """Print one table per question."""
    print("share of the oracle's AUC - 0.5 (95 %, by account)")
    for seed, made in found.items():
        for title, each in made["shares"].items():
            if title.endswith("slope"):
                print(f"  seed {seed:3} {title:28} {each['value']:.3f} ({each['low']:.3f}–{each['high']:.3f})")
            else:
                aucs = f"AUC {each['auc']:.3f} of {each['oracle']:.3f}"
                print(f"  seed {seed:3} {title:28} {aucs}: {each['share']:.3f} ({each['low']:.3f}–{each['high']:.3f})")
    print("on a list at least 60 days before the churn, and above the baselines")
    for seed, made in found.items():
        for title, each in made["lead"].items():
            if each is not None:
                print(f"  seed {seed:3} {title:28} {each['value']:.3f} ({each['low']:.3f}–{each['high']:.3f})")
    print("inside the window, risk_90: what oracles that know less are worth")
    for name in next(iter(found.values()))["ablation"]["knows"]:
        each = [made["ablation"]["knows"].get(name, {"share": float("nan")})["share"] for made in found.values()]
        print(f"  {name:40} " + "  ".join(f"{one:.3f}" for one in each))
    print("inside the window, risk_90: churned rows by cause against all that stay (AUC)")
    for seed, made in found.items():
        for name, each in made["ablation"]["causes"].items():
            who = f"{each['accounts']:4} accounts, {each['rows']:4} rows"
            aucs = f"model {each['model']:.3f} ({each['low']:.3f}–{each['high']:.3f})  taught {each['taught']:.3f}"
            print(f"  seed {seed:3} {name:28} {who}: {aucs}  oracle {each['oracle']:.3f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="7,11,23")
    for name, default in (("accounts", 1500), ("weeks", 156), ("folds", 12)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "forewarn-worlds")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = {}
    for seed in map(int, args.seeds.split(",")):
        rows, replayed = replay(args.data / f"{args.accounts}x{args.weeks}-{seed}", seed, args)
        found[seed] = {"shares": shares(rows, replayed), "lead": lead(rows), "ablation": ablation(rows)}
    print(json.dumps(found)) if args.json else report(found)


if __name__ == "__main__":
    main()
