"""The logistic baseline."""

from typing import Any

import numpy as np
import pytest

from features.errors import ContractError
from features.labels import label
from models.kinds.logistic import LogisticModel
from models.protocol import Rows


def test_it_learns_and_copes_with_missing_and_wild_values(book: Any) -> None:
    labels = label(book.outcomes, book.rows.index, book.contract, book.last)
    fitted = LogisticModel().fit(book.rows, labels)
    odd = book.frame.iloc[:3].assign(breadth=np.nan, noise_0=[np.nan, 1e12, -1e12])
    risks = fitted.predict(Rows(odd, book.standing.iloc[:3]))
    assert risks["risk_90"].between(0, 1).all()
    sick, well = (book.frame.iloc[:1].assign(login_drop=drop, breadth=-drop) for drop in (2.0, -2.0))
    standing = book.standing.iloc[:1]
    more, less = (float(fitted.predict(Rows(f, standing))["risk_90"].iloc[0]) for f in (sick, well))
    assert more > 2 * less


def test_one_class_is_refused(book: Any) -> None:
    labels = label(book.outcomes.iloc[:0], book.rows.index, book.contract, book.last)
    with pytest.raises(ContractError, match="0 churns"):
        LogisticModel().fit(book.rows, labels)
