"""The model card: what a champion is for, what it was made of, what it is worth, for whom, and where that ends.

Its sections follow Mitchell et al. (2019), *Model Cards for Model Reporting*.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from features.catalogue import Feature
from features.outcome import OutcomeContract
from models.card_words import POINTS, SHARE, UNKNOWN, count, grouped, off_by, plain, signed, table, text
from models.card_worth import JUDGED, slices, thin, worth

Json = Mapping[str, Any]


def card(
    *,
    name: str,
    about: Json,
    columns: Sequence[str],
    backtest: Json,
    verdict: Json,
    explanations: Json | None,
    data: Mapping[str, str],
    simulated: bool,
    features: Sequence[Feature],
) -> str:
    """Return the card as Markdown; a part that was not handed over is said to be missing.

    `about` is a bundle's; `backtest`, `verdict` and `explanations` are the JSON of Backtest, Verdict and faithfulness;
    `data` has the digest of each table by name, and `features` the catalogue that `columns` come from.
    """
    catalogue = {each.name: each for each in features}
    sections: dict[str, Iterable[str]] = {
        "What it is for": _purpose(),
        "What it predicts": _outcome(about, backtest),
        "Data": _data(about, data, [catalogue[each] for each in columns if each in catalogue], simulated),
        "How it was made": _made(about, columns, catalogue, backtest),
        "What it is worth": worth(backtest),
        "Slices": slices(backtest),
        "Explanations, tested": _explanations(explanations, catalogue),
        "Promotion": _promotion(verdict),
        "Limits": _limits(backtest, simulated),
    }
    head = [f"# Model card: {text(name)}", *([_SIMULATED] if simulated else [])]
    parts = [part for heading, said in sections.items() for part in (f"## {heading}", *said)]
    return "\n\n".join([*head, *parts]) + "\n"


_SIMULATED = "**Simulated: every account and number on this card comes from a simulated book.**"


def _purpose() -> Iterator[str]:
    yield (
        "**For** customer-success managers who decide whom to talk to while there is still time: it says for each "
        "account how likely it is to leave."
    )
    yield (
        "**Not for** judging people: a risk measures neither the CSM who owns an account nor anybody who works for it."
    )
    yield "**Not for** automatic action: no price, contract or service changes unless a person has decided so."


def _outcome(about: Json, backtest: Json) -> Iterator[str]:
    of_model = about.get("outcome_digest")
    if not backtest.get("outcome_contract"):
        yield f"The outcome contract is {UNKNOWN}; its digest is {text(of_model or UNKNOWN)}."
        return
    contract = OutcomeContract.model_validate(backtest["outcome_contract"])
    yield table(["term", "what holds"], _terms(contract))
    yield f"Outcome contract {contract.digest}."
    if not of_model:
        yield f"Whether the model was made with this one is {UNKNOWN}."
    elif contract.digest != of_model:
        yield (
            f"**The model's own outcome contract is {text(of_model)}, not the backtest's: the figures below speak of "
            "another outcome.**"
        )


def _terms(contract: OutcomeContract) -> Iterator[list[str]]:
    clocks = {
        "effective": "the outcome counts when it takes effect (the contract's end)",
        "decision": "the outcome counts when it is decided (notice received, else the notice deadline)",
    }
    spans = (contract.recording_lag_days, contract.renewal_gap_days, contract.minimum_tenure_days)
    lag, gap, tenure = (grouped(days, "day") for days in spans)
    yield ["outcome", " or ".join(contract.kinds)]
    yield ["clock", clocks[contract.clock]]
    yield ["lead time", f"{contract.lead_days} days from the as-of date to the first day of the window"]
    yield ["horizon", f"{contract.horizon_days} days from the as-of date to the end of the window"]
    yield ["recording lag", f"{lag} after it happened, an outcome is sure to be on record"]
    yield ["gap", f"{gap} without a subscription make a churn, where no outcomes table says so"]
    yield ["tenure", f"accounts younger than {tenure} are not scored"]
    yield [
        "notice",
        f"accounts that have already given notice are {'left out' if contract.exclude_noticed else 'kept'}",
    ]
    yield ["separate outcomes", ", ".join(contract.separate) or "there are none"]


def _data(about: Json, data: Mapping[str, str], used: Iterable[Feature], simulated: bool) -> Iterator[str]:
    if simulated:
        yield "**The data are simulated.**"
    yield _trained_on(about)
    tables = sorted({reads.partition(".")[0] for each in used for reads in each.reads})
    yield f"The features read the tables {', '.join(tables)}." if tables else f"Which tables were read is {UNKNOWN}."
    if data:
        yield table(["data", "digest"], [[name, data[name]] for name in sorted(data)])
    else:
        yield f"The digests of the data are {UNKNOWN}."


def _trained_on(about: Json) -> str:
    if not {"rows", "accounts", "churns", "known_by"} <= set(about):
        return f"What it was trained on is {UNKNOWN}."
    rows, accounts, churns = (count(about[key]) for key in ("rows", "accounts", "churns"))
    known_by = text(about["known_by"])
    return (
        f"Trained on {rows} matured rows of {accounts} accounts, which lead to {churns} churns, as known by {known_by}."
    )


def _made(about: Json, columns: Sequence[str], catalogue: Mapping[str, Feature], backtest: Json) -> Iterator[str]:
    yield "Three conditional hazards, for days 1–30, 31–60 and 61–90, each a LightGBM on all rows that had matured."
    if about.get("settings"):
        yield table(["setting", "value"], [[key, plain(value)] for key, value in about["settings"].items()], "lr")
    else:
        yield f"Its settings are {UNKNOWN}."
    digest = text(about.get("catalogue_digest") or UNKNOWN)
    yield f"{grouped(len(columns), 'feature')}; the catalogue's digest is {digest}."
    yield from _drivers(columns, catalogue)
    yield f"**Calibration.** {_calibration(backtest)}."
    for name, why in (about.get("separate_left_out") or {}).items():
        yield f"The separate outcome {text(name)} has no risk of its own: {text(why)}."


def _drivers(columns: Sequence[str], catalogue: Mapping[str, Feature]) -> Iterator[str]:
    of = Counter(catalogue[each].driver if each in catalogue else "not in this catalogue" for each in columns)
    if of:
        yield table(["driver", "features"], [[driver, count(number)] for driver, number in of.most_common()], "lr")


def _calibration(backtest: Json) -> str:
    if "calibration" not in backtest:
        return f"Which calibrators were tried is {UNKNOWN}"
    if not backtest["calibration"]:
        return "No calibrator was tried"
    said = text(backtest["calibration"]["says"])
    return said[:1].upper() + said[1:]


def _explanations(report: Json | None, catalogue: Mapping[str, Feature]) -> Iterator[str]:
    if report is None:
        yield "The explanations of this model were not tested."
        return
    rows, accounts = count(report["rows"]), count(report["accounts"])
    yield f"Those of `{report['risk']}`, on {rows} rows of {accounts} accounts at {' and '.join(report['as_of'])}."
    yield table(["test", "what was found", "holds"], _tests(report))
    found = report["directions"]
    if not found["disagreements"]:
        yield "No feature works against the direction that it claims."
        return
    yield (
        f"{grouped(len(found['disagreements']), 'feature')} against the direction claimed, with "
        f"{SHARE.say(found['share_disagreeing'])} of all contributions; features that claim one have "
        f"{SHARE.say(found['share_claiming'])}."
    )
    head = ["feature", "claims to be riskier when", "rank correlation of value and contribution", "contributions"]
    yield table(head, [_against(each, catalogue) for each in found["disagreements"]], "llr")


def _against(found: Json, catalogue: Mapping[str, Feature]) -> list[str]:
    name = found["feature"]
    known = catalogue[name].title if name in catalogue else name
    return [known, found["claim"], signed(found["correlation"]), f"{100 * found['share']:.2f} %"]


def _tests(report: Json) -> Iterator[list[str]]:
    holds = {True: "yes", False: "**no**"}
    sums, shap, stability, deletion = (report[key] for key in ("sums", "tree_shap", "stability", "deletion"))
    yield ["contributions add up to the risk", off_by([sums["worst"]]), holds[sums["holds"]]]
    yield ["they are those of shap.TreeExplainer", off_by(shap["worst"]), holds[shap["holds"]]]
    for key, words in (("week_to_week", "from one as-of date to the next"), ("reseeded", "with another seed")):
        yield [f"the top drivers stay {words}", *_overlap(stability.get(key))]
    fell = f"{POINTS.say(deletion['stated'])} against {POINTS.say(deletion['others'])}"
    yield [
        "without the drivers that it names, the risk falls more than without others",
        f"by {POINTS.estimate(deletion['difference'])} more: {fell}",
        holds[deletion["holds"]],
    ]


def _overlap(found: Json | None) -> tuple[str, str]:
    if not found or found["mean"] is None:
        return "not tested", ""
    shared = f"{SHARE.say(found['mean'])} of the top {found['top']} in common"
    return f"{shared}, {SHARE.say(found['riskiest_tenth'])} in the riskiest tenth", "reported only"


def _promotion(verdict: Json) -> Iterator[str]:
    if not verdict:
        yield f"The verdict is {UNKNOWN}."
        return
    yield f"**{text(verdict['why'])}**"
    challenger, as_of = (text(verdict.get(key) or UNKNOWN) for key in ("challenger", "as_of"))
    yield f"Challenger {challenger}, champion until then: {text(verdict.get('champion') or 'none')}, as-of {as_of}."
    marks = {"passed": "passed", "failed": "**failed**", "unsure": "**not sure**"}
    lines = [[each["name"], marks[each["outcome"]], each["text"]] for each in verdict.get("checks") or ()]
    yield table(["check", "outcome", "what was found"], lines) if lines else f"Its checks are {UNKNOWN}."


def _limits(backtest: Json, simulated: bool) -> Iterator[str]:
    strata, folds = backtest.get("strata") or {}, backtest.get("folds") or []
    until = f", the last of them {folds[-1]['last_as_of']}" if folds else ""
    said = [
        f"Drift is not known: the figures are of the as-of dates that were tested{until}; whether accounts have "
        "behaved differently since, this card cannot say.",
        "An interval says how far a figure would move had other accounts of the same kind been drawn. It says nothing "
        "about another book, a changed product, or the risk of one account.",
        _acted_on(strata),
        *(_thin_slices(strata, risk) for risk in JUDGED if strata),
        "Reasons say what raises the risk in the model. They are not causes: changing them need not keep the account.",
    ]
    if simulated:
        said.append("**The book is simulated: the figures show that the method works, not what it earns elsewhere.**")
    yield "\n".join(f"* {line}" for line in said)


def _acted_on(strata: Json) -> str:
    prevented = "a churn that was prevented counts as a false alarm"
    if "accounts that were acted on" in strata:
        return f"Accounts that were acted on are a slice of their own, for {prevented}."
    return f"Accounts that were acted on are not told apart: the backtest has no record of them, and {prevented}."


def _thin_slices(strata: Json, risk: str) -> str:
    few = sum(thin(found[risk]) for found in strata.values())
    return f"{few} of {len(strata)} slices are thin for churn {JUDGED[risk]}: their figures alone are no evidence."
