"""What a digest says, and when there is none."""

from datetime import date, timedelta
from typing import Any

import pytest

from features.errors import UsageError
from serving.digest import Digest, make_digest, make_digests
from serving.digest_send import send_digests
from serving.notify import NotSentError

LINK = "https://churn.example.com"


def digest(book: Any, owner: str | None = "Owner 01", **more: Any) -> Digest | None:
    return make_digest(book.engine, owner, book.at, **more)


def said(book: Any, owner: str | None = "Owner 01", **more: Any) -> str:
    """The text in one line of single blanks, without bullets."""
    made = digest(book, owner, **more)
    assert made is not None
    return " ".join(made.text.replace("•", " ").split())


def part(text: str, start: str, end: str = "\x00") -> str:
    return text.partition(start)[2].partition(end)[0]


def sent(book: Any, send: Any = lambda _digest: None) -> list[str]:
    """Send everything that is news and say to whom."""
    made = list(make_digests(book.engine, book.at))
    return [each.recipient for each in send_digests(book.engine, book.at, send, made)]


def mine(rows: Any, band: str) -> list[str]:
    """The owner's accounts of a band, in the list's order."""
    return [str(account) for account in rows[(rows["owner"] == "Owner 01") & (rows["band"] == band)].index]


def test_the_first_five_stand_with_reason_deadline_and_play(book: Any) -> None:
    found: list[str] = []

    def change(rows: Any) -> None:
        found.extend(mine(rows, "High") + mine(rows, "Medium"))
        rows.loc[found[0], "notice_deadline"] = date(2026, 12, 1)

    book.publish(change)
    text = part(said(book, plays={"Logins": "Ask who uses it"}), "WORK THESE FIRST", "The whole list")
    assert [name for name in found if f"({name})" in text] == found[:5]
    assert text.count("Suggested: Ask who uses it") == 5
    assert "Notice deadline 1 Dec 2026, 85 days left." in text
    assert text.count("a year can still be saved") == 5


def test_new_left_and_moved_are_said_with_their_reason(book: Any) -> None:
    book.publish()
    names: dict[str, str] = {}

    def change(rows: Any) -> None:
        names["left"], names["new"], names["moved"] = mine(rows, "Medium")[0], *mine(rows, "Low")[:2]
        rows.loc[names["left"], "band"] = "Low"
        rows.loc[names["new"], "band"] = "High"
        rows["change_text"] = None
        for name in names.values():
            rows.loc[name, ["change", "change_text"]] = [0.2, f"Because of {name}."]

    book.publish(change)
    text = said(book)
    for title, end, name in (
        ("NEW ON YOUR LIST", "LEFT YOUR LIST", "new"),
        ("LEFT YOUR LIST", "CHANGED MOST", "left"),
        ("CHANGED MOST", "\x00", "moved"),
    ):
        there = part(text, title, end)
        assert f"({names[name]})" in there
        assert f"Because of {names[name]}." in there
        assert not [other for key, other in names.items() if key != name and other in there]
    made = digest(book)
    assert made is not None
    assert made.subject == "Your accounts, 14 Sep 2026: 1 new, 1 left"


def test_who_gets_another_owner_left_here_and_is_new_there(book: Any) -> None:
    book.publish()
    moved: list[str] = []

    def change(rows: Any) -> None:
        moved.append(mine(rows, "High")[0])
        rows.loc[moved[0], "owner"] = "Owner 02"

    book.publish(change)
    assert f"({moved[0]}) Now with Owner 02." in part(said(book), "LEFT YOUR LIST")
    assert moved[0] in part(said(book, "Owner 02"), "NEW ON YOUR LIST", "LEFT YOUR LIST")
    assert "0 new, 0 left" in said(book, None)


def test_who_is_gone_from_the_list_left_it_with_why(book: Any) -> None:
    book.publish()
    gone: list[str] = []

    def change(rows: Any) -> Any:
        gone.extend(mine(rows, "High")[:1])
        return rows.drop(index=gone)

    book.publish(change)
    assert f"({gone[0]}) Not in the book any more." in part(said(book), "LEFT YOUR LIST")


@pytest.mark.parametrize(("days", "there"), [(-1, False), (0, True), (30, True), (31, False)])
def test_a_near_deadline_without_a_plan_is_said(book: Any, days: int, there: bool) -> None:
    def change(rows: Any) -> None:
        rows.loc[mine(rows, "High"), "notice_deadline"] = book.at.date() + timedelta(days=days)

    book.publish(change)
    assert ("NOTICE DEADLINE WITHIN 30 DAYS" in said(book)) is there


@pytest.mark.parametrize(
    "plan", [{"stage": "plan in place"}, {"next_action": "Call"}, {"stage": "lost"}, {"csm_band": "Low"}]
)
def test_a_near_deadline_with_a_plan_is_not(book: Any, plan: dict[str, str]) -> None:
    account: list[str] = []

    def change(rows: Any) -> None:
        account.append(mine(rows, "High")[0])
        rows.loc[account[0], "notice_deadline"] = book.at.date() + timedelta(days=9)

    book.publish(change)
    assert account[0] in part(said(book), "NOTICE DEADLINE WITHIN 30 DAYS")
    book.say(account[0], **plan)
    assert "NOTICE DEADLINE WITHIN 30 DAYS" not in said(book)


