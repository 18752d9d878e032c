"""When something fails while the list is used, people are told, and lose nothing."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.e2e.conftest import PASSWORD
from tests.e2e.watching import check_page


def test_whose_session_has_ended_signs_in_and_comes_back_to_the_same_choice(sign_in: Any) -> None:
    page = sign_in("max", allowed=(401,))
    page.context.clear_cookies()
    page.get_by_role("combobox", name="Segment", exact=True).select_option("Small")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_label("Name").fill("max")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/\?.*segment=Small"))
    expect(page.get_by_role("combobox", name="Segment", exact=True)).to_have_value("Small")


def test_a_list_that_cannot_be_loaded_says_so_until_it_can(sign_in: Any) -> None:
    page = sign_in("max", allowed=(503,))
    band, told = page.get_by_role("combobox", name="Band", exact=True), page.locator("#told")
    page.route("**/?*", lambda route: route.fulfill(status=503))
    band.select_option("High")
    expect(told).to_contain_text("could not be loaded")
    check_page(page, "trouble")
    page.unroute("**/?*")
    band.select_option("Medium")
    expect(told).to_contain_text("accounts")
    expect(told).to_have_class("visually-hidden")
