"""Planted faults of corrections, and of what has begun to be recorded."""

from tests.property.mutants import Mutant

CORRECTIONS = (
    Mutant("corrected amounts count on", "features.grid:Flow.of", "if until is not None:", "if False:"),
    Mutant(
        "correction of an amount seen a week early",
        "features.grid:Flow.of",
        "np.r_[known[seen], until[gone]]",
        "np.r_[known[seen], until[gone] - 1]",
        leaks=True,
    ),
    Mutant(
        "correction of an amount seen a week late",
        "features.grid:Flow.of",
        "np.r_[known[seen], until[gone]]",
        "np.r_[known[seen], until[gone] + 1]",
    ),
    Mutant(
        "corrected members stay a week longer",
        "features.presence:Presence.active_weeks",
        "spells.stop, spells.week",
        "spells.stop + 1, spells.week",
    ),
    Mutant(
        "corrected members come a week early",
        "features.presence:Presence.active_weeks",
        "np.maximum(spells.first, spells.week + lag)",
        "np.maximum(spells.first - 1, spells.week + lag)",
        leaks=True,
    ),
    Mutant(
        "corrected members counted twice",
        "features.presence:Spells.apart",
        "np.where(new[1:], first[1:], np.maximum(first[1:], reached[:-1]))",
        "first[1:]",
    ),
    Mutant(
        "corrected rows are the latest for ever",
        "features.grid:running_latest",
        "seen = (known < shape[1]) & (until >= shape[1])",
        "seen = known < shape[1]",
    ),
    Mutant(
        "corrected events counted on",
        "features.rollup:Rollup.add_versions",
        "self._settle(passing.taken_back(known=gone[rows]))",
        "pass",
    ),
    Mutant(
        "events corrected from their beginning",
        "features.repeats:split_repeats",
        "SELECT * EXCLUDE (alike) FROM ranked_usage",
        "SELECT * EXCLUDE (alike) REPLACE (min(known_at) OVER (PARTITION BY event_id) AS known_at) FROM ranked_usage",
        leaks=True,
    ),
    Mutant(
        "only the last version of an event is kept",
        "features.repeats:split_repeats",
        "AND NOT alike",
        "AND NOT alike AND superseded_at IS NULL",
        leaks=True,
    ),
    Mutant(
        "the first version of an event counts for ever",
        "features.repeats:split_repeats",
        "SELECT * EXCLUDE (alike) FROM ranked_usage",
        "SELECT * EXCLUDE (alike) REPLACE (NULL::TIMESTAMP AS superseded_at) FROM ranked_usage",
    ),
    Mutant(
        "only the last version of a row is read",
        "features.rows:read_rows",
        "WHERE t.known_at",
        "WHERE t.superseded_at IS NULL AND t.known_at",
        leaks=True,
    ),
    Mutant(
        "corrected rows seen a week longer",
        "features.rows:Rows.until",
        'self.week("superseded_at")',
        'np.minimum(self.week("superseded_at") + 1, self.shape[1])',
    ),
    Mutant(
        "a correction that comes back is a repeat",
        "features.repeats:ranked",
        "lag(content) OVER turn IS NOT DISTINCT FROM content",
        "first_value(content) OVER turn IS NOT DISTINCT FROM content AND row_number() OVER turn > 1",
    ),
)

BEGINNINGS = (
    Mutant(
        "tables begun by a later as-of date",
        "features.beginnings:_any_open",
        "np.cumsum(starts - stops)[:-1] > 0",
        "np.broadcast_to(starts[:-1].sum() > 0, weeks)",
        leaks=True,
    ),
    Mutant(
        "tables begun by accounts not on record",
        "features.beginnings:_Look.found",
        'np.maximum(rows.week("known_at"), self.since[rows.account])',
        'rows.week("known_at")',
    ),
    Mutant(
        "first use in the book looked up in the future",
        "features.observed:Observed.book_tracked_since",
        "self._book.use[self._at.weeks]",
        "self._book.use[-1]",
        leaks=True,
    ),
    Mutant(
        "logins recorded by a later as-of date",
        "features.observed:Observed.has_logins",
        "self._book.features[self._at.weeks, names.index(LOGIN)]",
        "np.repeat(self._book.features[-1, names.index(LOGIN)], len(self._at))",
        leaks=True,
    ),
    Mutant(
        "product features tracked by a later as-of date",
        "features.observed:Observed._feature_weeks",
        "self._book.features[self._at.weeks]",
        "np.repeat(self._book.features[-1:], len(self._at), axis=0)",
        leaks=True,
    ),
    Mutant(
        "product features tracked as long as the account",
        "features.observed:Observed.features",
        "np.minimum(anybody, account)",
        "account",
    ),
    Mutant(
        "product features tracked a week too early",
        "features.windows:ProductFeatures.tracked",
        "self._tracked_weeks >= weeks",
        "self._tracked_weeks >= weeks - 1",
    ),
    Mutant(
        "a week more of use needed",
        "features.sheet:_Lacks.of",
        "self._tracked_weeks < feature.history",
        "self._tracked_weeks <= feature.history",
    ),
    Mutant(
        "a week less of use needed",
        "features.sheet:_Lacks.of",
        "self._tracked_weeks < feature.history",
        "self._tracked_weeks < feature.history - 1",
    ),
    Mutant(
        "tables need not have begun",
        "features.sheet:_Lacks.of",
        "lacks |= ~self._begun(table)[self._at]",
        "pass",
    ),
)

PLANTED = (*CORRECTIONS, *BEGINNINGS)
