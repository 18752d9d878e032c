"""The page about the list names everything that the list has."""

import re
from pathlib import Path

from sqlalchemy import Engine

from serving.account import account_story
from serving.export import columns
from serving.risk_list import read_list

PAGE = (Path(__file__).parents[3] / "docs" / "list.md").read_text(encoding="utf-8")


def test_every_column_and_field_is_explained(published: Engine) -> None:
    shown = read_list(published).to_json()
    story = account_story(published, "A00042")
    names = {column.name for column in columns(1)} | set(shown) | set(shown["rows"][0]) | set(story)
    names |= set(story["contributions"][0])
    assert names - set(re.findall(r"`(\w+)`", PAGE)) == set()
