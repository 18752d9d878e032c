"""Names: ids and made-up company names."""

from functools import lru_cache

FIRST_WORDS = """
Amber Birch Cedar Cobalt Coral Crimson Delta Ember Falcon Granite Harbor Indigo Juniper Keystone Lantern Linden Maple
Meridian Nimbus North Oakfield Onyx Orchard Pebble Pine Quartz River Saffron Sierra Silver Solstice Summit Tidal Timber
Topaz Union Velvet Vertex Willow Zephyr
"""
SECOND_WORDS = """
Analytics Brands Builders Capital Clinics Components Dynamics Energy Foods Freight Garments Group Health Holdings
Industries Instruments Labs Logistics Machines Markets Materials Media Mills Motors Networks Optics Partners Pharma
Plastics Power Press Robotics Schools Services Stores Supply Systems Tools Travel Works
"""
STRIDE = 769
"""Shares no divisor with the number of pairs, so that neighbours get unlike names."""


@lru_cache
def _words() -> tuple[list[str], list[str]]:
    return FIRST_WORDS.split(), SECOND_WORDS.split()


def account_id(number: int) -> str:
    """Return the id of the account of that number."""
    return f"A{number:05d}"


def contact_id(account: str, position: int) -> str:
    """Return the id of an account's contact; the positions follow the roles in order."""
    return f"{account}-C{position + 1}"


def company_name(number: int) -> str:
    """Return a made-up company name, a different one for every number."""
    first, second = _words()
    again, place = divmod(number, len(first) * len(second))
    mixed = place * STRIDE % (len(first) * len(second))
    name = f"{first[mixed % len(first)]} {second[mixed // len(first)]}"
    return f"{name} {again + 1}" if again else name
