"""A backtest's predictions whose true risks are known: accounts that share their luck, seen at many as-of dates."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from models.protocol import risks
from models.recalibration import logistic

FIRST = date(2025, 1, 6)


def past_scores(seed: int, *, accounts: int = 300, stretch: float = 1.0, level: float = -3.5) -> pd.DataFrame:
    """Return six folds of four as-of dates; the log-odds that were said are `stretch` times the true ones."""
    rng = np.random.default_rng(seed)
    weeks = np.array([8 * fold + 2 * week for fold in range(6) for week in range(4)])
    rows = accounts * len(weeks)
    account, moment = np.divmod(np.arange(rows), len(weeks))
    z = (level + rng.normal(0, 1.2, accounts))[account, None] + rng.normal(0, 0.3, (rows, 3))
    luck = np.where(rng.random(rows) < 0.5, rng.random(accounts)[account], rng.random(rows))
    true = risks(logistic(z), pd.RangeIndex(rows))
    out = risks(logistic(stretch * z), pd.RangeIndex(rows))
    for risk in ("risk_30", "risk_60", "risk_90"):
        out[risk.replace("risk", "churned")] = (luck < true[risk]).astype(float)
        out[f"true_{risk[5:]}"] = true[risk]
    out["churned_60_90"] = out["churned_90"] - out["churned_60"]
    out["account_id"] = account
    out["as_of"] = pd.to_datetime([FIRST + timedelta(weeks=int(week)) for week in weeks[moment]])
    out["fold"] = 1 + moment // 4
    out["segment"] = np.where(account % 3 == 0, "smb", "mid")
    out["arr"] = 1.0
    return out
