"""Signing in and out, as a person sees it."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.watching import DESK, PHONE, check_page


@pytest.mark.parametrize(("theme", "size"), [("light", DESK), ("dark", PHONE)])
def test_somebody_signs_in_after_a_mistake_and_out_again(look: Any, theme: str, size: dict[str, int]) -> None:
    watched = look(theme, size)
    watched.expect_status(401)
    page = watched.page()
    page.goto("/me")
    check_page(page, "sign-in")
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password").fill("wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not go together")
    check_page(page, "sign-in-wrong")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My settings")
    check_page(page, "settings")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto("/me")
    expect(page).to_have_url(f"{watched.address}/sign-in?next=/me")
