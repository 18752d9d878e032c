"""Files are wholly there or not at all."""

from pathlib import Path

import pytest

from pipelines.state import replacing, write_text


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "page.html"
    write_text(path, "old")
    write_text(path, "new")
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_text(path, "old")
    with pytest.raises(IsADirectoryError), replacing(path) as temporary:
        temporary.write_text(tmp_path.read_text())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
