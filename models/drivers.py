"""Contributions added up by driver: what the words of a list speak of."""

from collections.abc import Mapping

import numpy as np
import pandas as pd


def by_driver(values: pd.DataFrame, drivers: Mapping[str, str]) -> pd.DataFrame:
    """Return rows × drivers from rows × features; a feature without a driver stands for itself."""
    owner = np.array([drivers.get(str(name), str(name)) for name in values.columns], dtype=object)
    names = list(dict.fromkeys(owner))
    member = np.array([owner == name for name in names], dtype=float).reshape(len(names), len(owner))
    return pd.DataFrame(values.to_numpy() @ member.T, values.index, names)
