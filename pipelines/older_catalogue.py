"""A champion of an earlier catalogue goes on, as long as its own features still say the same."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from features.errors import ContractError
from pipelines.champion import Champion
from pipelines.intake import kept_snapshots, snapshot

if TYPE_CHECKING:
    import pandas as pd

    from features.book import Book
    from features.snapshot import Snapshot
    from pipelines.settings import Settings

WAY_OUT = "train again (forewarn train), or put the old definition back"


def for_champion(
    book: "Book", taken: "Snapshot", champion: Champion, columns: Sequence[str], settings: "Settings"
) -> "Snapshot":
    """Return the snapshot as the champion reads it: as it is, or, under another catalogue, only its own features.

    A feature that was added since stops no champion; one that is gone or computed otherwise does, with a ContractError.
    The kept snapshot of the champion's own week is the proof: today's code must say the same of that week.
    """
    if taken.catalogue_digest == champion.catalogue_digest:
        return taken
    if why_not := features_changed(book, taken, champion, columns, settings):
        raise ContractError(
            f"champion {champion.id} was made with catalogue {champion.catalogue_digest}, but this run has "
            f"{taken.catalogue_digest}: {why_not}: {WAY_OUT}"
        )
    own, wanted = {each.name: each for each in taken.features}, set(columns)
    facts = [name for name in taken.facts.columns if str(name).partition(".")[0] in wanted]
    return replace(
        taken,
        frame=taken.frame[list(columns)],
        facts=taken.facts[facts],
        features=tuple(own[name] for name in columns),
        catalogue_digest=champion.catalogue_digest,
    )


def features_changed(
    book: "Book", taken: "Snapshot", champion: Champion, columns: Sequence[str], settings: "Settings"
) -> str:
    """Say which of the champion's features is gone or says something else of its week; nothing when none does."""
    if taken.catalogue_digest == champion.catalogue_digest:
        return ""
    gone = [name for name in columns if name not in taken.frame]
    if gone:
        return f"{len(gone)} of its features are not computed any more (for example {gone[0]})"
    then = kept_snapshots(settings).kept(champion.catalogue_digest, champion.outcome_digest, champion.known_by)
    if then is None:
        return f"its snapshot of {champion.known_by} is not kept to compare with"
    now = snapshot(book, [champion.known_by], settings).value.frame.droplevel("as_of")
    return _unlike(then, now, columns)


def _unlike(then: "pd.DataFrame", now: "pd.DataFrame", columns: Sequence[str]) -> str:
    import numpy as np

    both = then.index.intersection(now.index)
    if len(both) < len(then):
        return f"{len(then) - len(both):,} accounts of its week are not in the cohort any more"
    for name in columns:
        one, two = (frame.loc[both, name].to_numpy(dtype=float) for frame in (then, now))
        unlike = ~((one == two) | (np.isnan(one) & np.isnan(two)))
        if unlike.any():
            example = both[int(unlike.argmax())]
            return f"{name} says something else of {int(unlike.sum()):,} accounts of its week (for example {example})"
    return ""
