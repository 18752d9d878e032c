"""Steps as Prefect tasks: the same plain functions, seen in Prefect's UI and tried again where that can help."""

from collections.abc import Callable
from typing import Any, TypeVar

from features.errors import ForewarnError
from pipelines.journal import Done, Journal
from pipelines.quiet import quiet

quiet()

from prefect import task  # noqa: E402  telemetry must be off first
from prefect.cache_policies import NO_CACHE  # noqa: E402
from prefect.client.schemas.objects import State  # noqa: E402
from prefect.states import Failed  # noqa: E402

T = TypeVar("T")

RETRIES = {"check": 2, "register": 2}
"""Steps that read sources or call the tracking server; the others fail for good reasons only."""

RETRY_SECONDS = 5.0


class _Sealed:
    """Carries arguments past Prefect, which would otherwise walk through every object in them."""

    def __init__(self, content: tuple[object, ...]) -> None:
        self.content = content


class TaskJournal(Journal):
    """A journal whose steps are Prefect tasks."""

    def call(self, name: str, step: Callable[..., Done[T]], args: tuple[object, ...]) -> Done[T]:
        """Run the step as a task; its own exception comes out, without Prefect's traceback."""
        raised: list[Exception] = []

        def attempt(sealed: _Sealed) -> Any:  # noqa: ANN401  Prefect passes through what comes
            try:
                return _Sealed((step(*sealed.content),))
            except Exception as error:  # noqa: BLE001  raised again below, after Prefect has noted it
                raised.append(error)
                return Failed(message=f"{type(error).__name__}: {error}")

        def worth_another_try(*_: object) -> bool:
            if isinstance(raised[-1], ForewarnError) or len(raised) > RETRIES.get(name, 0):
                return False
            self.say(f"  {name} failed ({raised[-1]}); trying again in {RETRY_SECONDS:.0f} s")
            return True

        run = task(
            name=name,
            task_run_name=name,
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=RETRIES.get(name, 0),
            retry_delay_seconds=RETRY_SECONDS,
            retry_condition_fn=worth_another_try,
        )(attempt)
        came: Any = run(_Sealed(args))
        if isinstance(came, State):
            raise raised[-1]
        done: Done[T] = came.content[0]
        return done
