"""Without scripts: the list and the account page work, only less smoothly."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.watching import DESK, PHONE, beyond_the_edge


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_list_and_the_account_work_without_scripts(sign_in: Any, size: dict[str, int], tmp_path: Path) -> None:
    page = sign_in("cleo", size=size, allowed=(422,), java_script_enabled=False)
    expect(page.get_by_role("heading", level=2)).to_contain_text("1–10 of")
    page.get_by_role("link", name="Next", exact=True).click()
    expect(page.get_by_role("heading", level=2)).to_contain_text("11–")
    chooses(page, "Band", "High", "band=High")
    assert beyond_the_edge(page) == []
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV", exact=True).click()
    started.value.save_as(tmp_path / "chosen.csv")
    rows = page.locator("table.list tbody tr[class^=tone]").count()
    assert len((tmp_path / "chosen.csv").read_text("utf-8-sig").splitlines()) == rows + 1
    acts_and_takes_it_back(page)
    acts_on_two(page)


def chooses(page: Page, name: str, value: str, said: str) -> None:
    """Choose a filter and send the form."""
    page.get_by_role("combobox", name=name, exact=True).first.select_option(value)
    page.locator("form.filters").get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(said))


def acts_and_takes_it_back(page: Page) -> None:
    """Open the first account, set its stage and undo that."""
    page.locator("table.list .name").first.click()
    assert beyond_the_edge(page) == []
    before = page.locator(".standing").inner_text()
    acting = page.locator("#act form").filter(has=page.locator('input[name="kind"][value="stage"]'))
    acting.get_by_role("combobox", name="Stage", exact=True).select_option("recovered")
    acting.get_by_role("button", name="Set").click()
    expect(page.locator(".standing")).to_contain_text("Recovered")
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(page.locator(".standing")).to_have_text(before, use_inner_text=True)


def acts_on_two(page: Page) -> None:
    """Choose two accounts on the list and write a note for both; without one, it is said what is missing."""
    page.get_by_role("link", name="My list").click()
    page.locator('input[name="account"]').nth(0).check()
    page.locator('input[name="account"]').nth(1).check()
    bulk = page.locator(".bulk")
    bulk.get_by_role("combobox", name="Do", exact=True).select_option("note")
    bulk.get_by_role("button", name="Do it").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert beyond_the_edge(page) == []
    page.get_by_role("textbox", name="Text").fill("Met them both")
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_role("status").first).to_contain_text("2 accounts")
