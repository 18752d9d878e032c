"""The page of `forewarn check --html`: verdict first, self-contained, and true to what the check found."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from features.sources.world import simulate
from pipelines.cli import main
from tests.contract.planting import AS_OF, altered, lost, recent

ROOT = Path(__file__).parents[2]
SETTINGS = """
[project]
name = "Acme & <Sons>"
[sources]
mapping = "{map}"
data = "{data}"
[calendar]
as_of = "2026-11-02"
"""
SPOILT = {
    "usage": altered("usage", 200, "quantity", "-1", "hash(good) % 97 = 0")
    + f" WHERE NOT ({recent('usage', 1)} AND feature = 'login')",
    "tickets": lost("tickets", 3),
    "outcomes": "SELECT * REPLACE ('<b>odd</b>' AS reason) FROM good",
}
Checked = tuple[int, str, Any]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page") / "data"
    simulate(folder, accounts=200, weeks=104, seed=8, until=AS_OF, activity=0.5)
    return folder


@pytest.fixture
def check(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Checked]:
    """Check the book with some tables spoilt and some left out; return exit code, page and JSON."""

    def run(spoilt: dict[str, str] | None = None, without: Sequence[str] = ()) -> Checked:
        mapping = (ROOT / "configs" / "sources" / "demo.toml").read_text(encoding="utf-8")
        for table in without:
            mapping = re.sub(rf"\[{table}\]\n(#.*\n)*path = .*\n", "", mapping)
        for table, sql in (spoilt or {}).items():
            good, file = (
                data / ("usage/*.parquet" if table == "usage" else f"{table}.parquet"),
                tmp_path / f"{table}.parquet",
            )
            duckdb.execute(f"COPY (WITH good AS (FROM read_parquet('{good}')) {sql}) TO '{file}'")
            mapping = re.sub(rf"(\[{table}\]\n(?:#.*\n)*path = ).*\n", rf'\1"{file}"\n', mapping)
        (tmp_path / "map.toml").write_text(mapping, encoding="utf-8")
        settings, page = tmp_path / "forewarn.toml", tmp_path / "check.html"
        settings.write_text(SETTINGS.format(map=tmp_path / "map.toml", data=data), encoding="utf-8")
        code = main(["check", "--config", str(settings), "--html", str(page), "--json"])
        return code, page.read_text(encoding="utf-8"), json.loads(capsys.readouterr().out)

    return run


def test_a_clean_book_goes_on(check: Callable[..., Checked]) -> None:
    code, page, report = check()
    assert code == 0
    assert "A weekly run would go on" in page
    assert "Stops a weekly run" not in page
    assert report["tables"]["usage"]["trust"] == {"halving_seen_within_weeks": 1}


def test_a_spoilt_book_stops_and_says_what_where_and_the_way_out(check: Callable[..., Checked]) -> None:
    code, page, report = check(SPOILT, ["surveys", "trainings"])
    assert code == 3
    stops = [p for p in report["problems"] if p["severity"] == "error"]
    assert {(p["table"], p["rule"]) for p in stops} >= {("tickets", "stale"), ("usage", "lost_part")}
    order = ["A weekly run would stop", "Stops a weekly run", "Tables, week by week", "Coverage: ", "Quarantine: "]
    places = [
        page.index(words) for words in [*order, "Absent tables, and what each costs", "What the history supports"]
    ]
    assert places == sorted(places)
    assert "usage: negative quantity" in page
    assert "<code>{ table = &#34;tickets&#34;, since = " in page
    assert "sentiment: the latest NPS" in page


def test_the_page_needs_nothing_else_and_holds_no_markup_of_the_data(check: Callable[..., Checked]) -> None:
    _, page, _ = check(SPOILT)
    assert "Acme &amp; &lt;Sons&gt;" in page
    assert "<Sons>" not in page
    assert not re.search(r"(src|href)=\"(?!#)|@import|url\(|<script|https?://", page)
    assert "prefers-color-scheme: dark" in page
    assert "width=device-width" in page


def test_the_page_draws_every_table_and_the_week_that_is_out(check: Callable[..., Checked]) -> None:
    _, page, _ = check(SPOILT)
    cards = {part.split('"')[0]: part for part in page.split('<h3 id="table-')[1:]}
    assert set(cards) >= {"usage", "tickets", "accounts", "entitlements"}
    assert cards["tickets"].count('class="out"') > cards["touchpoints"].split("</article>")[0].count('class="out"') == 0
    assert "Stops a run" in cards["tickets"]
    assert "In order" in cards["touchpoints"]
    assert '<figure class="is-out"><figcaption><b>login</b> 0</figcaption>' in cards["usage"]


def test_a_book_without_usage_still_has_a_page(check: Callable[..., Checked]) -> None:
    code, page, _ = check({"usage": "FROM good WHERE false"})
    assert code == 3
    assert "usage</code> the source has no rows" in page
