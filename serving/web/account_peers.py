"""What an account's numbers stand beside: its peers on the same list, and its own weeks before."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from serving.kept import Kept
from serving.schema import explanations, list_rows, lists

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy import Engine

Quartiles = tuple[float, float, float]
EARLIER = 12
AT_ONCE = 2_000
FEWEST = 5
"""Peers with a value below which there are no quartiles."""


@dataclass(frozen=True, slots=True)
class PeerNumbers:
    """The quartiles of every feature over the scored accounts of one segment of one list."""

    accounts: int
    quartiles: Mapping[str, Quartiles]


_PEERS: Kept[PeerNumbers] = Kept(most=200)
_NAMES: Kept[tuple[str, ...]] = Kept(most=500)


def peer_numbers(engine: Engine, connection: Connection, header: Row[Any], segment: str | None) -> PeerNumbers:
    """Return the quartiles of a segment; a published list never changes, so they are computed once."""
    return _PEERS.get(engine, (header.id, segment), partial(_computed, connection, header, segment))


def earlier_values(
    engine: Engine, connection: Connection, account_id: str, before: date
) -> list[tuple[date, Mapping[str, float]]]:
    """Return the account's numbers on up to twelve lists before a week, the oldest first."""
    query = (
        select(lists.c.id, lists.c.as_of, explanations.c["values"])
        .join(lists, lists.c.id == explanations.c.list_id)
        .where(explanations.c.account_id == account_id, lists.c.as_of < before)
        .order_by(lists.c.as_of.desc())
        .limit(EARLIER)
    )
    found: list[tuple[date, Mapping[str, float]]] = []
    for list_id, as_of, blob in connection.execute(query).all():
        names = _NAMES.get(engine, list_id, partial(_names, connection, list_id))
        found.append((as_of, dict(zip(names, struct.unpack(f"<{len(blob) // 8}d", blob), strict=True))))
    return found[::-1]


def _names(connection: Connection, list_id: int) -> tuple[str, ...]:
    stored = connection.scalar(select(lists.c.features).where(lists.c.id == list_id))
    return tuple(feature["name"] for feature in stored or ())


def _computed(connection: Connection, header: Row[Any], segment: str | None) -> PeerNumbers:
    names = [feature["name"] for feature in header.features]
    numbers = _values(connection, header.id, segment, len(names))
    quartiles = {name: _quartiles(numbers[:, place]) for place, name in enumerate(names)}
    return PeerNumbers(len(numbers), {name: found for name, found in quartiles.items() if found is not None})


def _values(connection: Connection, list_id: int, segment: str | None, width: int) -> NDArray[np.float32]:
    """Return accounts × features; in single precision, for a segment may be a hundred thousand accounts."""
    import numpy as np

    same = (list_rows.c.list_id == explanations.c.list_id) & (list_rows.c.account_id == explanations.c.account_id)
    query = select(explanations.c["values"]).join(list_rows, same).where(explanations.c.list_id == list_id)
    query = query.where(list_rows.c.segment.is_(None) if segment is None else list_rows.c.segment == segment)
    streamed = connection.execute(query, execution_options={"yield_per": AT_ONCE}).partitions()
    parts = [_matrix(b"".join(row[0] for row in some), width) for some in streamed]
    return np.concatenate([np.empty((0, width), "<f4"), *parts])


def _matrix(packed: bytes, width: int) -> NDArray[np.float32]:
    import numpy as np

    found: NDArray[np.float32] = np.frombuffer(packed, "<f8").astype("<f4").reshape(-1, width)
    return found


def _quartiles(column: NDArray[np.float32]) -> Quartiles | None:
    import numpy as np

    known = column[np.isfinite(column)]
    if len(known) < FEWEST:
        return None
    first, median, third = np.percentile(known, (25, 50, 75)).tolist()
    return first, median, third
