"""How steps are run: called, timed and counted, with or without Prefect around them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Done(Generic[T]):
    """What a step hands on, and how many rows it made."""

    value: T
    rows: int


@dataclass(frozen=True)
class StepTaken:
    """One line of the run's account."""

    name: str
    seconds: float
    rows: int


@dataclass
class Journal:
    """Runs steps one after the other and keeps account of them."""

    say: Callable[[str], None] = lambda text: None
    taken: list[StepTaken] = field(default_factory=list)

    def do(self, name: str, step: Callable[..., Done[T]], *args: object) -> T:
        """Run one step and return what it hands on."""
        began = time.perf_counter()
        done = self.call(name, step, args)
        seconds = time.perf_counter() - began
        self.taken.append(StepTaken(name, round(seconds, 3), done.rows))
        self.say(f"  {name:<10} {seconds:7.1f} s  {done.rows:>10,} rows")
        return done.value

    def call(self, name: str, step: Callable[..., Done[T]], args: tuple[object, ...]) -> Done[T]:
        """Call the step; a subclass may put a task around it."""
        return step(*args)

    def to_json(self) -> list[dict[str, Any]]:
        """Return name, seconds and rows per step."""
        return [{"name": s.name, "seconds": s.seconds, "rows": s.rows} for s in self.taken]
