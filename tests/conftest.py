"""What all tests share."""

from collections.abc import Iterator

import pytest

from pipelines.quiet import hush_at_exit

hush_at_exit()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server that runs for this session; whoever fills it empties it."""
    from tests.postgres import binaries, postgres

    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed")
    with postgres(programs) as url:
        yield url
