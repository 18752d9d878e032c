"""Records: when rows reached the record, some of them late, and which were put right later."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from features.sources.world.arrays import DAY, Ints
from features.sources.world.tables import Columns, coded
from features.sources.world.touch import SEVERITIES

LATE = 0.03
LATE_DAYS = 5
CORRECTED = {"tickets": 0.010, "invoices": 0.008, "subscriptions": 0.006}
"""Share of the rows whose first version was wrong."""
CORRECTED_DAYS = 12


def on_record(rng: np.random.Generator, columns: Columns, table: pa.Table, at: Ints) -> pa.Table:
    """Add `recorded_at`: mostly the time of the event, some days late; leave out what has not arrived by the end."""
    delay = np.where(rng.random(len(at)) < LATE, rng.random(len(at)) * (LATE_DAYS * DAY), 0.0)
    recorded = at + delay.astype(np.int64)
    return table.append_column("recorded_at", columns.instant(recorded)).filter(
        pa.array(recorded < columns.calendar.days * DAY)
    )


def correct(rng: np.random.Generator, columns: Columns, name: str, table: pa.Table) -> pa.Table:
    """Put a wrong first version before a share of the rows, which are then recorded up to twelve days after it."""
    calendar = columns.calendar
    known = table["recorded_at"].cast(pa.int64()).to_numpy() - calendar.epoch
    later = known + (rng.uniform(0.5, CORRECTED_DAYS, len(known)) * DAY).astype(np.int64)
    chosen = np.flatnonzero((rng.random(len(known)) < CORRECTED[name]) & (later < calendar.days * DAY))
    first = table.take(pa.array(chosen))
    for column, values in WRONG[name](first).items():
        first = first.set_column(first.schema.get_field_index(column), column, values)
    known[chosen] = later[chosen]
    right = table.set_column(table.schema.get_field_index("recorded_at"), "recorded_at", columns.instant(known))
    order = np.lexsort((np.repeat([1, 0], [len(known), len(chosen)]), np.append(np.arange(len(known)), chosen)))
    return pa.concat_tables([right, first]).unify_dictionaries().combine_chunks().take(pa.array(order))


def _wrong_severity(first: pa.Table) -> Mapping[str, pa.Array]:
    """Everything is normal until somebody has looked at it."""
    severity = np.array(first["severity"].to_pylist(), dtype=object)
    return {"severity": coded(np.where(severity == "normal", 0, 1), SEVERITIES)}


def _wrong_amount(first: pa.Table) -> Mapping[str, pa.Array]:
    return {"amount": pa.array(np.round(1.1 * first["amount"].to_numpy(), 2))}


def _wrong_price(first: pa.Table) -> Mapping[str, pa.Array]:
    seats = first["seats"].to_numpy()
    mrr = np.round(first["mrr"].to_numpy() * (seats + 2) / seats, 2)
    return {"mrr": pa.array(mrr), "seats": pa.array(seats + 2)}


WRONG: Mapping[str, Callable[[pa.Table], Mapping[str, pa.Array]]] = {
    "tickets": _wrong_severity,
    "invoices": _wrong_amount,
    "subscriptions": _wrong_price,
}
"""By table, what its rows said at first."""
