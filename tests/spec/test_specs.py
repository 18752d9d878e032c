"""Every feature does what its spec says."""

from dataclasses import replace
from pathlib import Path

import pytest

from features.catalogue import catalogue
from features.outcome import OutcomeContract
from features.snapshot import take_snapshot
from tests.books import make_book
from tests.spec.spec_format import ELSEWHERE, Case, SpecError, T, number, read_specs

CONTRACT = OutcomeContract(minimum_tenure_days=0, exclude_noticed=False)
UNTRACKED = "not tracked"
CASES = [case for path in sorted(Path(__file__).parent.glob("*.spec")) for case in read_specs(path)]


def without_spec(names: set[str]) -> set[str]:
    """Return the features that no spec speaks of, or that are specified under no name of the catalogue."""
    return names ^ {case.feature for case in CASES}


def check(case: Case) -> None:
    """Assert that the feature does what the case expects; `-` is missing, which `not tracked` is not."""
    found = take_snapshot(make_book(case.rows(), without=case.without()), [T.date()], CONTRACT)
    assert (case.feature in found.left_out) == case.left_out
    scored = {account for account, _ in found.frame.index}
    for account, text in case.expected.items():
        assert (account in scored) == (text != "not scored"), account
        if account in scored:
            value = found.frame.loc[(account, T), case.feature]
            untracked = found.untracked.loc[(account, T), case.feature]
            assert untracked == (text == UNTRACKED), f"{account}: say {UNTRACKED}, or say what it is"
            assert value == pytest.approx(number("-" if untracked else text), abs=1e-9, nan_ok=True), account


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.feature}: {case.title}")
def test_spec(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("cell", ["0.49999", "-", UNTRACKED, "not scored"])
def test_a_wrong_expectation_is_noticed(cell: str) -> None:
    case = next(case for case in CASES if case.feature == "login_drop")
    wrong = replace(case, tables=case.tables | {"expect": [["account_id", "value"], ["halved", cell]]})
    with pytest.raises(AssertionError, match="halved"):
        check(wrong)


@pytest.mark.parametrize("case", [case for case in CASES if not case.left_out], ids=lambda case: case.feature)
def test_every_account_of_a_case_is_expected(case: Case) -> None:
    named = {row["account_id"] for rows in case.rows().values() for row in rows if "account_id" in row}
    assert named - {ELSEWHERE} == set(case.expected)


def test_every_feature_has_a_spec() -> None:
    assert not without_spec({each.name for each in catalogue()})


def test_a_feature_without_a_spec_is_noticed() -> None:
    assert without_spec({each.name for each in catalogue()} | {"moon_phase"}) == {"moon_phase"}


@pytest.mark.parametrize("name", [each.name for each in catalogue()])
def test_every_spec_goes_to_the_boundary(name: str) -> None:
    cells = {
        cell
        for case in CASES
        if case.feature == name
        for table, rows in case.tables.items()
        if table != "expect"
        for row in rows[1:]
        for cell in row
    }
    assert {"T", "T-1us"} <= cells


def test_a_case_expects_something() -> None:
    assert all(case.left_out != bool(case.expected) for case in CASES)


def test_a_strange_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd.spec").write_text("feature arr\ncase Odd\nexpect\n| account_id | value |\nwhat is this\n")
    with pytest.raises(SpecError, match=r"odd\.spec:5"):
        read_specs(tmp_path / "odd.spec")
