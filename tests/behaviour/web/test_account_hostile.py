"""Names, owners, reasons, events and notes that try to be markup: they are text on every page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import product
from urllib.parse import quote

import pandas as pd
import pytest
from sqlalchemy import Engine, insert
from starlette.testclient import TestClient

from serving.acting.ledger import Action, Actor, act
from serving.publish import publish
from serving.schema_history import account_events
from tests.made_lists import AS_OF, AT, make_list

BREAKS = (
    "", '">', "'>", '" onzz9=zz9() x="', "' onzz9=zz9() x='", "</title>", "</textarea>", "</select>", "--><!-- x -->",
    "]]>", "</svg>", "{{7*7}}",
)  # fmt: skip
TAGS = (
    "<script>zz9()</script>",
    "<zz9 onzz9=zz9()>",
    "<img src=x onerror=zz9() data-zz9>",
    "<p onzz9=zz9() data-zz9>",
    "<svg><style>zz9</style><a href='javascript:zz9()'>",
)
ATTACKS = [f"{start}{tag}" for start, tag in product(BREAKS, TAGS)]
FOREIGN = {"zz9", "img", "iframe", "style", "object", "embed", "form-zz9"}


class Seen(HTMLParser):
    """Collects what a browser would take for markup of theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag in FOREIGN or (tag == "script" and not (names.get("src") or "").startswith("/static/")):
            self.bad.append(tag)
        for name, value in attrs:
            if name.startswith("on") or "zz9" in name or name == "style":
                self.bad.append(f"{tag} {name}")
            if name in ("href", "action", "src") and not (value or "").startswith(("/", "?", "#")):
                self.bad.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        self.text += data


def _seen(page: str) -> Seen:
    seen = Seen()
    seen.feed(page)
    seen.close()
    return seen


@pytest.fixture
def hostile(engine: Engine) -> Engine:
    """A newest list of sixty accounts, each with another attack in all its texts."""
    assert len(ATTACKS) == 60
    made = make_list(as_of=AS_OF + timedelta(days=7))
    attacks = pd.Series(ATTACKS, [f"A{i:05d}" for i in range(1, 61)])
    texts = attacks.reindex(made.rows.index)
    rows = made.rows.assign(name=texts, owner=texts, segment=texts, plan=texts, change_text=texts, sponsor="left")
    reasons = made.reasons.assign(text=attacks.reindex(made.reasons["account_id"]).to_numpy())
    rows["driver"] = reasons["driver"] = texts.iloc[0]
    left = pd.DataFrame(dict.fromkeys(("name", "why", "owner", "segment"), ATTACKS))
    left.insert(0, "account_id", [f"{attack} {place}" for place, attack in enumerate(ATTACKS)])
    publish(
        engine,
        replace(made, rows=rows, reasons=reasons, not_scored=left, left_out=dict(zip(ATTACKS, ATTACKS, strict=True))),
        at=AT + timedelta(days=7),
        by="tests",
    )
    with engine.begin() as connection:
        for place, (account, attack) in enumerate(attacks.items()):
            record = {"account_id": account, "on": AS_OF, "known_on": AS_OF, "text": attack, "digest": str(place)}
            connection.execute(insert(account_events), record | {"kind": "ticket" if place % 2 else attack[:16]})
    return engine


def test_sixty_attacks_are_text_on_the_page_of_an_account(hostile: Engine, mia: TestClient) -> None:
    for place, attack in enumerate(ATTACKS):
        account = f"A{place + 1:05d}"
        act(hostile, Action(account, "note", {"text": attack}), Actor(None, attack), AT)
        # What cannot be done comes back on the page of the account, with what was written.
        data = {"csrf": mia.csrf, "kind": "next", "what": attack, "due": attack[:30]}  # type: ignore[attr-defined]
        answer = mia.post(f"/accounts/{account}/actions", data=data)
        assert answer.status_code == 422
        seen = _seen(answer.text)
        assert seen.bad == [], attack
        assert attack in seen.text


def test_pages_of_many_accounts_hold_no_markup_of_theirs(hostile: Engine, mia: TestClient) -> None:
    assert hostile
    every = [{"account": ATTACKS[:40], "next": attack} for attack in ATTACKS[::9]]
    pages = [mia.get(page) for page in ("/", "/?sort=name", "/?search=zz9", "/not-scored", "/past", f"/past/{AS_OF}")]
    pages += [mia.post("/actions", data={"csrf": mia.csrf, "kind": "note", **each}) for each in every]  # type: ignore[attr-defined]
    for answer in pages:
        assert answer.status_code in (200, 404)
        assert _seen(answer.text).bad == [], answer.url


def test_accounts_with_hostile_ids_open_and_hold_no_markup(hostile: Engine, mia: TestClient) -> None:
    assert hostile
    for place in range(0, 60, 7):
        account = f"{ATTACKS[place]} {place}"
        answer = mia.get(f"/accounts/{quote(account)}")
        assert answer.status_code == 200, account
        seen = _seen(answer.text)
        assert seen.bad == []
        assert account in seen.text


def test_the_check_sees_an_attack_that_is_not_escaped() -> None:
    for attack in ATTACKS:
        assert _seen(f"<p>{attack}</p>").bad, attack
        if attack.startswith(('"', "'")):
            assert _seen(f"<p title={attack[0]}{attack}{attack[0]}>").bad, attack
