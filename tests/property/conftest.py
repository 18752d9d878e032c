"""The properties take a thousand snapshots: read the features' source code once, not each time."""

from collections.abc import Iterator
from functools import cache

import pytest

from features.catalogue import Feature


@pytest.fixture(scope="package", autouse=True)
def _source_read_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Feature, "source", cache(Feature.source))
        yield
