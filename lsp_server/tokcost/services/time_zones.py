"""Time zones by their names in the IANA database (`Europe/Berlin`), from this machine's or Python's copy."""

import os
from datetime import UTC, tzinfo

from tokcost.errors import UsageError


def time_zone(name: str) -> tzinfo:
    """The zone of that name. Raises `UsageError` if there is none."""
    if name.upper() in ("UTC", "Z"):
        return UTC
    from zoneinfo import ZoneInfo  # few ask for another time zone

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:  # a folder of zones, an invalid file name, no zone
        raise UsageError(f"--timezone: '{name}' is not a time zone", _hint(name)) from error


def for_git(zone: tzinfo) -> str:
    """The value of the variable `TZ` with which git uses the same rules: the path of the zone's file, since git
    silently takes an unknown name for UTC. Raises `UsageError` if no file has the rules."""
    key = str(getattr(zone, "key", ""))
    if not key:
        return "UTC0"
    from zoneinfo import TZPATH

    for path in (os.path.join(folder, key) for folder in (*TZPATH, *_packaged())):
        if os.path.isfile(path):
            return f":{path}"
    raise UsageError(f"--timezone: this machine has no data on {key} for git", "Install the package tzdata.")


def _packaged() -> list[str]:
    from importlib.util import find_spec

    spec = find_spec("tzdata")
    return [os.path.join(folder, "zoneinfo") for folder in (spec.submodule_search_locations or ())] if spec else []


def _hint(name: str) -> str:
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    known = {zone.lower(): zone for zone in available_timezones()}
    if not known:
        return "This machine has no time zone data: install the package tzdata."
    wanted = name.lower().replace(" ", "_")
    cities = [zone for low, zone in sorted(known.items()) if low.rpartition("/")[2] == wanted]
    near = cities or [known[low] for low in get_close_matches(wanted, known, 3)]
    return f"Did you mean {' or '.join(near)}?" if near else "For example Europe/Berlin, America/New_York, UTC."
