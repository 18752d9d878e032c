"""Explaining one account: contributions that add up, words, history, and accounts that have no score."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from features.errors import UsageError
from serving.account import account_story
from serving.publish import publish
from serving.risk_list import read_list


def test_stored_contributions_add_up_to_the_risk(published: Engine) -> None:
    for row in read_list(published).rows:
        story = account_story(published, row.account_id)
        for window in ("90", "60_90"):
            total = sum(line[f"contribution_{window}"] for line in story["contributions"])
            drivers = sum(driver[f"contribution_{window}"] for driver in story["drivers"])
            assert story[f"base_{window}"] + total == pytest.approx(story[f"risk_{window}"], abs=1e-9)
            assert drivers == pytest.approx(total, abs=1e-9)


def test_a_story_has_the_agreed_keys_and_the_words_with_their_numbers(published: Engine) -> None:
    story = account_story(published, "A00042")
    keys = {"account_id", "as_of", "risk_90", "base_90", "risk_60_90", "base_60_90", "contributions", "history"}
    assert keys <= story.keys()
    line = next(line for line in story["contributions"] if line["feature"] == "login_drop")
    assert {"feature", "driver", "value", "contribution_90", "contribution_60_90", "text"} <= line.keys()
    assert line["text"].endswith("14 in the last 4 weeks against 61 in a usual 4 before.")
    assert line["facts"] == {"recent": 14.0, "baseline": 61.0}


def test_a_missing_value_is_null_and_said_in_its_own_words(database: Engine, scored: Any, at: Any) -> None:
    scored.values.loc["A00042", "sponsor_gap"] = float("nan")
    publish(database, scored, at=at, by="tests")
    story = account_story(database, "A00042")
    line = next(line for line in story["contributions"] if line["feature"] == "sponsor_gap")
    assert (line["value"], line["text"]) == (None, "Days without a sponsor: not known.")


@pytest.mark.parametrize(
    ("marked", "tracked", "text"),
    [(0.0, True, "Days without a sponsor: not known."), (1.0, False, "Not tracked: no contacts had been recorded.")],
)
def test_what_is_not_tracked_is_said_so(
    database: Engine, scored: Any, at: Any, marked: float, tracked: bool, text: str
) -> None:
    scored.values.loc["A00042", "sponsor_gap"] = float("nan")
    spoken = "Not tracked: no contacts had been recorded."
    features = [replace(each, untracked=spoken) if each.name == "sponsor_gap" else each for each in scored.features]
    told = replace(scored, features=tuple(features), facts=scored.facts.assign(**{"sponsor_gap.untracked": marked}))
    publish(database, told, at=at, by="tests")
    line = next(line for line in account_story(database, "A00042")["contributions"] if line["feature"] == "sponsor_gap")
    assert (line["tracked"], line["text"], line["facts"]) == (tracked, text, {})


def test_an_account_is_found_by_its_name(published: Engine) -> None:
    assert account_story(published, "Account 0042")["account_id"] == "A00042"


def test_history_holds_the_published_weeks_up_to_the_one_asked_for(
    published: Engine, week_list: Any, scored: Any, at: Any, week: Any
) -> None:
    for weeks in (-1, 1):
        publish(published, week_list(as_of=scored.as_of + weeks * week, model=f"model{weeks}"), at=at, by="tests")
    history = account_story(published, "A00042", scored.as_of)["history"]
    assert [(each["as_of"], each["model"]) for each in history] == [
        ("2026-08-31", "model-1"),
        ("2026-09-07", scored.model),
    ]
    assert len(account_story(published, "A00042")["history"]) == 3


def test_an_account_without_a_score_says_why(published: Engine) -> None:
    scored_keys = account_story(published, "A00042").keys()
    story = account_story(published, "N1")
    assert story.keys() == scored_keys
    assert (story["scored"], story["name"], story["why"]) == (False, "Account 9001", "notice was given")
    assert (story["risk_90"], story["base_90"], story["contributions"], story["history"]) == (None, None, [], [])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("a00042x", r"nearest: A00042 \(Account 0042\)"),
        ("Acount 0042", "nearest: A00042"),
        ("zzz", "62 accounts of 2026-09-07; forewarn list"),
    ],
)
def test_an_unknown_account_names_the_nearest(published: Engine, asked: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        account_story(published, asked)


def test_a_name_that_two_accounts_share_asks_for_the_id(database: Engine, scored: Any, at: Any) -> None:
    scored.rows["name"] = "Twin"
    publish(database, scored, at=at, by="tests")
    with pytest.raises(UsageError, match="60 accounts are named 'Twin': give an account id, for example A00001"):
        account_story(database, "Twin")
