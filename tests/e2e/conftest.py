"""The application on a port of its own with fourteen weeks' lists, and browsers that people look at it with."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from argon2 import PasswordHasher
from playwright.sync_api import Browser, sync_playwright

from serving import people
from serving.store import open_database
from serving.web.app import create_app
from serving.web.settings import WebSettings
from tests.e2e.watching import DESK, Watched
from tests.e2e.weeks import publish_weeks
from tests.made_lists import AT

PASSWORD = "correct horse battery"
PEOPLE = {
    "ana": ("csm", "Owner 01"),
    "ben": ("csm", "Owner 02"),
    "cleo": ("csm", "Owner 03"),
    "dora": ("csm", "Owner 04"),
    "mia": ("manager", None),
    "max": ("manager", None),
}
NOW = AT + timedelta(hours=12)
Look = Callable[..., Watched]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("e2e")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the application, served as `forewarn serve` does."""
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('e2e')}/forewarn.db")
    publish_weeks(engine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        for name, (role, owner) in PEOPLE.items():
            people.add_person(engine, name, role, owner=owner, password=PASSWORD, at=AT, by="tests")  # type: ignore[arg-type]
        app = create_app(engine, WebSettings(page_rows=10, plays={"Logins": "Call the sponsor"}), lambda: NOW)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            running = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="off"))
            thread = threading.Thread(target=running.run, args=([listening],))
            thread.start()
            while not running.started:
                time.sleep(0.02)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            running.should_exit = True
            thread.join(10)
    engine.dispose()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, which can reach nothing but this machine.

    It ends with its module: Playwright holds this thread's event loop, which other tests need for themselves.
    """
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    arguments = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-gpu"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=arguments)
        yield started
        started.close()


@pytest.fixture
def look(browser: Browser, server: str) -> Iterator[Look]:
    """Open a browser for somebody who is not signed in; the test fails for what its pages did wrong."""
    opened: list[Watched] = []

    def looking(theme: str = "light", size: dict[str, int] = DESK, **more: Any) -> Watched:
        # Without motion colours change at once, and axe sees no half-way ones.
        how = {"base_url": server, "color_scheme": theme, "viewport": size, "reduced_motion": "reduce", **more}
        context = browser.new_context(**how)
        context.set_default_timeout(15_000)
        opened.append(Watched(context, server))
        return opened[-1]

    yield looking
    for each in opened:
        each.context.close()
    assert not [fault for each in opened for fault in each.faults]


@pytest.fixture
def sign_in(look: Look) -> Callable[..., Any]:
    """Return a page of somebody who has just signed in, and is on the list; `allowed` error answers may come."""

    def signed_in(name: str, allowed: tuple[int, ...] = (), **how: Any) -> Any:
        watched = look(**how)
        watched.expect_status(*allowed)
        page = watched.page()
        page.goto("/")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/")
        return page

    return signed_in
