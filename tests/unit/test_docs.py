"""Every command, exit code, setting, variable and page is documented."""

import re
from pathlib import Path

import pytest

from features import errors
from pipelines.cli import COMMANDS
from pipelines.settings import Settings

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_section(name: str) -> None:
    assert f"## forewarn {name}\n" in (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", sorted(errors.ForewarnError.__subclasses__(), key=lambda kind: kind.exit_code))
def test_each_exit_code_is_explained(kind: type[errors.ForewarnError]) -> None:
    assert f"\n| {kind.exit_code} | " in OPERATIONS


@pytest.mark.parametrize("section", [field.alias or name for name, field in Settings.model_fields.items()])
def test_each_section_of_the_settings_is_in_the_reference(section: str) -> None:
    assert f"\n[{section}]\n" in (ROOT / "configs" / "forewarn.toml").read_text(encoding="utf-8")


def test_each_variable_that_we_read_is_explained() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "pipelines").rglob("*.py"))
    read = set(re.findall(r'environ(?:\.get\(|\[)"(\w+)"', code))
    assert read
    assert {name for name in read if f"`{name}`" not in OPERATIONS} == set()


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    names = {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert {name for name in names if f"({name})" not in index} == set()
