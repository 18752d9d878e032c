"""The watch itself: what a page must not do is found when it is planted."""

from typing import Any

import pytest

from tests.e2e.watching import PHONE, check_page


@pytest.fixture
def watched(look: Any) -> Any:
    """A browser on the sign-in page whose faults the test looks at and clears."""
    opened = look(size=PHONE)
    opened.page().goto("/sign-in")
    return opened


def test_a_picture_without_words_is_found(watched: Any) -> None:
    page = watched.context.pages[0]
    page.evaluate("document.querySelector('main').append(new Image())")
    with pytest.raises(AssertionError, match="image-alt"):
        check_page(page)


def test_faint_words_are_found_in_the_other_theme_too(watched: Any) -> None:
    page = watched.context.pages[0]
    page.evaluate("document.querySelector('h1').style.color = '#17202b'")
    with pytest.raises(AssertionError, match="dark: color-contrast"):
        check_page(page)


def test_what_is_too_wide_for_a_phone_is_found(watched: Any) -> None:
    page = watched.context.pages[0]
    page.evaluate("document.querySelector('h1').style.width = '900px'")
    with pytest.raises(AssertionError, match="scrolls sideways"):
        check_page(page)


def test_a_picture_from_elsewhere_is_caught(watched: Any) -> None:
    page = watched.context.pages[0]
    page.evaluate(
        "document.body.append(Object.assign(new Image(), {src: 'https://elsewhere.example/a.png', alt: 'a'}))"
    )
    page.wait_for_timeout(200)
    assert any("elsewhere.example" in fault for fault in watched.faults)
    watched.faults.clear()


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ("setTimeout(() => { throw new Error('planted') })", "page error: planted"),
        ("console.error('planted')", "console error: planted"),
        ("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')", "Content Security Policy"),
        ("location = 'http://elsewhere.example/'", "request to another host: http://elsewhere.example/"),
    ],
)
def test_what_a_page_does_wrong_is_noted(watched: Any, planted: str, said: str) -> None:
    page = watched.context.pages[0]
    page.evaluate(f"() => {{ {planted} }}")
    page.wait_for_timeout(200)
    assert any(said in fault for fault in watched.faults), watched.faults
    watched.faults.clear()
