"""The rules that every row of the contract must keep, each with its words and the way out."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One row rule: what is wrong with the rows that break it, and the way out."""

    name: str
    says: str
    fix: str
    stops: bool = True
    """Whether too many rows that break it stop the run."""
    bad: bool = True
    """Whether a few of them are worth a warning and the quarantine, rather than a note."""


def _rule(name: str, says: str, fix: str, stops: bool = True, bad: bool = True) -> tuple[str, Rule]:
    return name, Rule(name, says, fix, stops, bad)


_EXPRESSION = "in {file} under [{table}] {column}"

RULES: Mapping[str, Rule] = dict(
    (
        _rule(
            "missing_value",
            "rows have no {column}",
            f"give an expression that fills it {_EXPRESSION}, or leave the rows out with [{{table}}] filter",
        ),
        _rule(
            "not_a_number",
            "rows hold something that is not a number",
            f"correct the source, or write an expression that makes it one {_EXPRESSION}",
        ),
        _rule(
            "not_a_time",
            "rows hold something that is not an ISO date or time",
            f"read other forms with strptime(…, '%d/%m/%Y') {_EXPRESSION}",
        ),
        _rule(
            "not_a_flag",
            "rows hold something that is neither true nor false",
            f"write an expression that is true or false {_EXPRESSION}",
        ),
        _rule(
            "implausible_time",
            "rows lie outside the years {first_year} to {last_year}",
            f"turn placeholders into nulls (nullif) {_EXPRESSION}, or change limits.first_year and limits.last_year",
        ),
        _rule(
            "not_finite",
            "rows are infinite or not a number",
            f"turn them into nulls or correct the source; the expression stands {_EXPRESSION}",
        ),
        _rule(
            "negative_quantity",
            "rows are negative",
            f"write an expression that is never negative {_EXPRESSION}, or leave the rows out with [{{table}}] filter",
        ),
        _rule(
            "score_out_of_range",
            "rows lie outside 0 to 10 (nps) or 0 to 100 (csat)",
            f"rescale the score {_EXPRESSION}",
        ),
        _rule(
            "ends_before_it_starts",
            "rows lie before {earlier}",
            f"map the right columns {_EXPRESSION} and {{earlier}}",
        ),
        _rule(
            "available_before_it_happened",
            "rows lie after {available} + {clock_skew_days:g} day(s)",
            "map a recorded time in {file} under [{table}] {available}, or raise limits.clock_skew_days",
        ),
        _rule(
            "unknown_account",
            "rows name an account that accounts does not have",
            f"add the accounts, or write {{column}} as accounts does {_EXPRESSION}",
        ),
        _rule(
            "duplicate",
            "rows repeat the key ({key}) with other values",
            f"the row known first is kept; make the key distinct {_EXPRESSION}",
        ),
        _rule(
            "corrected",
            "rows correct an earlier row of the same key ({key})",
            f"each is seen until the next was known; if they are rows apart, make the key distinct {_EXPRESSION}",
            bad=False,
        ),
        _rule(
            "repeated",
            "rows repeat another row exactly",
            "nothing needs doing: one of each is kept",
            stops=False,
            bad=False,
        ),
    )
)
"""Every row rule by name; a row is quarantined under the first rule that it breaks."""
