"""The kind that is served: three conditional interval hazards, each a LightGBM."""

from models.hazard import HazardModel
from models.protocol import Model
from models.settings import TrainSettings

TITLE = "Interval hazards"


def model(settings: TrainSettings) -> Model:
    """Return the model of `models/hazard.py`."""
    return HazardModel(settings)
