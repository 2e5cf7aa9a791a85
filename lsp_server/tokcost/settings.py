"""The folder of the ledger, and the switches in the environment."""

import os
import sys

TYPE_CHECKING = False
"""A hook that a server answers imports nothing but this: `typing` and `pathlib` take longer than everything it does."""
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


CONFIG_FILE = "config.toml"
"""In the folder of the ledger: the user's settings for all repositories."""
PLANS_FILE = "plans.json"
"""The user's plans, in the folder of the ledger (`policy/plans.py`); named here for code that only checks whether it
exists."""
RESCUES_FILE = "rescues.json"
"""The record of rescues, in the folder of the ledger (`ledger/rescue_record.py`); named here for the same reason."""
REPORTS_FOLDER = "reports"
"""In the folder of the ledger: the texts that an editor was shown, which a purge removes."""


def home_folder(environ: "Mapping[str, str]") -> str:
    """The folder of the ledger and the settings: `TOKCOST_HOME`, else the platform's folder for user data. It need
    not exist."""
    chosen = environ.get("TOKCOST_HOME")
    if chosen:
        chosen = os.path.expanduser(chosen)
        return chosen if os.path.isabs(chosen) else os.path.join(os.getcwd(), chosen)
    home, data = environ.get("HOME", ""), environ.get("XDG_DATA_HOME", "")
    if sys.platform == "linux" and "ANDROID_ROOT" not in environ:  # the same result as platformdirs, 4 ms faster
        if data.startswith("/"):
            return os.path.join(data, "tokcost")
        if "XDG_DATA_HOME" not in environ and home.startswith("/"):
            return f"{home.rstrip('/')}/.local/share/tokcost"
    from platformdirs import user_data_dir

    return user_data_dir("tokcost", appauthor=False)


def tokcost_home(environ: "Mapping[str, str]") -> "Path":
    """The folder of the ledger and the settings, as a path."""
    from pathlib import Path

    return Path(home_folder(environ))


def is_switched_off(environ: "Mapping[str, str]") -> bool:
    """Whether tokcost ignores one commit: `TOKCOST=off git commit`."""
    return is_off(environ.get("TOKCOST", ""))


def is_off(value: str) -> bool:
    """Whether the value of a variable disables its subject."""
    return value.lower() in ("off", "0", "false", "no")


def tokcost_cache(environ: "Mapping[str, str]") -> "Path":
    """The folder of data that can be recreated at any time: `TOKCOST_HOME`, else the platform's folder for caches."""
    if environ.get("TOKCOST_HOME"):
        return tokcost_home(environ)
    from platformdirs import user_cache_path

    return user_cache_path("tokcost", appauthor=False)
