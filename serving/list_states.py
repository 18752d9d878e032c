"""What people said of all accounts, as filters of a list ask for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serving.acting.states import AccountState


@dataclass(frozen=True)
class States:
    """Where the accounts stand that somebody has acted on, as of one action."""

    last_action: int = 0
    by_account: Mapping[str, AccountState] = field(default_factory=dict)

    def staged(self, stages: Collection[str] | None) -> list[str]:
        """Return the accounts in one of these stages, for None in any."""
        return [
            account
            for account, state in self.by_account.items()
            if state.stage is not None and (stages is None or state.stage in stages)
        ]

    def snoozed(self, today: date) -> list[str]:
        """Return the accounts that are put off beyond today."""
        return [account for account, state in self.by_account.items() if state.is_snoozed(today)]

    def due(self, today: date) -> list[str]:
        """Return the accounts whose next action is due within a week or overdue."""
        end = today + timedelta(days=7)
        return [
            account
            for account, state in self.by_account.items()
            if state.next_action is not None and state.next_due is not None and state.next_due <= end
        ]
