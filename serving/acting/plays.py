"""What to do about a driver: one play each, which the configuration may replace."""

from collections.abc import Mapping

PLAYS: Mapping[str, str] = {
    "Logins": "Call the main user: what stopped them? Offer a short session with the team this week.",
    "Adoption": "Show the product features that fell out of use on one of the customer's own cases.",
    "Seats": "Go through the unused seats with the admin: invite people again, or fit the plan to the need.",
    "Sponsor": "Find out who owns the purchase now, and ask for half an hour with them about their goals.",
    "Support": "Take the open tickets to the support lead, and tell the customer by when each is solved.",
    "Sentiment": "Call back whoever gave the low score, listen first, and agree on one thing that changes.",
    "Relationship": "Ask for a review meeting: what went well, what comes next, who should join.",
    "Enablement": "Offer a training for people who joined after the last one.",
    "Onboarding": "Agree on the next milestone of the start, with a date and a name on both sides.",
    "Contract": "Open the renewal talk before the notice deadline: value so far, plan for next year, terms.",
    "Payment": "Ask the buyer and finance what holds the invoice, before anything is switched off.",
    "Fit": "Check with the customer whether the plan still fits what they need; adjust it before they leave.",
}


def play_for(driver: str | None, configured: Mapping[str, str]) -> str | None:
    """Return the play for a driver: the configured one, else ours, None for a driver without one."""
    return None if driver is None else configured.get(driver) or PLAYS.get(driver)
