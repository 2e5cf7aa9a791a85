"""Where tokcost keeps what it knows."""

from collections.abc import Mapping
from pathlib import Path


def tokcost_home(environ: Mapping[str, str]) -> Path:
    """The folder of the ledger and the settings: `TOKCOST_HOME`, else the platform's folder for user data.

    The folder need not exist.
    """
    chosen = environ.get("TOKCOST_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_data_path  # lazily: whoever sets TOKCOST_HOME need not wait for it

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
