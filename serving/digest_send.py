"""Sends digests, each at most once: written down before it is sent, marked after, failures left for the next run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Engine

from serving.digest import Digest
from serving.messages import claim, mark_failed, mark_in_doubt, mark_sent, standing_of
from serving.notify import NotSentError

Outcome = Literal["sent", "sent before", "failed", "in doubt"]


@dataclass(frozen=True)
class Delivery:
    """What became of one digest in this run; `error` says what did not arrive."""

    recipient: str
    outcome: Outcome
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the delivery as JSON values."""
        return {"recipient": self.recipient, "outcome": self.outcome, "error": self.error}


def send_digests(
    engine: Engine, at: datetime, send: Callable[[Digest], str | None], digests: Iterable[Digest]
) -> list[Delivery]:
    """Send each digest that no run has sent yet and return what became of them.

    `send` returns what part did not arrive and raises NotSentError when the digest surely was not sent: that one is
    tried again by the next run. Whatever else it raises leaves a digest in doubt, as does a run that ends between
    sending and marking, and what is in doubt is never sent again: at most once, rather than at least once.
    """
    return [_send_one(engine, at, send, digest) for digest in digests]


def _send_one(engine: Engine, at: datetime, send: Callable[[Digest], str | None], digest: Digest) -> Delivery:
    message_id = claim(engine, digest.message, at)
    if message_id is None:
        with engine.connect() as connection:
            standing, error = standing_of(connection, digest.key)
        return Delivery(digest.recipient, "sent before" if standing == "sent" else "in doubt", error)
    try:
        partly = send(digest)
    except NotSentError as error:
        mark_failed(engine, message_id, str(error))
        return Delivery(digest.recipient, "failed", str(error))
    except Exception as error:  # noqa: BLE001  one receiver's trouble, whatever it is, is not the others'
        said = str(error) or type(error).__name__
        mark_in_doubt(engine, message_id, said)
        return Delivery(digest.recipient, "in doubt", said)
    mark_sent(engine, message_id, at, partly)
    return Delivery(digest.recipient, "sent", partly)
