"""The kinds of model, one file each: a file in this folder is a kind by the file's name, without a list to stand in.

Such a file has `TITLE`, words for reports, and `model(settings)`, which returns the model; it loads heavy packages
inside its functions.
"""

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from features.errors import UsageError

if TYPE_CHECKING:
    from models.protocol import Model
    from models.settings import TrainSettings

HERE = __name__
BASELINES = ("logistic", "renewal_calendar", "last_login", "health_score")
"""What a model has to beat, in the order of reports."""


class Kind(Protocol):
    """What a file in this folder offers."""

    TITLE: str

    def model(self, settings: "TrainSettings") -> "Model":
        """Return the model with these settings, named as its file."""
        ...


def names(package: str = HERE) -> tuple[str, ...]:
    """Return the name of every kind in the package's folder, in alphabetical order; loads none of them."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(import_module(package).__path__)))


def make(name: str, settings: "TrainSettings", package: str = HERE) -> "Model":
    """Return the model of this kind; raises UsageError for an unknown name."""
    known = names(package)
    if name not in known:
        raise UsageError(f"no model is called {name}; the known ones are {', '.join(known)}{_near(name, known)}")
    return _kind(name, package).model(settings)


def title(name: str, package: str = HERE) -> str:
    """Return a kind's name in words; the name itself, spaced, for one whose file is gone but whose figures are kept."""
    if name in names(package):
        return _kind(name, package).TITLE
    return name.replace("_", " ").capitalize()


def _kind(name: str, package: str) -> Kind:
    return cast(Kind, import_module(f"{package}.{name}"))


def _near(name: str, known: tuple[str, ...]) -> str:
    from features.sources.mapping import nearest

    return nearest(name, known)
