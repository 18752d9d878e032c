"""forewarn digest: what is news on the current list, per owner and for managers, printed or sent."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.console import emit, emit_json, find_settings, note

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from pipelines.settings import Settings
    from serving.digest import Digest
    from serving.digest_send import Delivery

HELP = "print the weekly digest of each owner and of the whole book, or send them"
EXAMPLE = "forewarn digest --owner 'Ana Lind' --html digest.html"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--owner", metavar="NAME", help="this owner's digest only; 'managers' is the whole book's")
    parser.add_argument("--json", action="store_true", help="print JSON")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--html", type=Path, metavar="FILE", help="write one digest as HTML (the managers' by default)")
    shape.add_argument("--send", action="store_true", help="send what was not sent yet to $FOREWARN_NOTIFY")


def run(args: argparse.Namespace) -> None:
    """Make the digests and print, write or send them."""
    from datetime import UTC, datetime

    from serving.digest import MANAGERS
    from serving.store import open_database

    settings, _ = find_settings(args.config)
    engine = open_database(settings.database_url)
    at = datetime.now(UTC).replace(tzinfo=None)
    if args.send:
        _send(engine, settings, args.owner, at, args.json)
        return
    owner = MANAGERS if args.html and args.owner is None else args.owner
    digests = _made(engine, settings, owner, at)
    if args.html:
        _write(args.html, digests, owner)
    if args.json:
        emit_json([digest.to_json() for digest in digests])
    elif not args.html:
        _print(engine, digests)


def _made(engine: "Engine", settings: "Settings", owner: str | None, at: "datetime") -> "list[Digest]":
    from datetime import datetime, time

    from serving.digest import MANAGERS, make_digest, make_digests

    if settings.calendar.as_of is not None:
        # In a book that no longer grows, today is its as-of date: every deadline would have passed otherwise.
        at = datetime.combine(settings.calendar.as_of, time())
    link, plays, capacity = settings.web.address or None, settings.web.plays, settings.web.capacity_per_owner
    if owner is None:
        return list(make_digests(engine, at, link, plays, capacity))
    found = make_digest(engine, None if owner == MANAGERS else owner, at, link, plays, capacity)
    return [] if found is None else [found]


def _print(engine: "Engine", digests: "list[Digest]") -> None:
    from serving.messages import standing_of

    with engine.connect() as connection:
        for digest in digests:
            standing, _ = standing_of(connection, digest.key)
            emit(f"To: {digest.recipient}{'' if standing == 'new' else f' ({standing})'}")
            emit(f"Subject: {digest.subject}\n\n{digest.text}")
    note("Nothing is news: no digest." if not digests else f"{_digests(len(digests))}; --send sends what is not sent.")


def _write(path: Path, digests: "list[Digest]", owner: str) -> None:
    from pipelines.state import write_text

    if not digests:
        note(f"Nothing is news for {owner}: {path} is not written.")
        return
    write_text(path, digests[0].html)
    note(f"Wrote the digest of {owner} to {path}.")


def _send(engine: "Engine", settings: "Settings", owner: str | None, at: "datetime", as_json: bool) -> None:
    from features.errors import UsageError
    from serving.digest import MANAGERS
    from serving.digest_send import send_digests
    from serving.notify import VARIABLE, Notifier, read_channels

    channels = read_channels(os.environ.get(VARIABLE, ""))
    if not channels:
        raise UsageError(
            f"nowhere to send digests to: set {VARIABLE} to lines of NAME=ADDRESS, an owner's name (* for every other "
            f"owner, {MANAGERS} for the whole book) and an Apprise address such as mailto://…"
        )
    notifier = Notifier(channels, others=frozenset({MANAGERS}))
    digests = _made(engine, settings, owner, at)
    reached = [digest for digest in digests if notifier.reaches(digest.recipient)]
    _tell(send_digests(engine, at, notifier, reached), len(digests) - len(reached), as_json)


def _tell(deliveries: "list[Delivery]", unreached: int, as_json: bool) -> None:
    """Say what became of the digests; raises NotSentError when there were some to send and all failed."""
    from serving.notify import NotSentError

    if as_json:
        emit_json([delivery.to_json() for delivery in deliveries])
    for delivery in deliveries:
        if delivery.error is not None or not as_json:
            note(f"{delivery.recipient}: {delivery.outcome}" + (f" ({delivery.error})" if delivery.error else ""))
    if unreached:
        note(f"{_digests(unreached)} with news and no address.")
    if not deliveries:
        note("Nothing to send.")
    elif all(delivery.outcome == "failed" for delivery in deliveries):
        raise NotSentError(f"none of {_digests(len(deliveries))} could be sent; the next run tries again")


def _digests(count: int) -> str:
    return f"{count:,} digest{'' if count == 1 else 's'}"
