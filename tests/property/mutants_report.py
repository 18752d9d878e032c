"""Prints every planted fault, whether it lets the future in, and which properties notice it:

    python -m tests.property.mutants_report

Exit code 1 when a fault gets past a property that should notice it.
"""

import sys

from tests.property.faults import FAULTS
from tests.property.mutants import Mutant
from tests.property.trials import Trial, caught


def line(mutant: Mutant) -> tuple[str, bool]:
    """Return the fault's line of the table, and whether everything that should notice it did."""
    different = caught(mutant, Trial.equality)
    moved = caught(mutant, Trial.blindness) if mutant.leaks else 0
    good = bool(different) and (bool(moved) or not mutant.leaks)
    blind = _books(moved) if mutant.leaks else "-"
    kind = "leak" if mutant.leaks else ""
    return f"{mutant.name:<56} {kind:<5} {_books(different):<12} {blind:<12} {mutant.where}", good


def _books(number: int) -> str:
    return f"book {number}" if number else "MISSED"


def main() -> int:
    """Print the table and return the exit code."""
    print(f"{'fault':<56} {'':<5} {'reference':<12} {'future':<12} planted in")
    missed = 0
    for mutant in FAULTS:
        text, good = line(mutant)
        print(text, flush=True)
        missed += not good
    leaks = sum(mutant.leaks for mutant in FAULTS)
    print(f"{len(FAULTS)} faults, {leaks} of them leaks: {missed} got through")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
