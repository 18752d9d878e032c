"""Features as linear models read them: imputed, with indicators of what was missing, scaled and clipped."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

CLIP = 4.0
"""Scaled values are held within this many standard deviations: usage is heavy-tailed."""


def scaled(*last: object) -> "Pipeline":
    """Return a scikit-learn pipeline of the scaling, and of the estimator that `last` may name."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        FunctionTransformer(np.clip, kw_args={"a_min": -CLIP, "a_max": CLIP}),
        *last,
    )
