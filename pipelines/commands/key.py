"""forewarn key: keys with which programs read the API for a person."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipelines.console import emit, emit_json, find_settings, note, positive, table

if TYPE_CHECKING:
    from sqlalchemy import Engine

HELP = "make, show or take back keys with which programs use the API"
EXAMPLE = "forewarn key add ana --title 'CRM sync' --scope lists feedback --days 90"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of each verb."""
    verbs = parser.add_subparsers(
        dest="verb", metavar="VERB", required=True, parser_class=type(parser), help="add, list or revoke"
    )
    add = _verb(verbs, parser, "add", "make a key of a person and print it, this once", add_one)
    add.add_argument("person", metavar="PERSON", help="whose key: it may do no more than they")
    add.add_argument("--title", required=True, metavar="TEXT", help="what it is for")
    add.add_argument(
        "--scope",
        required=True,
        nargs="+",
        action="extend",
        metavar="SCOPE",
        help="lists, feedback, runs (one or more)",
    )
    add.add_argument("--days", type=positive, default=365, metavar="N", help="days until it ends (365)")
    listed = _verb(verbs, parser, "list", "show the keys, never whole", list_all)
    listed.add_argument("--person", metavar="NAME", help="this person's only")
    listed.add_argument("--json", action="store_true", help="print JSON")
    revoke = _verb(verbs, parser, "revoke", "take a key back, at once and for good", revoke_one)
    revoke.add_argument("id", type=positive, metavar="ID", help="its number, as `forewarn key list` shows it")


def run(args: argparse.Namespace) -> None:
    """Do what the verb says."""
    from serving.store import open_database

    settings, _ = find_settings(args.config)
    args.act(open_database(settings.database_url), args)


def add_one(engine: "Engine", args: argparse.Namespace) -> None:
    """Make a key and print it."""
    from features.errors import UsageError
    from serving.api_keys import add_key
    from serving.people import require_person

    with engine.connect() as connection:
        person = require_person(connection, args.person)
    if not person.active:
        raise UsageError(f"{person.name} may not sign in, so a key of theirs would open nothing")
    key = add_key(engine, person, args.title, args.scope, at=_now(), days=args.days)
    note(f"A key of {person.name} for {args.days:,} days, shown only now:")
    emit(key)


def list_all(engine: "Engine", args: argparse.Namespace) -> None:
    """Show the keys."""
    from serving.api_keys import keys
    from serving.people import require_person

    with engine.connect() as connection:
        owner = None if args.person is None else require_person(connection, args.person).id
        found = keys(connection, owner)
    if args.json:
        emit_json([{name: _plain(value) for name, value in vars(key).items()} for key in found])
        return
    rows = [
        (str(key.id), f"{key.start}…", key.person, key.title, " ".join(key.scopes), _day(key.used_on), _standing(key))
        for key in found
    ]
    emit(table(("id", "key", "person", "for", "scopes", "last used", "standing"), rows, frozenset({0})))


def revoke_one(engine: "Engine", args: argparse.Namespace) -> None:
    """Take a key back."""
    from serving.api_keys import revoke_key

    revoke_key(engine, args.id, at=_now())
    note(f"Key {args.id} opens nothing any more.")


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    parser: argparse.ArgumentParser,
    name: str,
    says: str,
    act: Callable[["Engine", argparse.Namespace], None],
) -> argparse.ArgumentParser:
    made = verbs.add_parser(name, help=says, description=f"{says[0].upper()}{says[1:]}.")
    made.formatter_class = parser.formatter_class
    made.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help="settings file")
    made.set_defaults(act=act)
    return made


def _standing(key: Any) -> str:  # noqa: ANN401  an ApiKey, whose module is imported late
    if key.revoked_at is not None:
        return f"taken back {_day(key.revoked_at)}"
    if key.expires_at is None:
        return "valid"
    return f"{'ended' if key.expires_at <= _now() else 'valid until'} {_day(key.expires_at)}"


def _plain(value: Any) -> Any:  # noqa: ANN401  a field of an ApiKey
    return f"{value.isoformat(timespec='seconds')}Z" if hasattr(value, "isoformat") else value


def _day(at: Any) -> str:  # noqa: ANN401  a datetime or None
    return "–" if at is None else at.date().isoformat()


def _now() -> Any:  # noqa: ANN401  a datetime, which is imported late
    from datetime import UTC, datetime

    return datetime.now(UTC).replace(tzinfo=None)
