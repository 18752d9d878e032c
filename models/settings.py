"""How models are grown and trained; light to import, as every command reads the settings."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class HazardSettings(BaseModel):
    """How each interval's trees are grown; no class weights, so that probabilities stay probabilities."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trees: int = Field(default=200, ge=1, le=2000, description="trees per interval; explanations cost in proportion")
    leaves: int = Field(default=4, ge=2, le=255, description="leaves per tree")
    learning_rate: float = Field(default=0.05, gt=0, le=1, description="shrinkage per tree")
    min_data_in_leaf: int = Field(default=200, ge=1, description="fewest rows in a leaf")
    feature_fraction: float = Field(default=0.5, gt=0, le=1, description="share of features each tree may use")
    lambda_l2: float = Field(default=10.0, ge=0, description="L2 penalty on leaf values")
    line_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="share of the log-odds a line has where a contract ends; 0: trees only",
    )
    seed: int = Field(default=7, ge=0, description="seed of everything random in training")
    threads: int = Field(default=0, ge=0, description="intervals worked on at once; 0 means one per core")

    def lightgbm(self) -> dict[str, Any]:
        """Return LightGBM's parameters; the same rows give byte-identical model text."""
        return {
            "objective": "binary",
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": self.min_data_in_leaf,
            "feature_fraction": self.feature_fraction,
            "lambda_l2": self.lambda_l2,
            "seed": self.seed,
            # One thread each, intervals side by side: OpenMP threads that wait for each other took twenty times as
            # long as one thread when another process was busy on the same two cores.
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


class TrainSettings(HazardSettings):
    """The hazards' settings and what training asks of the data."""

    minimum_churns: int = Field(
        default=30, ge=1, description="fewest matured churns within the horizon to train a model on"
    )
