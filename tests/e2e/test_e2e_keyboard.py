"""Without a mouse: everything can be reached, it shows where one is, and the list can be worked from the keys."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORD

REACHABLE = """() => {
  const all = 'a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex="0"]';
  const shown = each => each.checkVisibility({visibilityProperty: true}) && !each.disabled;
  window.passed = new Set(); window.unseen = [];
  window.wanted = [...document.querySelectorAll(all)].filter(shown);
  const shadows = new Map(window.wanted.map(each => [each, getComputedStyle(each).boxShadow]));
  document.addEventListener("focusin", ({target}) => {
    const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(target);
    const seen = (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1) || boxShadow !== shadows.get(target);
    if (!seen) window.unseen.push(target.outerHTML.slice(0, 120));
    window.passed.add(target);
  });
  return window.wanted.length;
}"""
MISSED = "() => window.wanted.filter(each => !window.passed.has(each)).map(each => each.outerHTML.slice(0, 120))"


@pytest.mark.parametrize("path", ["/?owner=Owner+05", "/accounts/A00150", "/revenue", "/past", "/me"])
def test_tab_reaches_everything_and_shows_where_it_is(sign_in: Any, path: str) -> None:
    page = sign_in("max")
    page.goto(path)
    assert (missed(page), page.evaluate("() => window.unseen")) == ([], [])


def test_what_tab_cannot_reach_or_does_not_show_is_found(look: Any) -> None:
    page = look().page()
    page.goto("/sign-in")
    page.evaluate("document.querySelector('button').tabIndex = -1")
    page.evaluate("Object.assign(document.querySelector('.brand').style, {outline: 'none', boxShadow: 'none'})")
    assert ["Sign in" in each for each in missed(page)] == [True]
    assert any("brand" in each for each in page.evaluate("() => window.unseen"))


def missed(page: Page) -> list[str]:
    """Press Tab through the whole page and return what it did not come to."""
    wanted = page.evaluate(REACHABLE)
    page.evaluate("() => { document.activeElement.blur(); window.getSelection().removeAllRanges(); }")
    # A date field takes several steps.
    for _ in range(0, 2 * wanted + 40, 10):
        for _ in range(10):
            page.keyboard.press("Tab")
        found: list[str] = page.evaluate(MISSED)
        if not found:
            break
    return found


def test_the_skip_link_leads_past_the_menu(sign_in: Any) -> None:
    page = sign_in("max")
    page.goto("/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("main a").first).to_be_focused()


def test_a_slash_goes_to_the_search_but_stays_a_letter_where_somebody_types(sign_in: Any) -> None:
    page = sign_in("max")
    search = page.get_by_role("searchbox", name="Search")
    page.keyboard.press("/")
    expect(search).to_be_focused()
    expect(search).to_have_value("")
    page.keyboard.type("a/b")
    expect(search).to_have_value("a/b")


def test_the_list_is_worked_from_the_keys(look: Any) -> None:
    page = look().page()
    page.goto("/")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("dora")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("My list")
    page.wait_for_load_state()
    page.keyboard.press("/")
    page.keyboard.type("account 0104")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2)).to_contain_text("1–1 of 1 account")
    page.get_by_role("link", name="Account 0104").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Account 0104")
    page.locator("#act").get_by_role("combobox", name="Stage", exact=True).focus()
    page.keyboard.type("Sav")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text(re.compile("saving", re.IGNORECASE))
