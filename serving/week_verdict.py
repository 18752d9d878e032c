"""The report's section on who serves: the verdict on the last challenger, with every check behind it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from serving.formats import day

OUTCOMES = {
    "promote": ("Promoted", "low"),
    "keep": ("Champion kept", "medium"),
    "refuse": ("Refused", "high"),
}
CHECKS = {"passed": ("Passed", "low"), "failed": ("Failed", "high"), "unsure": ("Not sure", "medium")}


def verdict_section(verdict: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what the template shows of a promotion verdict, None without one."""
    if verdict is None:
        return None
    word, tone = OUTCOMES.get(verdict["outcome"], (str(verdict["outcome"]).capitalize(), "medium"))
    as_of = verdict.get("as_of")
    checks = [_check(check) for check in verdict.get("checks", [])]
    return {
        "word": word,
        "tone": tone,
        # The word stands before it already.
        "why": _opened(verdict["why"].removeprefix(f"{word}: ").removeprefix("Kept the champion, ")),
        "challenger": verdict.get("challenger"),
        "champion": verdict.get("champion"),
        "as_of": day(date.fromisoformat(as_of)) if as_of else "",
        "checks": checks,
        "tally": _tally(checks),
    }


def _check(check: Mapping[str, Any]) -> dict[str, str]:
    word, tone = CHECKS.get(check["outcome"], (str(check["outcome"]).capitalize(), "medium"))
    return {"name": _opened(check["name"].replace("_", " ")), "word": word, "tone": tone, "text": check["text"]}


def _tally(checks: list[dict[str, str]]) -> str:
    """Return how many checks went which way, the failures first."""
    order = [CHECKS[name][0] for name in ("failed", "unsure", "passed")]
    counts = [(word, sum(check["word"] == word for check in checks)) for word in order]
    return ", ".join(f"{count} {word.lower()}" for word, count in counts if count)


def _opened(text: str) -> str:
    return text[:1].upper() + text[1:]
