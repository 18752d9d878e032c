"""docs/experiments.md is walked through, command by command, on a small book and a copy of the checkout."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from features.catalogue import catalogue
from tests.pipeline.small_book import make_book, quiet_environment

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
COPIED = ("features", "models", "serving", "pipelines", "configs", "tests/spec")
FILES = ("pyproject.toml", "requirements.lock", "tests/books.py", "tests/conftest.py")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUICK = """
[calendar]
as_of = "2026-11-02"
train_every_weeks = 4
[promotion]
margin = 0.3
"""
"""Few rows, and a margin that lets a challenger pass on them, so that there is a champion to go back to."""
EXIT_CODES = {"train": {0, 4}}
"""What the page allows beside 0."""
DRIVER = """
import contextlib, io, json, sys
from features.families import logins
from pipelines import cli
done = []
for words in json.loads(sys.argv[2]):
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()) as told:
        code = cli.main(words)
    done.append({"words": words, "code": code, "said": said.getvalue(), "told": told.getvalue()})
open(sys.argv[1], "w").write(json.dumps({"logins": logins.__file__, "cli": cli.__file__, "done": done}))
"""
"""Runs commands in one process, so that Prefect starts once; what they say goes to a file."""


@dataclass(frozen=True)
class Walk:
    """A copy of the checkout in which the page's commands were run, and what came of each."""

    copy: Path
    ran: list[dict[str, Any]]

    def of(self, *words: str) -> dict[str, Any]:
        """Return what came of the first command that begins so."""
        return next(each for each in self.ran if each["words"][: len(words)] == list(words))


def blocks(page: str) -> list[tuple[str, str]]:
    """Return language and text of every block."""
    return BLOCK.findall(page)


def commands(text: str) -> list[list[str]]:
    """Return the words of each command of an sh block, a redirection as two words."""
    return [shlex.split(line) for line in text.splitlines() if line.strip()]


def legs(page: str) -> Iterator[tuple[str, Any]]:
    """Yield what to do in order: run a list of forewarn's commands, run another command, append to a file."""
    waiting: list[list[str]] = []
    for language, text in blocks(page):
        for words in commands(text) if language == "sh" else ():
            if words[0] == "forewarn":
                waiting.append(words[1:])
                continue
            yield "forewarn", waiting
            waiting = []
            yield "other", words
        if language in ("python", "text"):
            yield "forewarn", waiting
            waiting = []
            yield language, text
    yield "forewarn", waiting


def copy_of_the_checkout(folder: Path) -> Path:
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    (folder / "docs").mkdir()
    return folder


def environment(copy: Path, config: Path) -> dict[str, str]:
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    here = {"PYTHONPATH": str(copy), "FOREWARN_CONFIG": str(config), "PATH": tools}
    # Threads that wait for each other cost more than they save on a book as small as this.
    here |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return quiet_environment(config.parent / "prefect") | here


def drive(copy: Path, config: Path, asked: list[list[str]]) -> list[dict[str, Any]]:
    """Run forewarn's commands with the copy's code; return what came of each."""
    target = config.parent / "said.json"
    command = [sys.executable, "-c", DRIVER, str(target), json.dumps(asked)]
    ran = subprocess.run(
        command, cwd=copy, env=environment(copy, config), capture_output=True, text=True, check=False, timeout=600
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(target.read_text(encoding="utf-8"))
    assert found["logins"] == str(copy / "features" / "families" / "logins.py")
    assert found["cli"] == str(copy / "pipelines" / "cli.py")
    done: list[dict[str, Any]] = found["done"]
    return done


def run_other(copy: Path, config: Path, words: list[str]) -> dict[str, Any]:
    """Run a command that is not forewarn's, with its redirection."""
    line = " ".join(word if word == ">" else shlex.quote(word) for word in words)
    ran = subprocess.run(
        line, shell=True, cwd=copy, env=environment(copy, config), capture_output=True, text=True, check=False
    )
    return {"words": words, "code": ran.returncode, "said": ran.stdout, "told": ran.stderr}


def append(path: Path, text: str) -> None:
    path.write_text(f"{path.read_text(encoding='utf-8').rstrip()}\n\n\n{text}", encoding="utf-8")


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    folder = tmp_path_factory.mktemp("walk")
    config = make_book(folder)
    config.write_text(config.read_text(encoding="utf-8") + QUICK, encoding="utf-8")
    copy = copy_of_the_checkout(folder / "copy")
    ran: list[dict[str, Any]] = []
    waiting = [["weekly"]]  # what `make demo` has done
    for kind, what in legs(PAGE):
        if kind == "forewarn":
            waiting += what
            continue
        if waiting:
            ran += drive(copy, config, waiting)
            waiting = []
        if kind == "other":
            ran.append(run_other(copy, config, what))
        else:
            append(copy / {"python": "features/families/logins.py", "text": "tests/spec/logins.spec"}[kind], what)
    return Walk(copy, ran + (drive(copy, config, waiting) if waiting else []))


def written(page: str) -> list[list[str]]:
    """Return every line of the page that looks like a command, whatever block it stands in."""
    lines = [shlex.split(line) for line in re.findall(r"^\s*((?:forewarn|pytest|python -m) .*)$", page, re.MULTILINE)]
    return [words[1:] if words[0] == "forewarn" else words for words in lines]


def test_every_command_of_the_page_was_run_in_order(walk: Walk) -> None:
    assert [each["words"] for each in walk.ran] == [["weekly"], *written(PAGE)]


def test_a_command_that_no_block_runs_is_noticed() -> None:
    page = PAGE + "\n    forewarn moon --phase\n"
    assert ["moon", "--phase"] in written(page)
    assert not [what for kind, what in legs(page) if kind == "forewarn" and ["moon", "--phase"] in what]


def test_every_command_ended_as_the_page_says(walk: Walk) -> None:
    wrong = [each for each in walk.ran if each["code"] not in EXIT_CODES.get(each["words"][0], {0})]
    assert not wrong, "\n".join(f"{each['words']}: {each['code']} {each['told']}{each['said']}" for each in wrong)


def test_the_new_feature_is_in_the_catalogue_of_the_copy_alone(walk: Walk) -> None:
    assert "weekly_user_share" in {each["name"] for each in json.loads(walk.of("features", "--json")["said"])}
    assert "weekly_user_share" not in {each.name for each in catalogue()}
    assert "### weekly_user_share" in (walk.copy / "docs" / "features.md").read_text(encoding="utf-8")


def test_its_spec_was_tried(walk: Walk) -> None:
    assert " passed" in walk.of("pytest")["said"]


def test_the_change_was_compared_with_the_champion(walk: Walk) -> None:
    said = walk.of("compare", "champion", "weekly users")["said"]
    assert "weekly users" in said.splitlines()[0]
    assert "corrected for 3 variants tried on these rows" in said.splitlines()[0]
    assert "weekly users" in (walk.copy / "compare.html").read_text(encoding="utf-8")


def test_the_run_came_out_the_same(walk: Walk) -> None:
    assert "came out the same" in walk.of("reproduce")["said"]


def test_the_champion_before_serves_again(walk: Walk) -> None:
    assert "serves again instead of" in walk.of("rollback")["said"]
