"""Parts of a whole that may be nothing."""

import numpy as np

from features.grid import Floats


def share(part: Floats, whole: Floats) -> Floats:
    """Return part/whole; NaN where the whole is not above zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, np.nan)
