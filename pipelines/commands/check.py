"""forewarn check: what the sources hold and what is wrong with it."""

import argparse
from collections.abc import Mapping
from typing import Any

from pipelines.console import emit, emit_json, find_settings, note, table

HELP = "check the source tables against the contract and say what is there, wrong and missing"
EXAMPLE = "forewarn check --config configs/ravenstack.toml"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Open the book whatever is wrong with it, print its report, and fail when a weekly run would stop."""
    from features.sources.files import survey_book
    from features.sources.mapping import read_mapping
    from pipelines.signals import sufficiency

    settings, _ = find_settings(args.config)
    mapping = read_mapping(settings.sources.mapping)
    book = survey_book(mapping, settings.sources.data, settings.limits)
    report = {**book.report, "sufficiency": sufficiency(book, settings)}
    if args.json:
        emit_json(report)
    else:
        _show(report)
    stops = sum(problem["severity"] == "error" for problem in report["problems"])
    if stops:
        note(f"{stops} of the things above stop a weekly run.")
    return 3 if stops else 0


def _show(report: Mapping[str, Any]) -> None:
    head = ["table", "rows", "first", "last", "quarantined"]
    emit(table(head, [_line(name, found) for name, found in report["tables"].items()], right=frozenset({1, 4})))
    for name, found in report["tables"].items():
        if found.get("missing"):
            emit(f"without {name}: {found['cost']}")
    for problem in report["problems"]:
        emit(f"{problem['severity']}: {problem['text']}")
    for text in report["sufficiency"]["sentences"]:
        emit(text)
    note(f"{len(report['problems'])} things to know." if report["problems"] else "Nothing to complain about.")


def _line(name: str, found: Mapping[str, Any]) -> list[str]:
    if not found.get("rows"):
        return [name, "absent" if found.get("missing") else "0", "", "", ""]
    bad = sum(found.get("quarantined", {}).values())
    return [name, f"{found['rows']:,}", str(found["first"] or "")[:10], str(found["last"] or "")[:10], f"{bad:,}"]
