"""`--since` and `--until` in git's date formats, parsed by git itself, and `--timezone`.

git accepts almost anything as a date: `2.wekes` is the second day of this month, 20250101 is now, and so is a year
beyond 2099. `git config --type=expiry-date` runs the same parser and reports some errors, inside and outside a
repository. Usage is deleted and moved by these dates, so only text in one of git's documented forms is handed to it
(`Documentation/date-formats.txt` and the units and words in its date.c).
"""

import re
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo

from tokcost.errors import UsageError
from tokcost.repo.run import GitFailed, run_git
from tokcost.repo.time_zone import for_git

_GAP = r"[\s.,_]+"
_COUNTED = (
    r"(?:\d{1,5}|one|two|three|four|five|six|seven|eight|nine|ten)[\s.,_]*"
    r"(?:second|minute|hour|day|week|month|year)s?"
)
_WEEKDAY = r"(?:sun|mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?)(?:day)?"
_TIME = (
    r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:\s?[ap]m)?"
    r"(?:\s*(?:z|utc|gmt|[+-](?:0\d|1[0-4]):?[0-5]\d))?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAYS = tuple(
    re.compile(rf"{form}(?P<time>(?:{_GAP}|t){_TIME})?", re.ASCII)
    for form in (
        r"(?P<year>\d{4})([-/.])(?P<month>\d\d?)\2(?P<day>\d\d?)",
        r"(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>\d{4})",
        r"(?P<month>\d\d?)/(?P<day>\d\d?)/(?P<year>\d{4})",
        rf"(?:{_WEEKDAY}{_GAP})?(?P<day>\d\d?){_GAP}{_MONTH}(?:{_GAP}(?P<year>\d{{4}}))?",
        rf"{_MONTH}{_GAP}(?P<day>\d\d?)(?:{_GAP}(?P<year>\d{{4}}))?",
    )
)
"""Days of a calendar, perhaps with a time."""
_WORDS = re.compile(
    rf"(?:today|yesterday|noon|midnight|tea|never)(?:{_GAP}{_TIME})?"
    rf"|{_COUNTED}(?:{_GAP}{_COUNTED})*(?:{_GAP}ago)?(?:{_GAP}{_TIME})?"
    rf"|(?:last{_GAP})?{_WEEKDAY}(?:{_GAP}{_TIME})?"
    rf"|last{_GAP}(?:week|month|year)"
    rf"|{_TIME}",
    re.ASCII,
)
_EPOCH = re.compile(r"@?(\d{9,10})", re.ASCII)
_YEARS = range(1970, 2100)
"""Of git's parser, which takes other years for something else."""
_HINT = 'Use a form that git accepts, for example 2.weeks, yesterday, "last friday" or 2026-11-01.'


def since_ms(words: str, option: str = "--since", zone: tzinfo | None = None) -> int:
    """The moment that the text means, in milliseconds UTC; for a day, its first moment. Times are in `zone`, or in
    this machine's time zone. Raises `UsageError`."""
    return _seconds(words, "00:00:00", option, zone) * 1000


def until_ms(words: str, option: str = "--until", zone: tzinfo | None = None) -> int:
    """The first moment after the range that the text means, in milliseconds UTC: for a day, the end of that day."""
    is_day = _is_whole_day(words, option)
    # Not 24 hours after the beginning: a day on which clocks change has 23 or 25.
    return (_seconds(words, "23:59:59", option, zone) + is_day) * 1000


def _is_whole_day(words: str, option: str) -> bool:
    """Whether text names a day without a time. Raises `UsageError` if git would make another moment of it."""
    low = words.strip().lower()
    found = next(filter(None, (form.fullmatch(low) for form in _DAYS)), None)
    if found is not None and _is_in_calendar(found.groupdict()):
        return not found["time"]
    epoch = _EPOCH.fullmatch(low)
    if (epoch and datetime.fromtimestamp(int(epoch[1]), UTC).year in _YEARS) or low == "now" or _WORDS.fullmatch(low):
        return low in ("today", "yesterday")
    raise _no_date(words, option)


def _is_in_calendar(parts: Mapping[str, str | None]) -> bool:
    name, year = parts.get("name"), int(parts["year"] or 2001)  # without a year, 29 February is in most years none
    month = 1 + _MONTHS.index(name[:3]) if name else int(parts["month"] or 0)
    try:
        date(year, month, int(parts["day"] or 0))
    except ValueError:
        return False
    return year in _YEARS


def time_zone(name: str) -> tzinfo:
    """The zone of that name in the IANA database (`Europe/Berlin`), from this machine's or Python's copy. Raises
    `UsageError` if there is none."""
    # Without the IANA database, which a small container or Windows may lack.
    if name.upper() in ("UTC", "Z"):
        return UTC
    from zoneinfo import ZoneInfo  # few ask for another time zone

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:  # a folder of zones, an invalid file name, no zone
        raise UsageError(f"--timezone: '{name}' is not a time zone", _near(name)) from error


def _seconds(words: str, day_time: str, option: str, zone: tzinfo | None) -> int:
    asked, is_day = words.strip(), _is_whole_day(words, option)
    # As an expiry date, git takes `now` for the end of time (parse_expiry_date in its date.c).
    if asked.lower() == "now":
        return int(time.time())
    if is_day:
        asked = f"{asked} {day_time}"
    try:
        question = ["-c", f"tokcost.when={asked}", "config", "--type=expiry-date", "--get", "tokcost.when"]
        return int(run_git(question, ".", more={"TZ": for_git(zone)} if zone is not None else None))
    except GitFailed as failure:
        raise _no_date(words, option) from failure


def _no_date(words: str, option: str) -> UsageError:
    return UsageError(f"{option}: git cannot read '{words}' as a date", _HINT)


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
