"""Digests are sent at most once, whatever receivers, runs and crashes do."""

import logging
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from io import StringIO
from json import loads
from typing import Any

import pytest
from sqlalchemy import select

from features.errors import UsageError
from serving.digest import Digest, make_digests
from serving.digest_send import Delivery, send_digests
from serving.notify import Notifier, NotSentError, read_channels
from serving.schema_acting import messages

SECRET = "a-long-secret-token"


def run(book: Any, send: Any) -> dict[str, Delivery]:
    made = list(make_digests(book.engine, book.at))
    return {each.recipient: each for each in send_digests(book.engine, book.at, send, made)}


def outcomes(deliveries: dict[str, Delivery]) -> dict[str, str]:
    return {recipient: each.outcome for recipient, each in deliveries.items()}


def stored(book: Any, recipient: str = "Owner 01") -> Any:
    with book.engine.connect() as connection:
        return connection.execute(select(messages).where(messages.c.recipient == recipient)).one()


def refuse(_digest: Digest) -> None:
    raise NotSentError("the door is shut")


ALL = dict.fromkeys(("Owner 01", "Owner 02", "managers"))


def test_the_same_digest_is_sent_once_and_stands_as_it_was_sent(book: Any) -> None:
    book.publish()
    taken: list[Digest] = []
    assert outcomes(run(book, taken.append)) == ALL | dict.fromkeys(ALL, "sent")
    assert outcomes(run(book, taken.append)) == dict.fromkeys(ALL, "sent before")
    assert len(taken) == 3
    row = stored(book)
    assert (row.key, row.kind, row.sent_at, row.error) == ("digest:2026-09-07:Owner 01", "digest", book.at, None)
    assert (row.subject, row.text, row.html) == (taken[0].subject, taken[0].text, taken[0].html)


@pytest.mark.parametrize("kind", ["database", "postgres_database"])
def test_of_runs_at_once_one_sends(book: Any, kind: str, request: pytest.FixtureRequest) -> None:
    book.engine = request.getfixturevalue(kind)
    book.publish()
    made = list(make_digests(book.engine, book.at))
    for send, expected in ((refuse, "failed"), (lambda _digest: None, "sent")):
        taken: Counter[str] = Counter()
        start = threading.Barrier(6)

        def once(digest: Digest, send: Any = send, taken: Counter[str] = taken) -> None:
            taken[digest.recipient] += 1
            time.sleep(0.05)
            send(digest)

        def together(start: threading.Barrier = start, once: Any = once) -> list[Delivery]:
            start.wait()
            return send_digests(book.engine, book.at, once, made)

        with ThreadPoolExecutor(6) as pool:
            runs = [each.result() for each in [pool.submit(together) for _ in range(6)]]
        said = Counter(each.outcome for deliveries in runs for each in deliveries)
        if expected == "sent":
            assert taken == dict.fromkeys(ALL, 1)
            assert said["sent"] == 3
        assert stored(book).error == (None if expected == "sent" else "the door is shut")


def test_a_failing_receiver_fails_nobody_else_and_gets_it_from_the_next_run(book: Any) -> None:
    book.publish()

    def partly(digest: Digest) -> None:
        if digest.recipient == "Owner 01":
            refuse(digest)

    assert outcomes(run(book, partly)) == {"Owner 01": "failed", "Owner 02": "sent", "managers": "sent"}
    assert (stored(book).sent_at, stored(book).error) == (None, "the door is shut")
    book.say("A00001", next_action="Call", next_due=book.at.date())
    taken: list[Digest] = []
    assert outcomes(run(book, taken.append))["Owner 01"] == "sent"
    assert [each.recipient for each in taken] == ["Owner 01"]
    assert "Next: Call" in stored(book).text
    assert stored(book).error is None


def test_a_run_that_ends_while_sending_leaves_a_digest_that_is_never_sent_again(book: Any) -> None:
    book.publish()

    def pull_the_plug(_digest: Digest) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(book, pull_the_plug)
    taken: list[Digest] = []
    assert outcomes(run(book, taken.append)) == {"Owner 01": "in doubt", "Owner 02": "sent", "managers": "sent"}
    assert "Owner 01" not in {each.recipient for each in taken}


def test_what_nobody_can_explain_is_in_doubt_and_not_sent_again(book: Any) -> None:
    book.publish()
    taken: list[Digest] = []

    def stumble(digest: Digest) -> None:
        taken.append(digest)
        raise ValueError("after it was sent, perhaps")

    assert set(outcomes(run(book, stumble)).values()) == {"in doubt"}
    assert run(book, stumble)["Owner 01"].error == "after it was sent, perhaps"
    assert len(taken) == 3


def test_an_owner_with_an_endless_name_gets_theirs(book: Any, postgres_database: Any) -> None:
    book.engine = postgres_database

    def change(rows: Any) -> None:
        rows["owner"] = "Ä" * 40_000

    book.publish(change)
    assert set(outcomes(run(book, lambda _digest: None)).values()) == {"sent"}
    assert set(outcomes(run(book, refuse)).values()) == {"sent before"}


def test_an_http_receiver_gets_plain_text(book: Any, http: Any) -> None:
    book.publish()
    notifier = Notifier({"*": [http.address]}, others=frozenset({"managers"}))
    assert not notifier.reaches("managers")
    made = [each for each in make_digests(book.engine, book.at) if notifier.reaches(each.recipient)]
    assert [each.outcome for each in send_digests(book.engine, book.at, notifier, made)] == ["sent", "sent"]
    first = loads(http.got[0])
    assert (first["title"], first["message"].strip()) == (made[0].subject, made[0].text.strip())


