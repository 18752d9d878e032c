"""Finds the rows of a list in which a text stands."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT_SEARCHES = 64


class ListSearch:
    """The texts of all rows as one, which is searched many times as fast as each of them; in folded case."""

    def __init__(self, texts: Sequence[str]) -> None:
        import numpy as np

        self._whole = "\x00".join(texts)
        self._starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
        self._kept: OrderedDict[str, NDArray[np.bool_]] = OrderedDict()

    def says(self, text: str) -> NDArray[np.bool_]:
        """Return in which rows the text stands; what was found is kept, for the next page asks the same again."""
        found = self._kept.get(text)
        if found is None:
            found = self._kept[text] = self._find(text)
            while len(self._kept) > KEPT_SEARCHES:
                self._kept.popitem(last=False)
        return found

    def _find(self, text: str) -> NDArray[np.bool_]:
        import numpy as np

        rows = np.zeros(len(self._starts) - 1, dtype=bool)
        at = [found.start() for found in re.finditer(re.escape(text), self._whole)]
        rows[np.searchsorted(self._starts, at, side="right") - 1] = True
        return rows
