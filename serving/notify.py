"""Sends digests through Apprise: e-mail by SMTP, Slack and whatever else has an Apprise address."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from features.errors import ForewarnError, UsageError

if TYPE_CHECKING:
    from apprise import NotifyBase

VARIABLE = "FOREWARN_NOTIFY"
EVERYBODY = "*"
SECONDS = 30.0
"""How long a receiver may take before it counts as one that may or may not have taken the message."""
SUMMONS = re.compile(r"<(?=[!@#])|@(?=(?:everyone|here|channel|all)\b)", re.IGNORECASE)
"""Where a chat would take part of an account's name for a call to everybody in the room."""
WHY = "Socket Exception: "
SECRET = re.compile(r"[^/:@?&=,;\s]{8,}")


SURELY_NOT = re.compile(
    r"error=4\d\d\b|NewConnectionError|NameResolutionError|ConnectTimeout|\[Errno (?:-\d|101|111|113)\b"
)
"""What Apprise says when a receiver never had a message: refused by it, or never reached."""


class NotSentError(ForewarnError):
    """No receiver took the message."""


class InDoubtError(ForewarnError):
    """A receiver did not answer: it may have taken the message."""


class Sendable(Protocol):
    """What can be sent."""

    @property
    def recipient(self) -> str:
        """Whom it is for."""

    @property
    def subject(self) -> str:
        """Its title."""

    @property
    def text(self) -> str:
        """Plain text, for receivers without HTML."""

    @property
    def html(self) -> str:
        """HTML, for e-mail."""


def read_channels(text: str) -> dict[str, list[str]]:
    """Return the addresses per recipient: NAME=ADDRESS, one a line, or on one line between commas.

    Raises UsageError that names the recipient and never the address, which may hold a secret.
    """
    entries = text.splitlines() if "\n" in text.strip() else re.split(r",(?=[^,=]+=\w+://)", text)
    found: dict[str, list[str]] = {}
    for number, entry in enumerate(filter(str.strip, entries), 1):
        name, sign, address = entry.strip().partition("=")
        if not sign or not re.match(r"\w+://", address.strip()):
            raise UsageError(
                f"{VARIABLE}: entry {number} is not NAME=ADDRESS with an Apprise address such as mailto://…; "
                "names with a comma need a line of their own and a second line"
            )
        found.setdefault(name.strip(), []).append(address.strip())
    return found


@dataclass
class Notifier:
    """Sends each message to its recipient's addresses, or to those of `*` for who has none."""

    channels: Mapping[str, list[str]]
    seconds: float = SECONDS
    others: frozenset[str] = frozenset()
    """Recipients whom `*` does not stand for."""
    _receivers: dict[str, _Receiver] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check every address before anything is sent."""
        for recipient, addresses in self.channels.items():
            for address in addresses:
                self._receivers[address] = _receiver(recipient, address, self.seconds)

    def reaches(self, recipient: str) -> bool:
        """Say whether there is an address for the recipient."""
        return bool(self._addresses(recipient))

    def __call__(self, message: Sendable) -> str | None:
        """Send the message and return what part of it did not arrive, or None.

        Raises NotSentError when no address took it, InDoubtError when none surely did and one did not answer.
        """
        addresses = self._addresses(message.recipient)
        answers = [self._receivers[address].take(message, self.seconds) for address in addresses]
        problems = "; ".join(problem for _, problem in answers if problem)
        if any(took for took, _ in answers):
            return problems or None
        if any(took is None for took, _ in answers):
            raise InDoubtError(problems)
        raise NotSentError(problems or f"{VARIABLE} has no address for {message.recipient}")

    def _addresses(self, recipient: str) -> list[str]:
        own = self.channels.get(recipient, [])
        return own or ([] if recipient in self.others else self.channels.get(EVERYBODY, []))


@dataclass
class _Receiver:
    address: str
    server: NotifyBase
    pause: float
    """Seconds between two messages, as the service wants it."""
    free_at: float = 0.0

    def take(self, message: Sendable, seconds: float) -> tuple[bool | None, str | None]:
        """Return whether the receiver took the message, None for nobody knows, and what went wrong."""
        time.sleep(max(0.0, self.free_at - time.monotonic()))
        heard: list[str] = []
        took: list[bool] = []
        # A thread of its own, which an answer of one byte a minute cannot outlast; it holds no process up at its end.
        work = threading.Thread(target=_deliver, args=(self.server, message, took, heard), daemon=True)
        work.start()
        work.join(seconds)
        self.free_at = time.monotonic() + self.pause
        service = str(self.server.service_name)
        if work.is_alive():
            return None, f"{service}: no answer within {seconds:g} s"
        said = "; ".join(each for each in heard if not each.startswith(WHY))
        problem = f"{service}: {_without_secrets(said, self.address) or 'refused'}"
        if took == [True]:
            return True, None
        # Of several targets some may have it; and one that hangs up after the last byte may have it too.
        unsent = took == [False] and len(self.server) == 1 and SURELY_NOT.search("; ".join(heard)) is not None
        return False if unsent else None, problem


def _receiver(recipient: str, address: str, seconds: float) -> _Receiver:
    from apprise import Apprise, NotifyFormat, OverflowMode

    with _listening([]):
        server = Apprise.instantiate(address, suppress_exceptions=True)
    if server is None:
        scheme = address.partition(":")[0]
        raise UsageError(f"{VARIABLE}: the {scheme} address for {recipient!r} is none that Apprise understands")
    # Apprise gives up sooner, and would call a message unsent that may have been read. E-mail has one limit only.
    server.socket_read_timeout = 2 * seconds
    server.socket_connect_timeout = 2 * seconds if address.startswith("mailto") else seconds / 2
    # We wait before the clock runs, where Apprise would wait while it runs.
    pause, server.request_rate_per_sec = float(server.request_rate_per_sec), 0
    if server.notify_format != NotifyFormat.HTML:
        # In Markdown an account's name would be read as marks.
        server.notify_format = NotifyFormat.TEXT
        server.overflow_mode = OverflowMode.SPLIT
    return _Receiver(address, server, pause)


def _deliver(server: NotifyBase, message: Sendable, took: list[bool], heard: list[str]) -> None:
    from apprise import NotifyFormat

    mail = server.notify_format == NotifyFormat.HTML
    body = message.html if mail else _without_summons(message.text)
    title = message.subject if mail else _without_summons(message.subject)
    try:
        with _listening(heard):
            took.append(bool(server.notify(body=body, title=title, body_format=server.notify_format)))
    except Exception as error:  # noqa: BLE001  whatever a plugin raises, the next recipient must get theirs
        heard.append(f"ended by an unexpected {type(error).__name__}")


class _Ear(logging.Handler):
    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self.heard, self.thread = heard, threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        # Of what is meant for debugging only why a connection failed: the rest holds the message and the address.
        if record.thread == self.thread and (record.levelno >= logging.WARNING or said.startswith(WHY)):
            self.heard.append(" ".join(record.getMessage().split())[:300])


@contextmanager
def _listening(heard: list[str]) -> Iterator[None]:
    """Take what Apprise says in this thread instead of letting it out, for it may hold an address."""
    log, ear = logging.getLogger("apprise"), _Ear(heard)
    log.addHandler(ear)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(ear)


def _without_summons(text: str) -> str:
    """Return the text with a joiner nobody sees where a chat would call people."""
    return SUMMONS.sub("\\g<0>\u2060", text)


def _without_secrets(text: str, address: str) -> str:
    for secret in sorted(set(SECRET.findall(address)), key=len, reverse=True):
        text = text.replace(secret, "…")
    return text
