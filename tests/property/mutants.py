"""Planted faults: one line of the engine at a time is replaced, as somebody might get it wrong."""

import inspect
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import pytest

from features.catalogue import catalogue


@dataclass(frozen=True)
class Mutant:
    """A fault to plant: in `where` (module:name) the text `old` becomes `new`; `leaks` if it lets the future in."""

    name: str
    where: str
    old: str
    new: str
    leaks: bool = False
    crowd: bool = False
    """Whether it takes a crowd of accounts to show."""
    also: "Mutant | None" = None
    """A second line that the fault needs."""

    @property
    def makes_books(self) -> bool:
        """Whether it shows where a book is made, not where it is read."""
        return self.where.startswith(("features.repeats", "features.sources"))

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        """Replace the function; fails when its source no longer holds the text."""
        module_name, _, path = self.where.partition(":")
        module = import_module(module_name)
        *outer, name = path.split(".")
        owner: Any = module
        for each in outer:
            owner = getattr(owner, each)
        found = inspect.getattr_static(owner, name)
        source = textwrap.dedent(inspect.getsource(_function(found)))
        if source.count(self.old) != 1:
            raise LookupError(f"{self.name}: {self.where} holds {self.old!r} {source.count(self.old)} times, not once")
        declared = [each for each in catalogue() if each.compute is found]
        if declared:
            source = source[source.index("def " + name) :]
        made: dict[str, Any] = {}
        exec(source.replace(self.old, self.new), vars(module), made)
        if isinstance(made[name], cached_property):
            made[name].__set_name__(owner, name)
        if declared:
            patch.setitem(vars(declared[0]), "compute", made[name])
        elif outer:
            patch.setattr(owner, name, made[name])
        else:
            _replace_everywhere(patch, name, found, made[name])
        if self.also:
            self.also.plant(patch)


def _function(found: Any) -> Callable[..., Any]:
    """Return the function inside a property or class method; a declared feature stays what it is."""
    if isinstance(found, property):
        return found.fget  # type: ignore[return-value]
    made: Callable[..., Any] = getattr(found, "func", None) or getattr(found, "__func__", found)
    return made


def _replace_everywhere(patch: pytest.MonkeyPatch, name: str, old: Callable[..., Any], new: Callable[..., Any]) -> None:
    for module in [each for key, each in sys.modules.items() if key == "tests.books" or key.startswith("features.")]:
        if getattr(module, name, None) is old:
            patch.setattr(module, name, new)
