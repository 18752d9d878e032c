"""How many books the properties try: the same ones every time, so that a red run can be repeated.

A failing book is shown as it was found; add `Phase.shrink` to `phases` to look for a smaller one (minutes).
"""

from hypothesis import HealthCheck, Phase, settings

_EVERY = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)

lots = settings(_EVERY, max_examples=120)
many = settings(_EVERY, max_examples=30)
few = settings(_EVERY, max_examples=10)
fewer = settings(_EVERY, max_examples=6)
fewest = settings(_EVERY, max_examples=2)
