"""What commands say: data to stdout, everything else to stderr."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from pipelines.settings import Settings


def emit(text: str) -> None:
    """Write one piece of data to stdout."""
    sys.stdout.write(text + "\n")


def emit_json(value: Any) -> None:  # noqa: ANN401  any JSON value
    """Write data for programs: strict JSON, unknown numbers as null."""
    emit(json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False, default=str))


def plain(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """Return the value with NaN and infinities as None and NumPy numbers as Python's."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str | bytes):
        value = value.item()
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return None
    return value


def note(text: str) -> None:
    """Say one line to the person who watches."""
    sys.stderr.write(text + "\n")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """Return a text table; the columns whose numbers are in `right` are aligned to the right."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show a bar on stderr while a person watches; give a function of (done, total, text)."""
    if not sys.stderr.isatty():
        yield lambda done, total, text: None
        return
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    line = bar.add_task(what, total=None)

    def moved(done: int, total: int, text: str) -> None:
        # Started late: a bar that stands still beside other steps only looks broken.
        bar.start()
        bar.update(line, completed=done, total=total, description=text or what)
        if done >= total:
            bar.stop()

    try:
        yield moved
    finally:
        bar.stop()


def terminal() -> "Console":
    """Return rich's console on stdout; a pipe or file has no width of its own and gets a wide one."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 180)


def find_settings(given: str | None) -> tuple["Settings", Path]:
    """Load the settings that --config, $FOREWARN_CONFIG, ./forewarn.toml or the demo name, in this order."""
    from features.errors import UsageError
    from pipelines.settings import load_settings

    named = given or os.environ.get("FOREWARN_CONFIG")
    if named:
        return load_settings(Path(named)), Path(named)
    own, demo = Path("forewarn.toml"), Path("configs/demo.toml")
    if own.exists():
        return load_settings(own), own
    if demo.exists():
        note(f"Using {demo} (no --config, no FOREWARN_CONFIG, no {own} here).")
        return load_settings(demo), demo
    raise UsageError(f"no settings: give --config FILE, or run `forewarn init` to write {own} here")


def as_date(text: str) -> date:
    """Read a date argument."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write it as 2026-11-02") from None


def positive(text: str) -> int:
    """Read a whole number above zero."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)
