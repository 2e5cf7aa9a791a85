"""The time zone in which git understands and shows dates."""

import os
from datetime import tzinfo

from tokcost.errors import UsageError


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
