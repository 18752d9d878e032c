"""A bundle: the model as stored, LightGBM text and JSON under a manifest of digests; nothing is ever unpickled."""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from features.errors import ContractError
from features.outcome import INTERVALS
from models.calibration import Calibration
from models.competing import separate_risks
from models.hazard import FittedHazards, parse_booster
from models.health import HealthScale
from models.protocol import Rows
from models.renewal_line import RenewalLine
from models.score_interval import ScoreIntervals

FORMAT = 1
MANIFEST = "manifest.json"
FACTS = "bundle.json"
TEXTS = tuple(f"hazard_{start}_{end}.txt" for start, end in INTERVALS)
SEPARATE_TEXT = re.compile(f"([a-z_]{{1,16}})_({'|'.join(map(re.escape, TEXTS))})")
"""Files of a separate outcome, for example contraction_hazard_0_30.txt."""


@dataclass(frozen=True)
class Bundle:
    """A stored model whose every byte was checked."""

    id: str
    """First 12 hex digits of the manifest's sha256."""
    folder: Path
    hazards: FittedHazards
    about: Mapping[str, Any]
    """What it was made from: outcome_digest, catalogue_digest, known_by, counts."""
    scale: HealthScale

    def predict(self, rows: Rows) -> pd.DataFrame:
        """Return RISKS per row; raises ContractError when the columns are not the model's."""
        return self.hazards.predict(rows)

    def intervals(self, risk_rows: pd.DataFrame) -> pd.DataFrame:
        """Return `RISK_low` and `RISK_high` per row of RISKS; NaN for a model stored without them."""
        return (self.hazards.intervals or ScoreIntervals({})).apply(risk_rows)

    def separate_risks(self, rows: Rows) -> pd.DataFrame:
        """Return `NAME_30` … `NAME_60_90` per separate outcome; no columns when the model has none."""
        if not self.hazards.separate:
            return pd.DataFrame(index=rows.index)
        main = self.hazards.hazards(rows.frame)
        kinds = self.hazards.separate.items()
        return pd.concat([separate_risks(name, main, k.hazards(rows.frame), rows.index) for name, k in kinds], axis=1)

    def health(self, risk_90: ArrayLike) -> np.ndarray:
        """Return health per risk: 0–100, high is good, strictly decreasing."""
        return self.scale(risk_90)

    def require(self, *, catalogue_digest: str, outcome_digest: str) -> None:
        """Raise ContractError unless the model was made with this catalogue and this outcome contract."""
        for key, now in (("catalogue_digest", catalogue_digest), ("outcome_digest", outcome_digest)):
            if self.about[key] != now:
                what = key.removesuffix("_digest")
                raise ContractError(
                    f"model {self.id} was made with {what} {self.about[key]}, but this run has {what} {now}: "
                    "train again (forewarn train), or put the old definition back"
                )


def save_bundle(fitted: FittedHazards, folder: Path) -> Bundle:
    """Write the model to `folder` and return it as read back.

    The folder appears whole or not at all; the same model gives the same bytes. Raises ContractError when the folder
    already exists with other content, ValueError when the model was never given its digests and health scale.
    """
    if fitted.scale is None or not {"catalogue_digest", "outcome_digest"} <= set(fitted.about):
        raise ValueError("a bundle needs the health scale and the digests that train() gives")
    files = {FACTS: _json(_facts(fitted, fitted.scale))}
    for prefix, model in {"": fitted, **{f"{name}_": kind for name, kind in fitted.separate.items()}}.items():
        texts = zip(TEXTS, model.boosters, strict=True)
        files |= {prefix + name: booster.model_to_string().encode() for name, booster in texts}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    files[MANIFEST] = _json({"format": FORMAT, "files": digests})
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".bundle-") as name:
        half = Path(name) / "bundle"
        half.mkdir()
        for file, content in files.items():
            (half / file).write_bytes(content)
        _place(half, folder, files)
    return load_bundle(folder)


