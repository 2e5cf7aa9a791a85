"""Paid calls without a usage line, found by comparing an assistant's own running totals with its lines.

Claude Code calls a model to compact a conversation, to name it, and for other small tasks, and logs none of these calls
as a response. Newer versions write the total usage of a session (`cost-state`). The difference is `unlogged` usage.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby

from tokcost.model.logs import SessionTotal
from tokcost.model.usage import Tokens, Usage, unlogged_prefix

# A total may name a model with the mark of its context window, or with a date, where lines do not.
_VARIANT = re.compile(r"(\[1m\]|-\d{8}|@\d{8})+$")

SUBAGENTS_MS = 5 * 60_000
"""Milliseconds after the last line of a session's own file within which a sub-agent's line may be contained in its
total. A later line of the session's own file is never contained: the total was written below all lines that it
contains."""

Counts = tuple[int, ...]
"""The six token counts and the web searches."""
_ZERO: Counts = (0,) * 7


def unlogged_usage(
    assistant: str,
    totals: Sequence[SessionTotal],
    logged: Sequence[Usage],
    inherited: Iterable[Usage],
    beside: Collection[str] = (),
) -> list[Usage]:
    """Usage that a session's totals contain and its lines do not.

    `totals` are all totals of one session, oldest first. `logged` is all usage in its files, including copied history.
    `inherited` is all usage of the sessions it was forked from, which its totals contain up to the fork. `beside` has
    the keys of usage that sub-agents logged in their own files.

    Lines later than a total are not contained in it, except those of sub-agents. Usage that once seemed unlogged and
    that a later total does not confirm was only logged late, so amounts never exceed what every later total allows. A
    counter that restarted contains nothing of an earlier one.
    """
    own = [u for u in logged if u.kind != "unlogged"]
    lines = lines_of(totals, logged, inherited, beside)
    geo = _region(own)
    found: list[Usage] = []
    counted: set[int] = set()
    for counter in _counters(totals):
        found += _of_counter(assistant, counter, totals, lines.without(counted), geo)
        counted.update(map(id, lines.until(counter[-1], totals)))
    return found


def lines_of(
    totals: Sequence[SessionTotal], logged: Sequence[Usage], inherited: Iterable[Usage], beside: Collection[str]
) -> "Lines":
    """The lines that the totals of a session may contain. The arguments are those of `unlogged_usage`."""
    own = [u for u in logged if u.kind != "unlogged"]
    return Lines([*own, *_before_fork(inherited, logged, totals)], beside)


def _of_counter(
    assistant: str, counter: Sequence[SessionTotal], totals: Sequence[SessionTotal], lines: "Lines", geo: str
) -> list[Usage]:
    """`unlogged_usage` for the totals of one counter among all `totals` of its session."""
    found: list[Usage] = []
    for model in dict.fromkeys(total.model for total in counter):
        steps = [total for total in counter if total.model == model]
        missing = [_missing(total, counter, lines.until(total, totals)) for total in steps]
        # Backwards, since later totals limit earlier ones: what they do not confirm was a line that came late.
        for index in range(len(missing) - 2, -1, -1):
            missing[index] = _least(missing[index], missing[index + 1])
        before = _ZERO
        for total, amount in zip(steps, missing, strict=True):
            if amount != before:
                found.append(_as_usage(assistant, total, _minus(amount, before))._replace(geo=geo))
            before = amount
    return found


def continued(
    totals: Sequence[SessionTotal], logged: Sequence[Usage], found: Sequence[Usage], earlier: Iterable[Sequence[Usage]]
) -> list[Usage]:
    """The usage of earlier sessions that the totals of this one contain because its counter continues theirs: it
    survives `/clear`, after which a new session begins in the same process.

    `found` is the surplus of the totals over the lines, and `earlier` the usage of each earlier session, the latest
    first. An earlier session counts only if the surplus of the first totals contains all of it, and if it is no older
    than the counter, where the log records the counter's age.
    """
    first_ms = min((u.time_ms for u in logged if u.kind != "unlogged"), default=totals[0].time_ms)
    began_ms = max(total.began_ms for total in totals)
    firsts = {_plain(total.model): key_of(total) for total in reversed(totals)}
    room = {_plain(u.model): _usage_counts(u) for u in found if u.key == firsts[_plain(u.model)]}
    contained: list[Usage] = []
    for usage in earlier:
        times = [u.time_ms for u in usage]
        if min(times) < began_ms or max(times) >= first_ms or not _fits([*contained, *usage], room):
            break
        contained += usage
    return contained


def _counters(totals: Sequence[SessionTotal]) -> list[list[SessionTotal]]:
    """The totals of each counter, oldest first.

    A counter outlives the process. It restarted where it is younger than an earlier total, or where it is below the
    first total of the previous counter: a parallel process may lag behind another one, but not behind their common
    beginning.
    """
    begun = {total.began_ms for total in totals}
    counters: list[list[SessionTotal]] = [[]]
    # One record of an assistant has a total for each model, all with one time.
    for time_ms, record in groupby(totals, key=lambda total: total.time_ms):
        now, told = counters[-1], list(record)
        firsts = {total.model: _counts(total) for total in reversed(now)}
        is_younger = bool(now) and any(now[-1].time_ms < moment <= time_ms for moment in begun)
        if is_younger or any(_is_less(_counts(one), firsts.get(one.model, _ZERO)) for one in told):
            counters.append([])
        counters[-1].extend(told)
    return [one for one in counters if one]


def _is_less(one: Counts, other: Counts) -> bool:
    return one != other and max(_minus(one, other)) <= 0


def _region(lines: Sequence[Usage]) -> str:
    """The region in which a provider keeps the inference of a session, if all its lines name the same one."""
    named = {u.geo for u in lines}
    return named.pop() if len(named) == 1 else ""


def _fits(usage: Sequence[Usage], room: Mapping[str, Counts]) -> bool:
    models = {_plain(u.model) for u in usage}
    spent = {model: _sum(_usage_counts(u) for u in usage if _plain(u.model) == model) for model in models}
    return all(min(_minus(room.get(model, _ZERO), counts)) >= 0 for model, counts in spent.items())


class Lines:
    """The lines of a session, and those that a total may contain."""

    def __init__(self, lines: Sequence[Usage], beside: Collection[str]) -> None:
        self._lines = lines
        self._beside = beside

    def without(self, counted: Collection[int]) -> "Lines":
        """The lines that are in no total of an earlier counter; `counted` are the ids of those objects."""
        return Lines([u for u in self._lines if id(u) not in counted], self._beside)

    def until(self, total: SessionTotal, totals: Sequence[SessionTotal]) -> list[Usage]:
        """The lines that a total contains.

        A total carries the time of the last line above it in its own file. Sub-agents continue to write to their files,
        at most until the run that the total closes is followed by another one.
        """
        last = total.time_ms
        end = min((t.time_ms for t in totals if t.time_ms > last), default=last + SUBAGENTS_MS)
        end = min(end, last + SUBAGENTS_MS)
        later = (u.time_ms for u in self._lines if last < u.time_ms and u.key not in self._beside)
        next_run = min(later, default=end + 1)
        return [
            u
            for u in self._lines
            if u.time_ms <= last or (u.time_ms <= end and u.time_ms < next_run and u.key in self._beside)
        ]


def _missing(total: SessionTotal, totals: Sequence[SessionTotal], until: Sequence[Usage]) -> Counts:
    """The usage of one total beyond the lines up to it, limited to what all models together lack: a total may name a
    model differently than the lines do. `totals` are those of its counter."""
    own = _minus(_counts(total), _sum(_usage_counts(u) for u in until if _same_model(u.model, total.model)))
    latest = {t.model: t for t in totals if t.time_ms <= total.time_ms}
    overall = _minus(_sum(_counts(t) for t in latest.values()), _sum(_usage_counts(u) for u in until))
    return tuple(max(0, min(mine, everybody)) for mine, everybody in zip(own, overall, strict=True))


def _before_fork(inherited: Iterable[Usage], logged: Sequence[Usage], totals: Sequence[SessionTotal]) -> list[Usage]:
    """The usage of other sessions that the totals contain and the files do not: sub-agents and unlogged calls of the
    parents."""
    session = totals[0].session if totals else ""
    copied = {u.key for u in logged if u.session != session}
    first_own = min((u.time_ms for u in logged if u.session == session and u.kind != "unlogged"), default=None)
    earlier = (u for u in inherited if first_own is None or u.time_ms < first_own)
    return [u for u in earlier if u.key not in copied]


def _same_model(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


@cache
def _plain(model: str) -> str:
    return _VARIANT.sub("", model)


def _counts(total: SessionTotal) -> Counts:
    return (*total.tokens, total.web_searches)


def _usage_counts(usage: Usage) -> Counts:
    return (*usage.tokens, usage.web_searches)


def _sum(many: Iterable[Counts]) -> Counts:
    return tuple(map(sum, zip(_ZERO, *many, strict=True)))


def _minus(one: Counts, other: Counts) -> Counts:
    return tuple(a - b for a, b in zip(one, other, strict=True))


def _least(one: Counts, other: Counts) -> Counts:
    return tuple(map(min, one, other))


def key_of(total: SessionTotal) -> str:
    """The key of the usage that a total contains beyond the lines and the previous total."""
    return f"{unlogged_prefix(total.session)}{total.model}:{total.time_ms}"


def _as_usage(assistant: str, total: SessionTotal, amount: Counts) -> Usage:
    return Usage(
        assistant,
        key_of(total),
        total.spent_ms or total.time_ms,
        total.model,
        Tokens(*amount[:6]),
        total.session,
        total.cwd,
        total.branch,
        kind="unlogged",
        web_searches=amount[6],
    )
