"""A manager looks at the whole book: revenue, capacity, past lists, a view to pass on, and a file."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.e2e.watching import DESK, PHONE, check_page


@pytest.mark.parametrize(("theme", "size"), [("dark", DESK), ("light", PHONE)], ids=["desk", "phone"])
def test_the_monday_of_a_manager(sign_in: Any, theme: str, size: dict[str, int]) -> None:
    page = sign_in("mia", theme=theme, size=size)
    sees_all_owners(page)
    reads_revenue(page)
    reads_what_came_of_a_list(page)
    link = saves_a_view(page, "Large and High " + theme)
    other = sign_in("max", theme=theme, size=size)
    other.goto(link)
    expect(other).to_have_url(re.compile(r"/\?segment=Enterprise&band=High&sort=arr$"))
    expect(other.get_by_role("heading", level=2)).to_have_text(page.get_by_role("heading", level=2).inner_text())


def sees_all_owners(page: Page) -> None:
    """Everybody's accounts, with a line where an owner's capacity ends."""
    expect(page.get_by_role("heading", level=1)).to_contain_text("The list")
    expect(page.locator("#tiles")).to_contain_text("of 300 accounts")
    assert page.get_by_role("combobox", name="Owner", exact=True).locator("option").count() == 11
    expect(page.locator("tr.capacity")).not_to_have_count(0)
    check_page(page, "manager-list")


def reads_revenue(page: Page) -> None:
    """Health, renewals, retention, drivers and load, each under its heading."""
    page.get_by_role("link", name="Health and revenue").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Health and revenue")
    assert page.get_by_role("heading", level=2).count() >= 4
    expect(page.locator("main")).to_contain_text("Owner 01")
    check_page(page, "manager-revenue")


def reads_what_came_of_a_list(page: Page) -> None:
    """The one list that has matured, and the accounts that left."""
    page.get_by_role("link", name="Past lists").click()
    page.get_by_role("link", name="8 Jun 2026").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("8 Jun 2026")
    expect(page.get_by_text("All 90 days are over and on record.")).to_be_visible()
    check_page(page, "manager-past")
    page.get_by_role("link", name="The list as it was").click()
    expect(page.get_by_text("a past list")).to_be_visible()
    page.get_by_role("link", name="to the current one").click()


def saves_a_view(page: Page, name: str) -> str:
    """Choose, keep the choice under a name, and return the link to it."""
    page.get_by_role("combobox", name="Segment", exact=True).select_option("Enterprise")
    expect(page).to_have_url(re.compile("segment=Enterprise"))
    page.get_by_role("combobox", name="Band", exact=True).select_option("High")
    expect(page).to_have_url(re.compile("band=High"))
    page.get_by_role("combobox", name="Order", exact=True).select_option("arr")
    expect(page).to_have_url(re.compile("sort=arr"))
    page.get_by_text("Save this view").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    views = page.get_by_role("navigation", name="Saved views")
    expect(views.locator('[aria-current="true"]').filter(has_text=name)).to_have_count(1)
    check_page(page, "manager-view")
    return str(views.get_by_role("link", name=name).get_attribute("href"))


def test_a_stage_is_set_for_several_accounts_at_once(sign_in: Any) -> None:
    page = sign_in("mia")
    page.goto("/?owner=Owner+09")
    said = page.locator(".bulk output")
    expect(said).to_have_text("No account chosen")
    for row in (0, 1, 2):
        page.locator('input[name="account"]').nth(row).check()
    expect(said).to_have_text("3 accounts chosen")
    page.locator(".bulk").get_by_role("combobox", name="Stage", exact=True).select_option("plan in place")
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_role("status").first).to_contain_text("3 accounts")
    expect(page).to_have_url(re.compile("owner=Owner"))
    page.get_by_role("combobox", name="Stage", exact=True).first.select_option("plan in place")
    expect(page.get_by_role("heading", level=2)).to_contain_text("1–3 of 3 accounts")
    page.get_by_label("Choose all accounts of this page").check()
    expect(said).to_have_text("3 accounts chosen")
    check_page(page, "manager-bulk")


def test_going_back_shows_the_list_as_it_was(sign_in: Any) -> None:
    page = sign_in("max")
    band, title = page.get_by_role("combobox", name="Band", exact=True), page.get_by_role("heading", level=2)
    before = title.inner_text()
    band.select_option("High")
    expect(page).to_have_url(re.compile("band=High"))
    expect(title).not_to_have_text(before)
    expect(page.locator("#told")).to_have_text(title.inner_text())
    page.go_back()
    expect(title).to_have_text(before, use_inner_text=True)
    expect(band).to_have_value("")
    page.go_forward()
    expect(band).to_have_value("High")
    expect(page.locator("html")).to_have_class(re.compile("scripts"))


def test_files_hold_exactly_the_rows_that_are_chosen(sign_in: Any, tmp_path: Path) -> None:
    page = sign_in("mia")
    page.get_by_role("combobox", name="Segment", exact=True).select_option("Small")
    expect(page).to_have_url(re.compile("segment=Small"))
    # At once, without loading the page anew: the links follow the choice.
    files = [downloaded(page, kind, tmp_path) for kind in ("CSV", "Excel")]
    shown = all_rows(page)
    assert len(shown) > 50
    assert [from_csv(files[0]), from_xlsx(files[1])] == [shown, shown]


def downloaded(page: Page, kind: str, folder: Path) -> Path:
    """Return the file that a link sends."""
    with page.expect_download() as started:
        page.get_by_role("link", name=kind, exact=True).click()
    started.value.save_as(folder / started.value.suggested_filename)
    return folder / started.value.suggested_filename


def all_rows(page: Page) -> list[str]:
    """Return the accounts of all pages, going on until the last."""
    found: list[str] = []
    while True:
        boxes = page.locator('input[name="account"]')
        found += [str(each.get_attribute("value")) for each in boxes.all()]
        onward = page.get_by_role("link", name="Next", exact=True)
        if onward.count() == 0:
            return found
        onward.click()
        expect(page.locator(f'input[name="account"][value="{found[-1]}"]')).to_have_count(0)


def from_csv(path: Path) -> list[str]:
    """Return the account ids of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    place = next(n for n, title in enumerate(rows[0]) if "id" in title.lower())
    return [row[place] for row in rows[1:]]


def from_xlsx(path: Path) -> list[str]:
    """Return the account ids of a workbook's first sheet."""
    book = load_workbook(path, read_only=True)
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    book.close()
    head = next(n for n, row in enumerate(rows) if sum(each is not None for each in row) > 5)
    place = next(n for n, title in enumerate(rows[head]) if title and "id" in str(title).lower())
    return [str(row[place]) for row in rows[head + 1 :] if row[place]]
