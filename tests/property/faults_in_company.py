"""Planted faults of dealings with an account, of its first weeks, and of its peers."""

from tests.property.mutants import Mutant

DEALINGS = (
    Mutant(
        "answers counted when given, not when known",
        "features.engagement:_flow",
        'np.maximum(week, rows.week("known_at"))[which]',
        "week[which]",
        leaks=True,
    ),
    Mutant(
        "people counted when there, not when known",
        "features.engagement:_people",
        'np.maximum(week, rows.week("known_at"))[which]',
        "week[which]",
        leaks=True,
    ),
    Mutant(
        "latest touch seen when it happened",
        "features.engagement:_last",
        'rows.week("known_at")',
        "rows.week(name)",
        leaks=True,
    ),
    Mutant(
        "payment in the future already made",
        "features.engagement:invoices",
        'rows.week("known_at"), rows.week("paid_at")',
        'rows.week("known_at"), np.where(paid == NEVER, rows.shape[1], rows.week("known_at"))',
        leaks=True,
    ),
    Mutant(
        "contact's end read before it passed",
        "features.engagement:contacts",
        'np.minimum(rows.week("ended_at"), rows.until)',
        'np.where(rows.times("ended_at") == NEVER, rows.until, came)',
        leaks=True,
    ),
    Mutant("paid on the day is late", "features.engagement:invoices", "(paid > due)", "(paid >= due)"),
    Mutant(
        "early payment counts against late", "features.engagement:invoices", "np.maximum(paid - due, 0)", "paid - due"
    ),
    Mutant("best of two answers at once", "features.engagement:surveys", "(-score, answered)", "(score, answered)"),
    Mutant("six is no detractor", "features.engagement:surveys", "score <= DETRACTOR", "score < DETRACTOR"),
    Mutant("nine is no promoter", "features.engagement:surveys", "score >= PROMOTER", "score > PROMOTER"),
    Mutant(
        "missed meetings held",
        "features.engagement:touchpoints",
        'rows.numbers("kept") != 0',
        "np.ones(len(rows), dtype=bool)",
    ),
    Mutant("an invitation is a touch", "features.engagement:touchpoints", "kept & ~invitation", "kept"),
    Mutant(
        "a close in the week in which it was recorded",
        "features.states:tickets",
        'closed = rows.week("closed_at")',
        'closed = np.maximum(rows.week("closed_at"), known)',
    ),
)

FIRST_WEEKS = (
    Mutant(
        "onboarding read before its end",
        "features.observed:Observed.when_ended",
        "(week <= self._at.weeks)",
        "(week < self._at.total)",
        leaks=True,
    ),
    Mutant(
        "first steps as they are known now",
        "features.presence:Presence.first_known",
        "np.minimum.at(found, member, known)",
        "found[:] = np.where(self.prompt.any(axis=0), (self.prompt > 0).argmax(axis=0), weeks)",
        leaks=True,
    ),
    Mutant(
        "first value a week before",
        "features.families.onboarding:days_to_first_value",
        "(week + 1.0) * 7",
        "week * 7.0",
    ),
    Mutant(
        "first steps a week short",
        "features.families.onboarding:onboarding_steps",
        "_began(seen) + WEEKS",
        "_began(seen) + WEEKS - 1",
    ),
    Mutant(
        "seen when its contract began before anybody",
        "features.families.onboarding:_unseen",
        "seen.book_tracked_since > _began(seen)",
        "seen.book_tracked_since - 1 > _began(seen)",
    ),
    Mutant(
        "the year before a week short",
        "features.families.logins:login_drop_vs_last_year",
        "lag=52",
        "lag=51",
    ),
    Mutant(
        "entitled before the plan held it",
        "features.observed:Observed._included",
        "self._at.weeks[:, None] >= since",
        "since < self._grid.weeks",
        leaks=True,
    ),
)

PEERS = (
    Mutant(
        "median over all as-of dates",
        "features.peers:Peers._segments",
        "segment[here] * self._accounts.chosen.shape[1] + at[here]",
        "segment[here]",
        leaks=True,
        crowd=True,
    ),
    Mutant(
        "median of one too few",
        "features.peers:Peers.median",
        "len(given) >= ENOUGH",
        "len(given) >= ENOUGH - 1",
        crowd=True,
    ),
    Mutant(
        "values that are missing count for the median",
        "features.peers:Peers.median",
        "given = given[~np.isnan(given)]",
        "given = np.nan_to_num(given)",
        crowd=True,
    ),
    Mutant(
        "peers' churn over 51 weeks",
        "features.observed:Observed.before",
        "column = self._at.weeks - weeks",
        "column = self._at.weeks - weeks + 1",
        crowd=True,
        also=Mutant("", "features.observed:Observed.__init__", "- YEAR]", "- YEAR + 1]"),
    ),
    Mutant(
        "peers' churn over 53 weeks",
        "features.observed:Observed.before",
        "column = self._at.weeks - weeks",
        "column = self._at.weeks - weeks - 1",
        crowd=True,
        also=Mutant("", "features.observed:Observed.__init__", "- YEAR]", "- YEAR - 1]"),
    ),
    Mutant(
        "peers as they are classed later",
        "features.observed:Observed.numbered",
        "self.at(self._version)",
        "np.repeat(self._version[:, -1:], len(self._at), axis=1)",
        leaks=True,
        crowd=True,
    ),
    Mutant(
        "peers lost by a later as-of date",
        "features.peers:Accounts.of",
        "seen.at(in_force)",
        "np.repeat(in_force[:, -1:], chosen.shape[1], axis=1)",
        leaks=True,
        crowd=True,
    ),
    Mutant(
        "load of those scored alone",
        "features.peers:Peers.load",
        "self._accounts.in_force",
        "self._accounts.chosen",
        crowd=True,
    ),
    Mutant(
        "another's own value",
        "features.peers:Peers.own",
        "self._values[feature]",
        "np.roll(self._values[feature], 1)",
        crowd=True,
    ),
)

PLANTED = (*DEALINGS, *FIRST_WEEKS, *PEERS)
