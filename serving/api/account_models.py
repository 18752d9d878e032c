"""Shapes of accounts: a row of a list, where the account stands, and its explanation."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from serving.api.models import Day, Instant, Number, Page, Risk, Shape

PER_YEAR = "in the list's currency, per year"


def money(what: str) -> Any:  # noqa: ANN401  a field of pydantic
    """Return a field for an amount."""
    return Field(description=f"{what}, {PER_YEAR}; null where it is not known.")


def edge(which: str) -> Any:  # noqa: ANN401  a field of pydantic
    """Return a field for the edge of an interval."""
    return Field(description=f"{which} edge of the 95 % interval; null where it is not known.")


class Reason(Shape):
    """Why an account is where it is on the list."""

    driver: str = Field(description="What it belongs to, such as Logins or Contract.")
    feature: str = Field(description="Name of the feature, as `forewarn features` lists it.")
    text: str = Field(description="The reason in words, with its numbers.")
    contribution: Number = Field(description="Share of the risk that it adds; a probability.")


class RowFields(Shape):
    """What a list says of an account; everything is null for an account without a risk."""

    name: str | None
    owner: str | None = Field(description="Who looks after the account.")
    segment: str | None
    plan: str | None
    seats: Number = Field(description="Seats paid for.")
    arr: Number = money("Annual recurring revenue (ARR)")
    arr_at_risk: Number = money("ARR × risk_90")
    saveable: Number = money("ARR that can still be saved: 0 once the notice deadline has passed")
    place: int | None = Field(description="Number in the order of what can still be saved, from 1.")
    rank: int | None = Field(description="Number in the order of risk, from 1.")
    risk_30: Number = Field(description="Probability of churn within 30 days.")
    risk_60: Number = Field(description="Probability of churn within 60 days.")
    risk_90: Number = Field(description="Probability of churn within 90 days.")
    risk_60_90: Number = Field(description="Probability of churn in days 61 to 90.")
    risk_30_low: Number = edge("Lower")
    risk_30_high: Number = edge("Upper")
    risk_60_low: Number = edge("Lower")
    risk_60_high: Number = edge("Upper")
    risk_90_low: Number = edge("Lower")
    risk_90_high: Number = edge("Upper")
    risk_60_90_low: Number = edge("Lower")
    risk_60_90_high: Number = edge("Upper")
    health: Number = Field(description="Health from 0 to 100.")
    band: str | None = Field(description="Band of the automated risk, one of the list's bands.")
    previous_band: str | None = Field(description="Band on the list before.")
    change: Number = Field(description="Change of the risk since the list before; a difference of probabilities.")
    change_data: Number = Field(description="Part of the change that new data made.")
    change_clock: Number = Field(description="Part of the change that time made.")
    change_model: Number = Field(description="Part of the change that another model made.")
    change_text: str | None = Field(description="The change in words.")
    renewal_date: Day | None
    notice_deadline: Day | None = Field(description="Last day on which the customer can give notice.")
    separate: dict[str, float] | None = Field(description="Probabilities of separate outcomes, by name.")
    driver: str | None = Field(description="Driver of the first reason.")
    weeks_listed: int | None = Field(description="Weeks in a row above the lowest band, 0 when not above it.")
    spark: list[float] | None = Field(description="risk_90 on up to twelve lists, the oldest first.")
    sponsor: str | None = Field(description="Executive sponsor: in place, left or none; null where not tracked.")
    sponsor_since: Day | None
    customer_contact: Day | None = Field(description="Day of the last contact that the customer began.")
    last_use: Day | None = Field(description="Day on which somebody last used the product.")
    reasons: list[Reason]


class State(Shape):
    """What people said and did about an account, as it stands now; null is what nobody has said."""

    stage: str | None = Field(description="at risk, plan in place, saving, recovered or lost.")
    stage_since: Instant | None
    csm_band: str | None = Field(description="Band that a CSM gives instead of the automated one.")
    csm_reason: str | None = Field(description="Why the CSM disagrees.")
    csm_since: Instant | None
    csm_by: str | None
    snooze_until: Day | None = Field(description="Day from which the account is shown again.")
    next_action: str | None
    next_due: Day | None
    notes: int = Field(description="Notes that were written and not taken back.")


class AccountRow(RowFields):
    """One account of a list."""

    account_id: str
    rank: int = Field(description="Number in the order of risk, from 1.")
    risk_30: Risk = Field(description="Probability of churn within 30 days.")
    risk_60: Risk = Field(description="Probability of churn within 60 days.")
    risk_90: Risk = Field(description="Probability of churn within 90 days.")
    risk_60_90: Risk = Field(description="Probability of churn in days 61 to 90.")
    health: float = Field(description="Health from 0 to 100.")
    band: str = Field(description="Band of the automated risk, one of the list's bands.")
    final_band: str = Field(description="The band that counts: the CSM's where they gave one.")
    state: State


class AccountsPage(Page[AccountRow]):
    """Rows of a list in the order that was asked for."""

    as_of: Day = Field(description="The week of the list that these rows are of.")
    total: int = Field(description="Rows that were chosen, on all pages.")


class Week(Shape):
    """An account's risk on one list."""

    as_of: Day
    model: str
    risk_30: Risk
    risk_60: Risk
    risk_90: Risk
    risk_60_90: Risk
    health: float
    band: str
    rank: int


class Account(Shape):
    """One account on the newest list that knows it, where it stands, and the weeks before."""

    account_id: str
    name: str | None
    owner: str | None
    segment: str | None
    as_of: Day = Field(description="The current list where it has the account, else the newest one that does.")
    scored: bool = Field(description="Whether that list has a risk for it.")
    why: str | None = Field(description="Why it has none.")
    row: AccountRow | None = Field(description="Its row of that list, null without a risk.")
    final_band: str | None = Field(description="The band that counts, null without a risk and a CSM's word.")
    state: State
    history: list[Week] = Field(description="Its risk on every list that scored it, the oldest first.")


class DriverShare(Shape):
    """What all features of a driver add to the risks."""

    driver: str
    contribution_90: Number = Field(description="Share of risk_90.")
    contribution_60_90: Number = Field(description="Share of risk_60_90.")


class Contribution(Shape):
    """What one feature adds to the risks, and the number behind it."""

    feature: str
    driver: str
    title: str
    unit: str
    value: Number = Field(description="The account's value in that unit, null where it is missing.")
    contribution_90: Number = Field(description="Share of risk_90.")
    contribution_60_90: Number = Field(description="Share of risk_60_90.")
    text: str = Field(description="The value in words.")
    tracked: bool = Field(description="False where nothing records the value.")
    facts: dict[str, float | None] = Field(description="Numbers that the text names.")


class Explanation(RowFields):
    """One account's risk taken apart: base plus all contributions is the risk."""

    account_id: str
    as_of: Day
    outcome: str = Field(description="Hash of the outcome contract.")
    model: str
    simulated: bool
    currency: str
    accounts: int = Field(description="Accounts with a risk on the whole list.")
    left_out: dict[str, str] = Field(description="Features that the list does without, and why.")
    scored: bool
    why: str | None = Field(description="Why the account has no risk.")
    base_90: Number = Field(description="Risk within 90 days before anything is known of an account.")
    base_60_90: Number = Field(description="Risk in days 61 to 90 before anything is known of an account.")
    drivers: list[DriverShare] = Field(description="The largest share of risk_90 in either direction first.")
    contributions: list[Contribution] = Field(description="The largest share of risk_90 in either direction first.")
    history: list[Week] = Field(description="Risks on every list up to this one, the oldest first.")