def test_due_actions_and_ending_snoozes_are_said_even_of_accounts_that_the_list_lost(book: Any) -> None:
    book.publish()
    gone: list[str] = []

    def change(rows: Any) -> Any:
        gone.extend(mine(rows, "Low")[:1])
        return rows.drop(index=gone)

    book.publish(change)
    day = book.at.date()
    book.say(gone[0], next_action="Call them", next_due=day - timedelta(days=3))
    book.say("A00001", next_action="Write", next_due=day + timedelta(days=6))
    book.say("A00002", next_action="Later", next_due=day + timedelta(days=7))
    book.say("A00003", stage="saving", snooze_until=day + timedelta(days=1))
    book.say("A00004", snooze_until=day - timedelta(days=1))
    text = said(book)
    due = part(text, "NEXT ACTIONS OVERDUE OR DUE THIS WEEK", "SNOOZES THAT END")
    assert f"({gone[0]}) Next: Call them (due 11 Sep 2026, overdue by 3 days)" in due
    assert "Next: Write (due 20 Sep 2026)" in due
    assert "Later" not in due
    waking = part(text, "SNOOZES THAT END THIS WEEK")
    assert "(A00003) Back on 15 Sep 2026. Stage: saving." in waking
    assert "A00004" not in waking


def test_the_snoozed_and_the_put_away_are_not_to_be_worked(book: Any) -> None:
    book.publish()
    first = next(line for line in said(book).split("(") if line.startswith("A"))[:6]
    book.say(first, snooze_until=book.at.date() + timedelta(days=30))
    assert first not in said(book)


def test_nothing_is_sent_when_nothing_is_news(book: Any) -> None:
    book.publish()
    assert sent(book) == ["Owner 01", "Owner 02", "managers"]
    book.publish()
    assert sent(book) == []
    assert digest(book) is None
    book.say("A00001", next_action="Call", next_due=book.at.date())
    assert sent(book) == ["Owner 01"]


def test_a_digest_that_never_arrived_does_not_make_the_next_one_quiet(book: Any) -> None:
    def refuse(_digest: Digest) -> None:
        raise NotSentError("the door is shut")

    book.publish()
    assert "Owner 01" in sent(book, refuse)
    book.publish()
    assert digest(book) is not None


def test_time_alone_is_no_news_but_a_deadline_that_comes_near_is(book: Any) -> None:
    def change(rows: Any) -> None:
        rows.loc[mine(rows, "High")[:1], "notice_deadline"] = date(2026, 10, 20)

    for recipients in (["Owner 01", "Owner 02", "managers"], [], ["Owner 01", "managers"], []):
        book.publish(change)
        assert sent(book) == recipients


def test_managers_read_the_book_in_numbers_and_who_has_too_much(book: Any) -> None:
    counts: dict[str, int] = {}

    def change(rows: Any) -> None:
        counts.update(rows[rows["band"] != "Low"]["owner"].value_counts())

    book.publish(change)
    book.say("A00001", next_action="Call", next_due=book.at.date() - timedelta(days=1))
    low, high = sorted(counts.values())
    assert low < high
    text = said(book, None, capacity=low)
    assert "60 accounts with a risk" in text
    busiest = max(counts, key=lambda owner: counts[owner])
    assert f"OWNERS OVER CAPACITY {busiest} {high} accounts to work, capacity {low}" in text
    assert "OWNERS WITH OVERDUE ACTIONS Owner 01 1 overdue" in text
    assert "OWNERS OVER CAPACITY" not in said(book, None, capacity=high)


def test_links_lead_to_each_account_and_only_when_the_address_is_known(book: Any) -> None:
    def change(rows: Any) -> Any:
        return rows.rename(index={mine(rows, "High")[0]: "A/1 ?ü"})

    book.publish(change)
    made = digest(book, link=LINK)
    assert made is not None
    assert f"{LINK}/accounts/A%2F1%20%3F%C3%BC" in made.text
    assert f'href="{LINK}/accounts/A%2F1%20%3F%C3%BC"' in made.html
    without = digest(book)
    assert without is not None
    assert "http" not in without.text + without.html


def test_names_are_text_in_the_mail_and_nothing_is_fetched(book: Any) -> None:
    attack = "<img src=x onerror=alert(1)>\n\u202ename"

    def change(rows: Any) -> None:
        rows.loc[mine(rows, "High"), "name"] = attack

    book.publish(change, simulated=True)
    made = digest(book)
    assert made is not None
    assert "<img" not in made.html
    assert "&lt;img src=x onerror=alert(1)&gt;��name" in made.html
    assert not [
        word for word in ("src=", "url(", "@import", "<link", "<script") if word in made.html.replace("img src=", "")
    ]
    for form in (made.text, made.html):
        assert "Simulated data" in form


def test_an_unknown_owner_is_refused_with_the_nearest(book: Any) -> None:
    with pytest.raises(UsageError, match="no list has been published"):
        digest(book)
    book.publish()
    with pytest.raises(UsageError, match="nobody called 'Owner 1' has an account; there are 2, nearest: Owner 01"):
        digest(book, "Owner 1")
