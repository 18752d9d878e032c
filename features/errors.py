"""The few kinds of failure, each with its documented exit code."""


class ForewarnError(Exception):
    """A failure that is said in one clear message: rule, culprit, count, sample, way out."""

    exit_code = 1


class UsageError(ForewarnError):
    """The command line or the configuration asks for something that cannot be done."""

    exit_code = 2


class ContractError(ForewarnError):
    """The data break a rule that the run depends on."""

    exit_code = 3


class PromotionRefusedError(ForewarnError):
    """The challenger may not serve; the champion is kept."""

    exit_code = 4


class StaleError(ForewarnError):
    """The data do not reach the as-of date."""

    exit_code = 5


class BusyError(ForewarnError):
    """Another run holds the lease."""

    exit_code = 75
