"""forewarn serve: the application in which people read the list and act on it."""

import argparse
import socket
from collections.abc import Callable
from datetime import date, datetime

from features.errors import UsageError
from pipelines.console import find_settings, note

HELP = "serve the list as a web application and an API until it is stopped"
EXAMPLE = "forewarn serve --port 8700"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--host", metavar="ADDRESS", help="address to listen on ([web] host)")
    parser.add_argument("--port", type=_port, metavar="N", help="port to listen on ([web] port)")


def run(args: argparse.Namespace) -> None:
    """Open the database, make the application and answer requests."""
    import uvicorn

    from serving.people import people
    from serving.store import open_database
    from serving.web.app import create_app

    settings, path = find_settings(args.config)
    web = settings.web.model_copy(update={"timezone": settings.web.timezone or settings.schedule.timezone})
    host, port = args.host or web.host, args.port or web.port
    engine = open_database(settings.database_url)
    if not any(person.active for person in people(engine)):
        note(f"Nobody may sign in yet: forewarn user add NAME --role manager --config {path}")
    # Peers are who they are: the trusted proxy is told by its own address, never by a header that anybody can send.
    app = create_app(engine, web, clock_of(settings.calendar.as_of))
    config = uvicorn.Config(app, proxy_headers=False, server_header=False, log_level="warning")
    with _listening(host, port) as listener:
        note(f"Forewarn answers on {web.address or f'http://{host}:{port}'} (Ctrl-C stops it).")
        uvicorn.Server(config).run(sockets=[listener])


def clock_of(as_of: date | None) -> Callable[[], datetime]:
    """Return the application's clock; for a book that ends at a fixed as-of date it starts on that day and goes on."""
    from serving.web.app import utc_now

    if as_of is None:
        return utc_now
    back = utc_now().date() - as_of
    return lambda: utc_now() - back


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raises UsageError when the address is taken or not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2_048)
    except OSError as error:
        way_out = "stop what listens there, or choose another with --port or [web] port"
        raise UsageError(f"{host} port {port} cannot be listened on: {error.strerror}; {way_out}") from error


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:6]) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1 to 65535")
    return int(text)
