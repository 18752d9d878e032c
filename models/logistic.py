"""The logistic baseline under its former address."""

from models.kinds.logistic import FittedLogistic, LogisticModel

__all__ = ["FittedLogistic", "LogisticModel"]
