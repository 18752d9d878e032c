"""Pictures of a model: calibration, gains, and the SHAP summary; drawn without a screen."""

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from models.explain import tree_shap
from models.hazard import FittedHazards

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHAP_ROWS = 400
"""Rows in a SHAP summary: more make the picture slower, not clearer."""


def load_shap() -> Any:  # noqa: ANN401 — shap has no types
    """Return the shap module, without the deprecation warnings of its own import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import matplotlib as mpl

        # shap draws through pyplot, which must not look for a screen.
        mpl.use("Agg")
        import shap
    return shap


def calibration_figure(curves: dict[str, Any], title: str) -> "Figure":
    """Draw a backtest's calibration curve: mean risk against the share that churned, per equal-mass bin."""
    figure, axes = _axes(title)
    points = curves["calibration"]
    if points:
        risk, churned = ([point[key] for point in points] for key in ("risk", "churned"))
        end = max(*risk, *churned, 0.01) * 1.05
        axes.plot([0, end], [0, end], color="0.6", linestyle="--", label="as said")
        axes.plot(risk, churned, marker="o", label="as it came")
        axes.legend()
    axes.set_xlabel("mean risk in the bin")
    axes.set_ylabel("share that churned")
    return figure


def gains_figure(curves: dict[str, Any], title: str) -> "Figure":
    """Draw a backtest's gains curves: churn found in the riskiest share of the accounts, per model."""
    figure, axes = _axes(title)
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", label="by lot")
    for name, points in curves["gains"].items():
        axes.plot([p["listed"] for p in points], [p["found"] for p in points], label=name)
    axes.set_xlabel("share of accounts listed")
    axes.set_ylabel("share of churn found")
    axes.legend()
    return figure


def lead_figure(curves: dict[str, Any], title: str) -> "Figure":
    """Draw lead-time curves: of the accounts that churned, the share listed at least so many days before, per model."""
    figure, axes = _axes(title)
    for place, (name, lines) in enumerate(curves["models"].items()):
        days, found, low, high = (
            [point[key] for point in lines["accounts"]] for key in ("days", "value", "low", "high")
        )
        axes.plot(days, found, label=name, linewidth=2.0 if place == 0 else 1.0)
        if place == 0:
            axes.fill_between(days, low, high, alpha=0.2)
    axes.set_xlabel("days before the churn, at least")
    axes.set_ylabel(f"share that was on a list of {curves['capacity']}")
    axes.set_ylim(bottom=0)
    axes.legend()
    return figure


def shap_figure(model: FittedHazards, frame: pd.DataFrame, interval: int, title: str) -> "Figure":
    """Draw shap's summary of one hazard's TreeSHAP values over a spread of the frame's rows."""
    from matplotlib.figure import Figure

    shap = load_shap()
    rows = frame.iloc[np.linspace(0, len(frame) - 1, min(len(frame), SHAP_ROWS)).astype(int)]
    # Of the one hazard only: TreeSHAP is most of the picture's cost.
    margins = tree_shap(replace(model, boosters=(model.boosters[interval],)), rows)
    explanation = shap.Explanation(
        margins.values[0], float(margins.base[0]), rows.to_numpy(), feature_names=list(rows.columns)
    )
    figure = Figure(figsize=(8, 7))
    axes = figure.add_subplot()
    figure.subplots_adjust(left=0.40, right=0.97, bottom=0.08, top=0.94)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shap.plots.beeswarm(explanation, max_display=18, show=False, ax=axes, plot_size=None)
    axes.set_title(title)
    return figure


def pixels(figure: "Figure") -> np.ndarray:
    """Return the figure as an image: height × width × RGB, 0–255."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def _axes(title: str) -> tuple["Figure", Any]:
    from matplotlib.figure import Figure

    # Laid out by hand: matplotlib's own layout draws every picture twice.
    figure = Figure(figsize=(6, 5))
    axes = figure.add_subplot()
    figure.subplots_adjust(left=0.13, right=0.97, bottom=0.11, top=0.92)
    axes.set_title(title)
    axes.grid(alpha=0.3)
    return figure, axes
