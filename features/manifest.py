"""What a rollup store holds, file by file, and what it was made from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from features.sources.deliveries import Delivery

FORMAT = 2


@dataclass(frozen=True)
class Stored:
    """One file of the store: its name, rows and content's digest."""

    file: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class StoredWeek:
    """What became known in one week: the rollup, the numbers of its events, and how many they were."""

    rollup: Stored
    numbers: Stored | None
    events: int


@dataclass(frozen=True)
class Manifest:
    """What the store holds and what it was made from."""

    format: int = FORMAT
    through: date | None = None
    """As-of date up to which every week is there: the watermark of the source."""
    first_use: date | None = None
    last_use: date | None = None
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)
    weeks: Mapping[date, StoredWeek] = field(default_factory=dict)
    """By the as-of date at which each ends."""
    accounts: Stored | None = None
    users: Stored | None = None
    features: tuple[str, ...] = ()
    copies: Stored | None = None
    """Every row of the events that were sent more than once, and what each was rolled up as."""
    versions: Stored | None = None
    """Those of them that count, of the events whose rows differ, with when each was superseded."""
    profile: Stored | None = None
    """What each table brought in each week."""
    tables: Mapping[str, Mapping[date, tuple[int, str]]] = field(default_factory=dict)
    """Per small table and week the rows that became known in it: how many, and their digest."""

    def files(self) -> Iterator[Stored]:
        """Yield every file that the store needs."""
        for week in self.weeks.values():
            yield week.rollup
            if week.numbers:
                yield week.numbers
        for each in (self.accounts, self.users, self.copies, self.versions, self.profile):
            if each:
                yield each

    def to_json(self) -> bytes:
        """Return the manifest as JSON."""
        return TypeAdapter(Manifest).dump_json(self, indent=1)


def read_manifest(path: Path) -> Manifest:
    """Return the manifest of a file; an empty one where there is none, or where it is not of this format."""
    if not path.exists():
        return Manifest()
    try:
        found = TypeAdapter(Manifest).validate_json(path.read_bytes())
    except ValidationError:
        return Manifest()
    return found if found.format == FORMAT else Manifest()
