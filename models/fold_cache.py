"""Folds that were replayed before: predictions kept by the content they were made from."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from models.protocol import RISKS, Model, Rows
from models.provenance import code_of

KEPT = 400
"""Folds that are kept; the ones not used for longest go first."""
DRIVERS = ".drivers"
NO_EFFECT = frozenset({"threads", "minimum_churns"})
"""Settings that change no prediction."""


@dataclass(frozen=True)
class Replayed:
    """One model's predictions of one fold's test rows, and the CPU seconds that they cost when they were made."""

    risks: pd.DataFrame
    """RISKS per row, in the order of the test rows."""
    fit_seconds: float
    predict_seconds: float
    drivers: pd.DataFrame | None = None
    """What its risks are made of at the last as-of date, by driver, where the model can say."""
    cached: bool = False


@dataclass(frozen=True)
class FoldCache:
    """A folder of Parquet files, one per fold and model; anything that cannot be read is made again."""

    folder: Path

    def key(self, model: Model, *content: str) -> str | None:
        """Return the name of what the model would predict from this content; None when the model has no identity."""
        who = identity(model)
        if who is None:
            return None
        return hashlib.sha256("\n".join([who, *content]).encode()).hexdigest()[:32]

    def get(self, key: str, rows: int) -> Replayed | None:
        """Return what is kept under the key, None when nothing whole is."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path, beside = (self.folder / f"{key}{end}.parquet" for end in ("", DRIVERS))
        try:
            table = pq.read_table(path, page_checksum_verification=True)
            about = json.loads(table.schema.metadata[b"about"])
            found = table.select(list(RISKS)).to_pandas()
            drivers = pq.read_table(beside, page_checksum_verification=True).to_pandas() if about["drivers"] else None
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
            return None
        if len(found) != rows:
            return None
        path.touch()
        return Replayed(found, float(about["fit"]), float(about["predict"]), drivers, cached=True)

    def put(self, key: str, made: Replayed) -> None:
        """Keep a fold; a reader sees it whole or not at all."""
        import pyarrow as pa

        self.folder.mkdir(parents=True, exist_ok=True)
        if made.drivers is not None:
            self._write(pa.Table.from_pandas(made.drivers, preserve_index=False), f"{key}{DRIVERS}")
        about = {"fit": made.fit_seconds, "predict": made.predict_seconds, "drivers": made.drivers is not None}
        table = pa.table({risk: made.risks[risk].to_numpy(dtype=float) for risk in RISKS})
        self._write(table.replace_schema_metadata({b"about": json.dumps(about).encode()}), key)
        self._tidy()

    def _write(self, table: Any, name: str) -> None:  # noqa: ANN401  pyarrow has no types
        import pyarrow.parquet as pq

        # A name of its own: two runs may replay the same fold at once.
        handle, path = tempfile.mkstemp(prefix=f".{name}.", dir=self.folder)
        os.close(handle)
        half = Path(path)
        pq.write_table(table, half, write_page_checksum=True)
        half.replace(self.folder / f"{name}.parquet")

    def _tidy(self) -> None:
        whole = [path for path in self.folder.glob("*.parquet") if not path.stem.endswith(DRIVERS)]
        for path in sorted(whole, key=lambda path: path.stat().st_mtime)[: max(len(whole) - KEPT, 0)]:
            path.unlink(missing_ok=True)
            path.with_stem(f"{path.stem}{DRIVERS}").unlink(missing_ok=True)


def identity(model: Model) -> str | None:
    """Return what the model's predictions depend on beside its rows: kind, settings, code and library versions.

    None for a model that is no dataclass, whose state cannot be told, or that was typed in and has no file.
    """
    thing: Any = model
    if not is_dataclass(thing) or type(model).__module__ == "__main__":
        return None
    settings = {field.name: _plain(getattr(thing, field.name)) for field in fields(thing)}
    parts = [type(model).__qualname__, json.dumps(settings, sort_keys=True), code_of(type(model).__module__)]
    return "\n".join([*parts, _versions()])


def _plain(value: object) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, BaseModel):
        return {name: part for name, part in value.model_dump(mode="json").items() if name not in NO_EFFECT}
    if isinstance(value, FunctionType):
        return f"{value.__module__}.{value.__qualname__} {code_of(value.__module__)}"
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


def _versions() -> str:
    from importlib.metadata import version

    return " ".join(f"{name}={version(name)}" for name in ("lightgbm", "scikit-learn", "scipy", "numpy"))


def day_digests(rows: Rows) -> dict[np.datetime64, str]:
    """Return, per as-of date, a digest of its rows: accounts, columns, values and standing."""
    when = rows.index.get_level_values("as_of").to_numpy(dtype="datetime64[s]")
    accounts = rows.index.get_level_values("account_id").to_numpy(dtype=object)
    head = "\n".join(map(str, [*rows.frame.columns, *rows.standing.columns])).encode()
    values = rows.frame.to_numpy(dtype=float)
    beside = pd.util.hash_pandas_object(rows.standing.reset_index(drop=True), index=False).to_numpy()
    found = {}
    for day in np.unique(when):
        here = np.flatnonzero(when == day)
        digest = hashlib.sha256(head)
        digest.update("\n".join(map(str, accounts[here])).encode())
        for part in (values[here], beside[here]):
            digest.update(np.ascontiguousarray(part).tobytes())
        found[day] = digest.hexdigest()
    return found


def labels_digest(labels: pd.DataFrame) -> str:
    """Return a digest of what the training was told."""
    return hashlib.sha256(np.ascontiguousarray(labels.to_numpy(dtype=float)).tobytes()).hexdigest()


def digest_of(parts: Iterable[str]) -> str:
    """Return one digest of several."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
