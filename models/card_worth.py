"""What a model card says a model is worth: its figures beside the baselines', its lead time, its slices."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.card_words import MEASURES, POINTS, SHARE, UNKNOWN, count, grouped, table, text
from models.kinds import title
from models.lead_time import at_lead

JUDGED = {"risk_90": "within 90 days", "risk_60_90": "on days 61 to 90"}
LEAD_DAYS = 60
FEW_ROWS, FEW_ACCOUNTS = 50, 20
"""Below so many churned rows, or churned accounts, figures are thin."""

_POSITIVES = {"risk_90": "positives", "risk_60_90": "positives_60_90"}
_HALVES = ("contract ends inside the window", "contract does not end inside it")

Json = Mapping[str, Any]


def worth(backtest: Json) -> Iterator[str]:
    """Yield the paragraphs and tables of a backtest's JSON: pooled figures, lead time, separate outcomes."""
    if not backtest.get("pooled"):
        yield f"What it is worth is {UNKNOWN}: there is no backtest."
        return
    yield _tested(backtest)
    for risk, words in JUDGED.items():
        yield f"### Churn {words} (`{risk}`)"
        yield from _pooled(backtest, risk)
    yield f"### Warned at least {LEAD_DAYS} days before"
    yield from _lead_time(backtest)
    yield from _separate(backtest)


def slices(backtest: Json) -> Iterator[str]:
    """Yield a table of every stratum per judged risk, with the thin ones marked."""
    strata = backtest.get("strata")
    if not strata:
        yield f"How it does in slices is {UNKNOWN}."
        return
    yield (
        "AUC with its 95 % interval, beside the best of the other models. Thin: fewer than "
        f"{FEW_ROWS} churned rows or {FEW_ACCOUNTS} churned accounts."
    )
    head = ["slice", "rows", "churned rows", "churned accounts", "AUC", "best other model", "remark"]
    for risk, words in JUDGED.items():
        yield f"### Slices: churn {words}"
        yield table(head, [_slice(name, found[risk]) for name, found in strata.items()], "lrrrrll")


def thin(found: Json) -> bool:
    """Whether a stratum's figures rest on too few churned rows or accounts."""
    return bool(found["positives"] < FEW_ROWS or found["churned_accounts"] < FEW_ACCOUNTS)


def _tested(backtest: Json) -> str:
    folds, capacity = backtest.get("folds") or [], (backtest.get("settings") or {}).get("capacity")
    when = f" from {folds[0]['as_of']} to {folds[-1]['last_as_of']}" if folds else ""
    tested = f"{count(backtest.get('rows'))} rows of {count(backtest.get('accounts'))} accounts"
    return (
        f"By a backtest of {grouped(len(folds), 'fold')}{when}: {tested}, each judged by models that knew only what "
        "had matured by then. Square brackets hold 95 % intervals, clustered by account; lists hold "
        f"{count(capacity)} accounts per as-of date."
    )


def _pooled(backtest: Json, risk: str) -> Iterator[str]:
    folds = backtest.get("folds") or []
    churned = sum(fold[_POSITIVES[risk]] for fold in folds) if folds else None
    accounts = _at_most(backtest.get("strata") or {}, risk)
    leavers = "" if accounts is None else f", of at most {grouped(accounts, 'account')}"
    rate = SHARE.say((backtest.get("base_rates") or {}).get(risk))
    rows = f"{count(churned)} of {count(backtest.get('rows'))} rows"
    yield f"Churned: {rows} ({rate}){leavers}.{_small(churned, accounts)}{_chance(backtest['pooled'].get(risk) or {})}"
    models = {backtest["model"]: backtest["pooled"]} | dict(backtest.get("baselines") or {})
    found = [of.get(risk) or {} for of in models.values()]
    yield _figures([title(name) for name in models], found)


def _figures(names: list[str], found: list[Json]) -> str:
    lines = [
        [measure.words, *(measure.unit.estimate(of.get(key)) for of in found)] for key, measure in MEASURES.items()
    ]
    return table(["metric", *names], lines, "lr")


def _at_most(strata: Json, risk: str) -> int | None:
    """Return a bound of the accounts that churned: two strata split the rows, an account may be in both."""
    if not all(half in strata for half in _HALVES):
        return None
    return sum(int(strata[half][risk]["churned_accounts"]) for half in _HALVES)


def _small(rows: int | None, accounts: int | None) -> str:
    counted = ((rows, FEW_ROWS, "churned row"), (accounts, FEW_ACCOUNTS, "churned account"))
    few = [grouped(number, what) for number, limit, what in counted if number is not None and number < limit]
    return f" **These are small numbers ({', '.join(few)}): the figures are vague.**" if few else ""


def _chance(found: Json) -> str:
    low = (found.get("auc") or {}).get("low")
    return "" if low is None or low > 0.5 else " **It is not shown to be better than chance.**"


def _lead_time(backtest: Json) -> Iterator[str]:
    if "lead_time" not in backtest:
        yield f"The lead time is {UNKNOWN}."
        return
    curves, judged = backtest["lead_time"], backtest["model"]
    if curves is None:
        yield "Not known: no account that churned had all of its last 28 weeks tested."
        return
    yield (
        f"Of {grouped(curves['churns'], 'churn')} from {curves['from']} to {curves['to']}, the share that was on a "
        f"list of {count(curves['capacity'])} accounts at least {LEAD_DAYS} days before."
        f"{_small(None, curves['accounts'])}"
    )
    lines = [[title(judged), SHARE.estimate(at_lead(curves, LEAD_DAYS, model=judged)), ""]]
    for name in curves["differences"]:
        listed = SHARE.estimate(at_lead(curves, LEAD_DAYS, model=name))
        lines.append([title(name), listed, POINTS.estimate(at_lead(curves, LEAD_DAYS, over=name))])
    yield table(["list by", "warned", f"{title(judged)} ahead by"], lines, "lr")


def _separate(backtest: Json) -> Iterator[str]:
    declared = (backtest.get("outcome_contract") or {}).get("separate") or ()
    judged = backtest.get("separate") or {}
    for name in dict.fromkeys([*declared, *judged]):
        yield f"### Separate outcome: {text(name)}"
        found = judged.get(name) or {}
        if not found:
            yield f"What its risks are worth is {UNKNOWN}."
        elif "note" in found:
            yield f"Not known: {text(found['note'])}."
        else:
            yield from _of_separate(found)


def _of_separate(found: Json) -> Iterator[str]:
    for risk, of in found.items():
        if "positives" in of:
            came = f"{count(of['positives'])} of {count(of.get('rows'))} rows"
            yield f"`{text(risk)}` came true for {came}.{_small(of['positives'], None)}"
    yield _figures(list(found), list(found.values()))


def _slice(name: str, found: Json) -> list[str]:
    numbers = [count(found[key]) for key in ("rows", "positives", "churned_accounts")]
    auc = MEASURES["auc"].unit.estimate(found.get("auc"))
    return [name, *numbers, auc, _best_other(found), "**thin**" if thin(found) else ""]


def _best_other(found: Json) -> str:
    aucs = {name: (of.get("auc") or {}).get("value") for name, of in (found.get("baselines") or {}).items()}
    known = {name: value for name, value in aucs.items() if value is not None}
    if not known:
        return ""
    best = max(known, key=lambda name: known[name])
    return f"{title(best)} {known[best]:.3f}"
