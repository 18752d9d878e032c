"""The Monday of a CSM: which of my accounts need me, why, and what I do about it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.watching import DESK, PHONE, check_page
from tests.made_lists import AS_OF


@pytest.mark.parametrize(
    ("name", "owner", "theme", "size"), [("ana", "Owner 01", "light", DESK), ("ben", "Owner 02", "dark", PHONE)]
)
def test_the_monday_of_a_csm(sign_in: Any, name: str, owner: str, theme: str, size: dict[str, int]) -> None:
    page = sign_in(name, theme=theme, size=size)
    sees_own_accounts_only(page, owner)
    account, reason = finds_an_account(page)
    opens_it(page, account, reason)
    acts(page)
    changes_their_mind(page)
    finds_it_again(page, account)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def sees_own_accounts_only(page: Page, owner: str) -> None:
    """The list is theirs, in the order of what can be saved, with the line of their capacity."""
    expect(page.get_by_role("heading", level=1)).to_contain_text("My list")
    expect(page.get_by_role("heading", level=2)).to_contain_text("1–10 of 30 accounts")
    assert {each.strip() for each in page.locator("table.list .who .sub:last-child").all_inner_texts()} == {owner}
    expect(page.get_by_text(f"{owner}: capacity of 4 reached")).to_be_visible()
    expect(page.get_by_text("Simulated data")).to_be_visible()
    check_page(page, "story-list")


def finds_an_account(page: Page) -> tuple[str, str]:
    """Filter by band, then search, without leaving the page; return a High account's name and its first reason."""
    page.get_by_role("combobox", name="Band", exact=True).select_option("High")
    expect(page).to_have_url(re.compile("band=High"))
    pills = page.locator("table.list .pill")
    expect(pills.filter(has_not_text="High")).to_have_count(0)
    assert pills.count() > 1
    row = page.locator("table.list tbody tr").last
    account, reason = row.locator(".name").inner_text(), row.locator(".why li").first.inner_text()
    page.get_by_role("searchbox", name="Search").fill(account)
    expect(page.get_by_role("heading", level=2)).to_contain_text("1–1 of 1 account")
    check_page(page, "story-found")
    return account, reason


def opens_it(page: Page, account: str, reason: str) -> None:
    """The account's page says the same reason."""
    page.get_by_role("link", name=account).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(account)
    said = reason.split(" ", 1)[1]
    expect(page.locator("main")).to_contain_text(said)
    check_page(page, "story-account")


def acts(page: Page) -> None:
    """Set a stage, disagree with a reason, write a note, plan the next action; each is said to be done."""
    form(page, "stage").get_by_role("combobox", name="Stage", exact=True).select_option("saving")
    form(page, "stage").get_by_role("button", name="Set").click()
    expect(page.get_by_role("status")).to_contain_text(re.compile("saving", re.IGNORECASE))
    unfolded(page, "risk")
    form(page, "risk").get_by_role("combobox", name="Risk", exact=True).select_option("Low")
    form(page, "risk").get_by_role("combobox", name="Because", exact=True).select_option(label="Seasonal")
    form(page, "risk").get_by_role("button", name="Set").click()
    expect(page.get_by_role("status")).to_contain_text("Low")
    form(page, "note").get_by_label("Note").fill("They buy every spring. <b>Really</b>")
    form(page, "note").get_by_role("button", name="Add").click()
    expect(page.locator("main")).to_contain_text("They buy every spring. <b>Really</b>")
    form(page, "next").get_by_label("Next action").fill("Call the sponsor")
    form(page, "next").get_by_label("By").fill(str(AS_OF + timedelta(days=3)))
    form(page, "next").get_by_role("button", name="Set").click()
    expect(page.get_by_role("status")).to_contain_text("Call the sponsor")
    check_page(page, "story-acted")


def changes_their_mind(page: Page) -> None:
    """Snooze, take it back, and snooze again."""
    for step in ("first", "again"):
        unfolded(page, "snooze")
        form(page, "snooze").get_by_label("Until").fill(str(AS_OF + timedelta(days=14)))
        form(page, "snooze").get_by_role("button", name="Snooze").click()
        expect(page.locator(".standing")).to_contain_text("until 21 Sep 2026")
        if step == "first":
            page.get_by_role("status").get_by_role("button", name="Undo").click()
            expect(page.locator(".standing")).not_to_contain_text("until 21 Sep 2026")


def finds_it_again(page: Page, account: str) -> None:
    """The snoozed account is off the list, and among the snoozed ones with all that was said."""
    page.get_by_role("link", name="My list").click()
    page.get_by_role("searchbox", name="Search").fill(account)
    expect(page.get_by_role("heading", level=2)).to_contain_text("No account")
    page.get_by_role("combobox", name="Show", exact=True).select_option("snoozed")
    row = page.locator("table.list tbody tr").first
    expect(row).to_contain_text(account)
    for said in (
        "Low",
        "CSM; automated: High",
        "Saving",
        "Call the sponsor, by 10 Sep 2026",
        "snoozed until 21 Sep 2026",
    ):
        expect(row).to_contain_text(said)
    check_page(page, "story-snoozed")


def form(page: Page, kind: str) -> Any:
    """Return the form of an action."""
    return page.locator("#act form.act").filter(has=page.locator(f'input[name="kind"][value="{kind}"]')).last


def unfolded(page: Page, kind: str) -> None:
    """Open what hides a form, where it is hidden."""
    if not form(page, kind).is_visible():
        page.locator("#act details").filter(has=page.locator(f'input[value="{kind}"]')).locator("summary").click()
