"""A flow with a step that works at the second try and one whose data break the contract; prints what happened."""

import sys

from features.errors import ContractError
from pipelines import tasks
from pipelines.journal import Done

tasks.RETRY_SECONDS = 0.1
calls = {"check": 0, "train": 0, "score": 0}


def flaky() -> Done[str]:
    calls["check"] += 1
    if calls["check"] == 1:
        raise OSError("the disk was busy")
    return Done("read", 1)


def contrary() -> Done[str]:
    calls["train"] += 1
    raise ContractError("usage: no rows")


def broken() -> Done[str]:
    calls["score"] += 1
    raise ZeroDivisionError("division by zero")


def main() -> None:
    from prefect import flow

    @flow(name="retries")
    def run() -> None:
        journal = tasks.TaskJournal()
        assert journal.do("check", flaky) == "read"
        for name, step, kind in (("train", contrary, ContractError), ("score", broken, ZeroDivisionError)):
            try:
                journal.do(name, step)
            except kind as error:
                sys.stdout.write(f"{type(error).__name__} ")

    run()
    sys.stdout.write(str(calls) + "\n")


if __name__ == "__main__":
    main()
