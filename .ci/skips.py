"""Fails when a test was skipped that should have run here."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

ALLOWED = "the folder of other people's data is not beside the checkout"
"""The reason that a test gives when other people's data are not beside the checkout."""


def wrong_skips(results: Path, data_present: bool) -> list[str]:
    """Return test and reason of every skip that is not allowed."""
    wrong = []
    for case in ET.parse(results).iter("testcase"):  # noqa: S314  pytest wrote the file
        for skip in case.iter("skipped"):
            reason = " ".join(f"{skip.get('message') or ''} {skip.text or ''}".split())
            if data_present or ALLOWED not in reason:
                wrong.append(f"{case.get('classname')}::{case.get('name')}: {reason}")
    return wrong


def main() -> int:
    """Read the JUnit file that the command line names and say which skips are wrong."""
    data = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    wrong = wrong_skips(Path(sys.argv[1]), data.is_dir())
    for line in wrong:
        sys.stderr.write(f"skipped, but should have run here: {line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
