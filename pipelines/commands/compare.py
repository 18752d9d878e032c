"""forewarn compare: which of several recorded models is better."""

import argparse
from pathlib import Path
from typing import Any

from pipelines.console import emit, emit_json, find_settings, note, table

HELP = "compare recorded runs on the same test rows: better, worse, or not enough evidence"
EXAMPLE = "forewarn compare champion 'with cox'\n  forewarn compare champion champion:logistic --html compare.html"

SHOWN = ("auc", "average_precision", "log_loss", "brier", "recall_at_capacity", "lead_time_60")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="a run's id, name, model id, champion or challenger; RUN:KIND is a model that was replayed beside it",
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print JSON")
    shape.add_argument("--html", type=Path, metavar="FILE", help="write a page with a forest plot")


def run(args: argparse.Namespace) -> None:
    """Compare the runs and show what follows."""
    from pipelines.experiments import compare_runs
    from pipelines.quiet import quiet

    quiet()
    settings, _ = find_settings(args.config)
    found = compare_runs(settings, args.runs)
    if args.json:
        emit_json(found)
    elif args.html:
        from pipelines.console import plain
        from pipelines.state import write_text
        from serving.compare_page import render_compare

        write_text(args.html, render_compare(plain(found)))
        note(f"Wrote {args.html}.")
    else:
        _show(found)


def _show(found: dict[str, Any]) -> None:
    for verdict in found["verdicts"]:
        emit(verdict["text"][:1].upper() + verdict["text"][1:])
    emit("")
    for verdict in found["verdicts"]:
        pair = f"{verdict['run']} against {verdict['against']}"
        lines = [line for line in found["differences"] if line["run"] == verdict["run"]]
        whole = [line for line in lines if line["stratum"] == "all accounts" and line["metric"] in SHOWN]
        rows = [[f"{line['risk']} {line['metric']}", *_numbers(line)] for line in whole]
        emit(table([pair, "before", "after", "better by", "95 %"], rows, right=frozenset({1, 2, 3})))
        emit("")
        strata = [line for line in lines if line["stratum"] != "all accounts" and line["metric"] == "auc"]
        rows = [[f"{line['risk']} {line['stratum']}", *_numbers(line)] for line in strata]
        emit(table(["AUC by stratum", "before", "after", "better by", "95 %"], rows, right=frozenset({1, 2, 3})))
        emit("")
    for lists in found["lists"]:
        emit(f"Lists of {lists['capacity']}: {lists['overlap']:.0%} of the places go to the same accounts.")
    for moved in found["moved"][:5]:
        why = "; ".join(f"{each['driver']} {each['change']:+.1%}" for each in moved["why"])
        emit(f"{moved['account_id']}: {moved['before']:.1%} → {moved['after']:.1%}" + (f" ({why})" if why else ""))
    note(
        f"{found['rows']:,} rows of {found['accounts']:,} accounts over {found['weeks']} weeks, "
        f"{found['churned_accounts']} of them churned within 90 days; intervals clustered by account."
    )


def _numbers(line: dict[str, Any]) -> list[str]:
    values = [line[key] for key in ("a", "b", "value", "low", "high")]
    if any(value is None or value != value for value in values):
        return ["–", "–", "–", ""]
    a, b, value, low, high = values
    return [f"{a:.4f}", f"{b:.4f}", f"{value:+.4f}", f"{low:+.4f} to {high:+.4f}"]
