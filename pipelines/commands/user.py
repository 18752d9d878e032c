"""forewarn user: who may sign in, as what, and whose accounts they see."""

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipelines.console import emit, emit_json, find_settings, note, table

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from serving.people import Person

HELP = "add, show, change or end people who may sign in"
EXAMPLE = "forewarn user add ana --role csm --owner 'Ana Lind' --generate"
ROLES = ("csm", "manager", "admin")
BY = "forewarn user"
"""Who the audit says did it: whoever could run the command."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of each verb."""
    verbs = parser.add_subparsers(
        dest="verb", metavar="VERB", required=True, parser_class=type(parser), help="add, list, change or end"
    )
    add = _verb(verbs, parser, "add", "add a person; asks for a password unless told otherwise", add_one)
    add.add_argument("--role", choices=ROLES, required=True, help="csm sees one owner's accounts; the others see all")
    add.add_argument("--replace", action="store_true", help="change the person if they exist already")
    _about(add)
    change = _verb(
        verbs, parser, "change", "change what is given; a new role, owner or password signs the person out", change_one
    )
    change.add_argument("--role", choices=ROLES, help="csm sees one owner's accounts; the others see all")
    change.add_argument("--reactivate", action="store_true", help="let a person back in who was ended")
    _about(change).add_argument("--password", action="store_true", help="ask for a new password")
    _verb(verbs, parser, "end", "sign a person out and let them in no more; what they said stays", end_one)
    listed = _verb(verbs, parser, "list", "show everybody", list_all, named=False)
    listed.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> None:
    """Do what the verb says."""
    from serving.store import open_database

    settings, _ = find_settings(args.config)
    args.act(open_database(settings.database_url), args)


def add_one(engine: "Engine", args: argparse.Namespace) -> None:
    """Add a person, or with --replace change the one there is."""
    from serving.people import add_person, change_person, find_person

    password = None if args.no_password else _password(args)
    given: dict[str, Any] = {"owner": args.owner, "zone": args.zone, "password": password, "at": _now(), "by": BY}
    with engine.connect() as connection:
        known = find_person(connection, args.name) is not None
    if known and args.replace:
        person = change_person(engine, args.name, role=args.role, active=True, **given)
    else:
        person = add_person(engine, args.name, args.role, **given)
    _tell(person, "changed" if known else "added", password if args.generate else None)


def change_one(engine: "Engine", args: argparse.Namespace) -> None:
    """Change what is given of a person."""
    from features.errors import UsageError
    from serving.people import change_person

    new = args.generate or args.password_stdin or args.password
    if not (new or args.role or args.owner or args.zone or args.reactivate):
        raise UsageError("nothing to change: give --role, --owner, --zone, --reactivate or a new password")
    password = _password(args) if new else None
    person = change_person(
        engine, args.name, role=args.role, owner=args.owner, zone=args.zone, password=password,
        active=True if args.reactivate else None, at=_now(), by=BY,
    )  # fmt: skip
    _tell(person, "changed", password if args.generate else None)


def end_one(engine: "Engine", args: argparse.Namespace) -> None:
    """End a person."""
    from serving.people import change_person

    _tell(change_person(engine, args.name, active=False, at=_now(), by=BY), "ended", None)


def list_all(engine: "Engine", args: argparse.Namespace) -> None:
    """Show everybody."""
    from serving.people import people

    everybody = people(engine)
    if args.json:
        emit_json([_shown(person) for person in everybody])
        return
    rows = [
        (each.name, each.role, each.owner or "–", each.zone or "–", "yes" if each.active else "ended")
        for each in everybody
    ]
    emit(table(("name", "role", "owner", "time zone", "may sign in"), rows))


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    parser: argparse.ArgumentParser,
    name: str,
    says: str,
    act: Callable[["Engine", argparse.Namespace], None],
    *,
    named: bool = True,
) -> argparse.ArgumentParser:
    made = verbs.add_parser(name, help=says, description=f"{says[0].upper()}{says[1:]}.")
    made.formatter_class = parser.formatter_class
    made.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help="settings file")
    if named:
        made.add_argument("name", metavar="NAME", help="the name to sign in with")
    made.set_defaults(act=act)
    return made


def _about(parser: argparse.ArgumentParser) -> "argparse._MutuallyExclusiveGroup":
    parser.add_argument("--owner", metavar="NAME", help="the owner whose accounts a csm sees, as the list writes it")
    parser.add_argument("--zone", metavar="ZONE", help="time zone they read times in, such as Europe/Berlin")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--generate", action="store_true", help="make a password and print it, this once")
    how.add_argument("--password-stdin", action="store_true", help="read the password from the first line of stdin")
    if parser.get_default("act") is add_one:
        how.add_argument("--no-password", action="store_true", help="they sign in through the trusted proxy only")
    return how


def _password(args: argparse.Namespace) -> str:
    from getpass import getpass
    from secrets import token_urlsafe

    from features.errors import UsageError

    if args.generate:
        return token_urlsafe(15)
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageError("nobody is here to type a password: give --generate or --password-stdin")
    first = getpass(f"Password for {args.name}: ")
    if getpass("Once more: ") != first:
        raise UsageError("the two passwords differ; nothing was changed")
    return first


def _tell(person: "Person", what: str, generated: str | None) -> None:
    sees = f"the accounts of {person.owner}" if person.role == "csm" else "all accounts"
    note(f"{person.name} was {what}: {person.role}" + (f", sees {sees}." if person.active else ", may not sign in."))
    if generated is not None:
        note("Their password, shown only now:")
        emit(generated)


def _shown(person: "Person") -> dict[str, object]:
    return {name: getattr(person, name) for name in ("name", "role", "owner", "zone", "active")}


def _now() -> Any:  # noqa: ANN401  a datetime, which is imported late
    from datetime import UTC, datetime

    return datetime.now(UTC).replace(tzinfo=None)
