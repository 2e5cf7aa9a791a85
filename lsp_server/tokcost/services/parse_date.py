"""`--since` and `--until` in git's date formats, parsed by git itself, and `--timezone`.

git accepts almost anything as a date: unknown text becomes "now", without a message. `git config --type=expiry-date`
runs the same parser and does report errors, inside and outside a repository.
"""

import re
import time
from datetime import UTC, date, tzinfo

from tokcost.errors import UsageError
from tokcost.repo.run import GitFailed, run_git
from tokcost.repo.time_zone import for_git

_WHOLE_DAY = re.compile(r"today|yesterday|\d{4}-\d{2}-\d{2}")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_HINT = 'Write it as git does, for example 2.weeks, yesterday, "last friday" or 2026-11-01.'


def since_ms(words: str, option: str = "--since", zone: tzinfo | None = None) -> int:
    """The moment that the text means, in milliseconds UTC; for a day, its first moment. Times are in `zone`, or in
    this machine's time zone. Raises `UsageError`."""
    return _seconds(words, "00:00:00", option, zone) * 1000


def until_ms(words: str, option: str = "--until", zone: tzinfo | None = None) -> int:
    """The first moment after the range that the text means, in milliseconds UTC: for a day, the end of that day."""
    if _WHOLE_DAY.fullmatch(words.strip().lower()):
        return (_seconds(words, "23:59:59", option, zone) + 1) * 1000
    return _seconds(words, "", option, zone) * 1000


def time_zone(name: str) -> tzinfo:
    """The zone of that name in the IANA database (`Europe/Berlin`), from this machine's or Python's copy. Raises
    `UsageError` if there is none."""
    if name.upper() in ("UTC", "Z"):
        return UTC
    from zoneinfo import ZoneInfo  # few ask for another time zone

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:  # a folder of zones, an invalid file name, no zone
        raise UsageError(f"--timezone: there is no time zone '{name}'", _near(name)) from error


def _seconds(words: str, day_time: str, option: str, zone: tzinfo | None) -> int:
    asked = words.strip()
    low = asked.lower()
    if low == "now":
        return int(time.time())
    if low in ("all", "false") or _impossible(asked):
        raise _no_date(words, option)
    if _WHOLE_DAY.fullmatch(low):
        asked = f"{low} {day_time}"
    try:
        question = ["-c", f"tokcost.when={asked}", "config", "--type=expiry-date", "--get", "tokcost.when"]
        return int(run_git(question, ".", more={"TZ": for_git(zone)} if zone is not None else None))
    except GitFailed as failure:
        raise _no_date(words, option) from failure


def _impossible(words: str) -> bool:
    """Whether the text has the form of a date that is in no calendar: git would turn it into another moment."""
    found = _ISO_DATE.match(words)
    if not found:
        return False
    try:
        date.fromisoformat(found[0])
    except ValueError:
        return True
    return False


def _no_date(words: str, option: str) -> UsageError:
    return UsageError(f"{option}: git understands no date in '{words}'", _HINT)


def _near(name: str) -> str:
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    known = {zone.lower(): zone for zone in available_timezones()}
    if not known:
        return "This machine has no time zone data: install the package tzdata."
    wanted = name.lower().replace(" ", "_")
    cities = [zone for low, zone in sorted(known.items()) if low.rpartition("/")[2] == wanted]
    near = cities or [known[low] for low in get_close_matches(wanted, known, 3)]
    return f"Did you mean {' or '.join(near)}?" if near else "For example Europe/Berlin, America/New_York, UTC."
