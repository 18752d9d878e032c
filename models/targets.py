"""What models learn from: per interval or window, the rows that have matured and whether the outcome came."""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from features.labels import interval_label
from features.outcome import INTERVALS
from models.hazard import require_both_classes


def targets(
    labels: pd.DataFrame,
    windows: Iterable[tuple[int, int]] = INTERVALS,
    says: Callable[[pd.DataFrame, int, int], pd.Series] = interval_label,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return, per window, which rows are used and the 0/1 target of those.

    `says` is `interval_label` (given still here at the start) or `window_label` (seen from the as-of date).
    Raises ContractError when a window holds only one class.
    """
    found = []
    for window in windows:
        happened = says(labels, *window).to_numpy()
        used = ~np.isnan(happened)
        require_both_classes(happened[used], window)
        found.append((used, happened[used]))
    return found