def load_bundle(folder: Path, *, expected_id: str | None = None) -> Bundle:
    """Return the model stored in `folder`; LightGBM reads a file only after its digest was checked.

    Raises ContractError when a file is missing, damaged or exchanged, or when `expected_id` is another model's.
    """
    manifest = _read(folder, MANIFEST)
    bundle_id = hashlib.sha256(manifest).hexdigest()[:12]
    if expected_id is not None and bundle_id != expected_id:
        raise ContractError(f"{folder}: holds model {bundle_id}, not {expected_id}: {_WAY_OUT}")
    files = _digests(folder, manifest)
    content = {name: _checked(folder, name, digest) for name, digest in files.items()}
    facts = json.loads(content[FACTS])
    _require_texts(folder, set(content), facts.get("separate", []))
    try:
        fitted = _fitted(facts, {name: text.decode() for name, text in content.items()})
    except (ValueError, TypeError, KeyError) as error:
        raise ContractError(
            f"{folder / FACTS}: is not of a model that this version knows ({error}): {_WAY_OUT}"
        ) from error
    return Bundle(bundle_id, folder, fitted, facts["about"], HealthScale.from_json(facts["health"]))


def _require_texts(folder: Path, names: set[str], separate: Sequence[str]) -> None:
    """Raise ContractError unless there is one text per interval of the main outcome and of each separate one."""
    wanted = {FACTS, *TEXTS, *(f"{name}_{text}" for name in separate for text in TEXTS)}
    if names != wanted:
        raise ContractError(
            f"{folder / MANIFEST}: is not of format {FORMAT} with files {', '.join(sorted(wanted))}: {_WAY_OUT}"
        )


def _fitted(facts: Mapping[str, Any], texts: Mapping[str, str]) -> FittedHazards:
    columns = tuple(facts["columns"])
    calibration, intervals, line = facts["calibration"], facts.get("score_intervals"), facts.get("line")
    if line is not None and tuple(line["columns"]) != columns:
        raise ValueError("its line reads other columns than its trees")
    separate = {
        name: FittedHazards(tuple(parse_booster(texts[f"{name}_{text}"]) for text in TEXTS), columns)
        for name in facts.get("separate", [])
    }
    return FittedHazards(
        boosters=tuple(parse_booster(texts[name]) for name in TEXTS),
        columns=columns,
        typical={name: float("nan") if v is None else v for name, v in facts["typical"].items()},
        scale=HealthScale.from_json(facts["health"]),
        line=None if line is None else RenewalLine.from_json(line),
        calibration=None if calibration is None else Calibration.from_json(calibration),
        intervals=None if intervals is None else ScoreIntervals.from_json(intervals),
        separate=separate,
        about=facts["about"],
    )


_WAY_OUT = "fetch the model again from the tracking store, or train again (forewarn train)"


def _place(half: Path, folder: Path, files: Mapping[str, bytes]) -> None:
    if not folder.exists():
        half.rename(folder)
        return
    if any(not (folder / n).is_file() or (folder / n).read_bytes() != c for n, c in files.items()):
        raise ContractError(f"{folder}: already holds another model; a stored model never changes, use a new folder")
    shutil.rmtree(half)


def _facts(fitted: FittedHazards, scale: HealthScale) -> dict[str, Any]:
    return {
        "columns": list(fitted.columns),
        "intervals": [list(interval) for interval in INTERVALS],
        "line": None if fitted.line is None else fitted.line.to_json(),
        "calibration": None if fitted.calibration is None else fitted.calibration.to_json(),
        "score_intervals": None if fitted.intervals is None else fitted.intervals.to_json(),
        "separate": list(fitted.separate),
        "categories": {},
        "typical": {name: None if np.isnan(v) else v for name, v in fitted.typical.items()},
        "health": scale.to_json(),
        "about": dict(fitted.about),
    }


def _digests(folder: Path, manifest: bytes) -> dict[str, str]:
    try:
        stored = json.loads(manifest)
        files = {str(name): str(digest) for name, digest in stored["files"].items()}
        known = stored["format"] == FORMAT
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ContractError(f"{folder / MANIFEST}: is not a manifest: {_WAY_OUT}") from error
    strange = [name for name in files if name not in {FACTS, *TEXTS} and not SEPARATE_TEXT.fullmatch(name)]
    if not known or strange or FACTS not in files:
        raise ContractError(f"{folder / MANIFEST}: is not of format {FORMAT} with files {FACTS}, {', '.join(TEXTS)}")
    return files


def _checked(folder: Path, name: str, digest: str) -> bytes:
    content = _read(folder, name)
    if hashlib.sha256(content).hexdigest() != digest:
        raise ContractError(
            f"{folder / name}: its sha256 is not the manifest's, so it was damaged or exchanged: {_WAY_OUT}"
        )
    return content


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ContractError(f"{folder / name}: cannot be read ({error.strerror}): {_WAY_OUT}") from error


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()
