"""Where tokcost keeps what it knows."""

import sys
from collections.abc import Mapping
from pathlib import Path


def tokcost_home(environ: Mapping[str, str]) -> Path:
    """The folder of the ledger and the settings: `TOKCOST_HOME`, else the platform's folder for user data.

    The folder need not exist.
    """
    chosen = environ.get("TOKCOST_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    home = environ.get("HOME", "")
    is_plain = sys.platform == "linux" and "XDG_DATA_HOME" not in environ and "ANDROID_ROOT" not in environ
    if is_plain and home.startswith("/"):  # what platformdirs says too, 4 ms later
        return Path(home, ".local/share/tokcost")
    from platformdirs import user_data_path

    return user_data_path("tokcost", appauthor=False)


def is_switched_off(environ: Mapping[str, str]) -> bool:
    """Whether tokcost keeps out of one commit: `TOKCOST=off git commit`."""
    return environ.get("TOKCOST", "").lower() in ("off", "0", "false", "no")


def tokcost_cache(environ: Mapping[str, str]) -> Path:
    """The folder of what can be made again at any time: `TOKCOST_HOME`, else the platform's folder for caches."""
    chosen = environ.get("TOKCOST_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("tokcost", appauthor=False)
