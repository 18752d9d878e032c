"""Every page, on a desk and on a phone, in light and in dark: usable by anybody, and quiet."""

from datetime import timedelta
from typing import Any

import pytest

from tests.e2e.watching import DESK, PHONE, check_page
from tests.made_lists import AS_OF

FINISHED = AS_OF - timedelta(weeks=13)
PAGES = {
    "list": "/",
    "list-past": f"/?as_of={FINISHED}",
    "list-all": "/?show=all&sort=name",
    "list-nothing": "/?search=nothing+like+this",
    "not-scored": "/not-scored",
    "account": "/accounts/A00031",
    "account-low": "/accounts/A00037",
    "account-past": f"/accounts/A00031?as_of={FINISHED}",
    "account-unscored": "/accounts/N1",
    "past": "/past",
    "past-list": f"/past/{FINISHED}",
    "past-list-young": f"/past/{AS_OF}",
    "revenue": "/revenue",
    "me": "/me",
    "missing": "/nothing",
    "missing-account": "/accounts/X1",
    "wrong-order": "/?sort=nothing",
}


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_is_usable(sign_in: Any, size: dict[str, int]) -> None:
    page = sign_in("max", size=size, allowed=(404,))
    wrong = []
    for name, path in PAGES.items():
        page.goto(path)
        try:
            check_page(page, name)
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
    assert wrong == [], "\n\n".join(wrong)
