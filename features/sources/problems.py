"""What is wrong with a book, said in sentences that name the culprit and the way out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from features.errors import ContractError

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one table; errors stop the run, warnings and notes are told."""

    table: str
    column: str
    rule: str
    severity: Severity
    says: str
    fix: str
    count: int = 0
    total: int = 0
    sample: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole problem in one sentence."""
        place = f"{self.table}.{self.column}" if self.column else self.table
        figures = f"{self.count:,} of {self.total:,} " if self.total else ""
        example = f" (for example {self.sample[0]})" if self.sample else ""
        way_out = f"; {self.fix}" if self.fix else ""
        return f"{place}: {figures}{self.says}{example}{way_out}"

    def to_json(self) -> dict[str, Any]:
        """Return the shape that `forewarn check --json` prints."""
        return {**asdict(self), "sample": list(self.sample), "text": self.text}


class SourceError(ContractError):
    """A source that cannot be read as its mapping says; carries the problems so that all are told at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(problem.text for problem in problems))
        self.problems = tuple(problems)


def require_sound(problems: Sequence[Problem]) -> None:
    """Raise ContractError that says every problem that stops a run."""
    stopping = [problem.text for problem in problems if problem.severity == "error"]
    if stopping:
        raise ContractError("\n".join(stopping))
