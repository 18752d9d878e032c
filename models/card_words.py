"""Numbers and tables of a model card, written for people."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

UNKNOWN = "not recorded"


def text(value: object) -> str:
    """Return foreign text as one line that Markdown shows as it is, inside a table too."""
    line = " ".join(str(value).split())
    return line.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


def table(head: Sequence[str], lines: Iterable[Sequence[str]], align: str = "l") -> str:
    """Return a Markdown table of foreign text; `align` has l or r per column, its last letter also for those after."""
    rules = {"l": "---", "r": "---:"}
    rule = [rules[letter] for letter in align.ljust(len(head), align[-1])]
    first, *rest = ([text(cell) for cell in line] for line in (head, *lines))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (first, rule, *rest))


def count(number: float | None) -> str:
    """Return a count with thousands separators."""
    return UNKNOWN if number is None else f"{number:,.0f}"


def grouped(number: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def off_by(worst: Sequence[float | None]) -> str:
    """Return the greatest of some numerical errors."""
    known = [each for each in worst if each is not None and not math.isnan(each)]
    return f"off by at most {max(known):.0e}" if known and len(known) == len(worst) else UNKNOWN


def signed(number: float | None) -> str:
    """Return a correlation with its sign."""
    return Unit(2, sign="+").say(number)


def plain(value: object) -> str:
    """Return a setting's value in words."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {plain(inner)}" for key, inner in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Unit:
    """How numbers of one kind are written."""

    places: int
    times: float = 1.0
    sign: str = ""
    after: str = ""

    def say(self, number: float | None) -> str:
        """Return the number with its unit; in words when there is none."""
        return UNKNOWN if number is None or math.isnan(number) else f"{self._bare(number)}{self.after}"

    def estimate(self, found: Mapping[str, Any] | None) -> str:
        """Return a value with its interval in square brackets; in words where there is none."""
        if not found:
            return UNKNOWN
        value: float | None = found.get("value")
        low: float | None = found.get("low")
        high: float | None = found.get("high")
        if value is None or math.isnan(value):
            return f"not defined ({found['note']})" if found.get("note") else "not defined"
        if low is None or high is None or math.isnan(low + high):
            return f"{self.say(value)} [no interval]"
        return f"{self.say(value)} [{self._bare(low)}, {self._bare(high)}]"

    def _bare(self, number: float) -> str:
        # + 0.0 turns −0.0 into 0.0.
        rounded = round(self.times * number, self.places) + 0.0
        return f"{rounded:{self.sign}.{self.places}f}".replace("-", "−")


@dataclass(frozen=True)
class Measure:
    """A metric in words, with its unit."""

    words: str
    unit: Unit


SHARE = Unit(1, 100, after=" %")
POINTS = Unit(1, 100, sign="+", after=" points")

MEASURES: Mapping[str, Measure] = {
    "auc": Measure("AUC", Unit(3)),
    "average_precision": Measure("average precision", Unit(3)),
    "brier": Measure("Brier score (lower is better)", Unit(4)),
    "brier_skill": Measure("Brier skill over the base rate", SHARE),
    "log_loss": Measure("log loss (lower is better)", Unit(4)),
    "log_loss_skill": Measure("log-loss skill over the base rate", SHARE),
    "calibration_error": Measure("calibration error (lower is better)", Unit(2, 100, after=" %")),
    "calibration_slope": Measure("calibration slope (1 is right)", Unit(2)),
    "calibration_intercept": Measure("calibration intercept (0 is right)", Unit(2, sign="+")),
    "recall_at_capacity": Measure("churned rows that were listed", SHARE),
    "precision_at_capacity": Measure("listed rows that churned", SHARE),
    "lift_at_capacity": Measure("lift of the lists over the base rate", Unit(1, after=" ×")),
    "arr_recall_at_capacity": Measure("churned ARR that was listed", SHARE),
}
"""Every metric, in the order of models.metrics.METRICS."""