def test_a_name_calls_nobody_in_a_chat(book: Any, http: Any, smtp: Any) -> None:
    def change(rows: Any) -> None:
        rows["name"] = "<!channel> @everyone a@example.com"

    book.publish(change)
    digest = next(make_digests(book.engine, book.at))
    Notifier({"Owner 01": [http.address, smtp.address]})(digest)
    said = loads(http.got[0])["message"]
    assert "<\u2060!channel> @\u2060everyone a@example.com" in said
    assert "<!channel" not in said
    (mail,) = [message_from_bytes(body, policy=policy.default) for body in smtp.got]
    assert "&lt;!channel&gt; @everyone" in str(mail.get_body(("html",)).get_content())  # type: ignore[union-attr]


def test_a_mail_server_gets_html_with_plain_text_beside_it(book: Any, smtp: Any) -> None:
    book.publish()
    digest = next(make_digests(book.engine, book.at, "https://churn.example.com"))
    assert Notifier({"Owner 01": [smtp.address]})(digest) is None
    (mail,) = [message_from_bytes(body, policy=policy.default) for body in smtp.got]
    assert mail["Subject"] == digest.subject
    html = mail.get_body(("html",))
    plain = mail.get_body(("plain",))
    assert html is not None
    assert plain is not None
    assert html.get_content().replace("\r\n", "\n").strip() == digest.html.strip()
    words = plain.get_content()
    assert "Work these first" in words
    assert "https://churn.example.com" in words
    assert "prefers-color-scheme" not in words


def test_an_http_failure_is_said_without_the_address(book: Any, http: Any, capfd: Any) -> None:
    book.publish()
    http.status = 403
    found = run(book, Notifier({"*": [http.address]}))
    assert set(outcomes(found).values()) == {"failed"}
    said = f"{found} {stored(book).error}"
    assert "JSON: Failed to send JSON POST notification" in said
    assert SECRET not in said
    assert capfd.readouterr().err == ""
    http.status = 200
    assert set(outcomes(run(book, Notifier({"*": [http.address]}))).values()) == {"sent"}


def test_a_receiver_that_may_have_it_all_the_same_is_not_sent_it_again(book: Any, http: Any) -> None:
    book.publish()
    http.status = 504
    assert set(outcomes(run(book, Notifier({"*": [http.address]}))).values()) == {"in doubt"}
    http.status = 200
    assert "sent" not in outcomes(run(book, Notifier({"*": [http.address]}))).values()


def test_a_closed_door_fails_at_once(book: Any, http: Any) -> None:
    book.publish()
    shut = f"json://127.0.0.1:1/{SECRET}"
    found = run(book, Notifier({"Owner 01": [shut], "*": [http.address]}))
    assert outcomes(found) == {"Owner 01": "failed", "Owner 02": "sent", "managers": "sent"}
    assert SECRET not in str(found)


def test_a_receiver_that_does_not_answer_is_left_alone_and_in_doubt(book: Any, http: Any, other_http: Any) -> None:
    book.publish()
    http.hangs = threading.Event()
    notifier = Notifier({"Owner 01": [http.address], "*": [other_http.address]}, seconds=0.5)
    began = time.monotonic()
    found = run(book, notifier)
    assert time.monotonic() - began < 5
    assert outcomes(found) == {"Owner 01": "in doubt", "Owner 02": "sent", "managers": "sent"}
    assert found["Owner 01"].error == "JSON: no answer within 0.5 s"
    assert outcomes(run(book, notifier))["Owner 01"] == "in doubt"
    assert len(http.got) == 1


def test_one_of_two_addresses_is_enough_and_the_other_is_named(book: Any, http: Any) -> None:
    book.publish()
    notifier = Notifier({"*": [http.address, "json://127.0.0.1:1"]})
    found = run(book, notifier)["Owner 01"]
    assert found.outcome == "sent"
    assert found.error is not None
    assert found.error.startswith("JSON: A Connection error")
    assert outcomes(run(book, notifier)) == dict.fromkeys(ALL, "sent before")
    assert len(http.got) == 3


def test_addresses_stand_on_lines_or_between_commas() -> None:
    one = "Ana Lind=mailto://u:p=1@h?to=a@x.example,b@x.example,*=json://h/a,b"
    assert read_channels(one) == {
        "Ana Lind": ["mailto://u:p=1@h?to=a@x.example,b@x.example"],
        "*": ["json://h/a,b"],
    }
    assert read_channels("Lind, Ana=json://h\n\n Lind, Ana = json://i\n") == {"Lind, Ana": ["json://h", "json://i"]}
    assert read_channels(" ") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"json://{SECRET}", "entry 1 is not NAME=ADDRESS"),
        (f"Ana=json://h\nBo={SECRET}", "entry 2 is not NAME=ADDRESS"),
        (f"Ana=nosuch://{SECRET}", "the nosuch address for 'Ana' is none that Apprise understands"),
        (f"Ana=slack://{SECRET}", "the slack address for 'Ana'"),
    ],
)
def test_a_wrong_address_is_refused_before_anything_is_sent_and_not_repeated(text: str, said: str) -> None:
    logged = StringIO()
    handler, log = logging.StreamHandler(logged), logging.getLogger("apprise")
    log.propagate = True
    logging.getLogger().addHandler(handler)
    try:
        with pytest.raises(UsageError, match=said) as refused:
            Notifier(read_channels(text))
    finally:
        logging.getLogger().removeHandler(handler)
    assert SECRET not in str(refused.value) + logged.getvalue()
