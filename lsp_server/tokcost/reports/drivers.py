"""`tokcost why` for people: a table of drivers, and a sentence with its figure for each notable one."""

from tokcost.model.drivers import DRIVERS, SHARES, Driver, Explanation, Part, Repriced, Share
from tokcost.reports.amounts import (
    Marks,
    about,
    at_least,
    closing_sum,
    marked,
    percent,
    places_beside,
    short_tokens,
)
from tokcost.reports.layout import Column, Line, Piece, paragraph, table
from tokcost.reports.text import counted, escape
from tokcost.reports.words import Say, english


def labels(say: Say) -> dict[Driver, str]:
    """The names of the drivers."""
    return {
        "new_input": say("new input"),
        "cache_written": say("cache written"),
        "cache_rewritten_after_pause": say("cache lost: pause"),
        "cache_rewritten_after_model_switch": say("cache lost: model switch"),
        "cache_rewritten_after_compaction": say("cache lost: compaction"),
        "cache_rewritten_other": say("cache lost: other"),
        "cache_read": say("cache read"),
        "visible_output": say("visible output"),
        "reasoning": say("reasoning"),
        "long_context_surcharge": say("surcharge: long context"),
        "fast_surcharge": say("surcharge: fast mode"),
        "priority_surcharge": say("surcharge: priority"),
        "residency_surcharge": say("surcharge: residency"),
        "web_searches": say("web searches"),
        "request_fees": say("fees per request"),
        "estimated_counts": say("estimated counts"),
        "not_known": say("not known"),
    }


LABELS = labels(english)
SHARE_LABELS: dict[Share, str] = {
    "subagents": "sub-agents",
    "compaction_and_titles": "compaction and titles",
    "broken_and_refused": "broken or refused",
}
NO_PREDICTION = "Same tokens, another price: no prediction. Another model would have written, and read, other tokens."

_STANDS_OUT = 5
"""Percentage of the list cost from which on an avoidable driver is mentioned."""
_USUAL: tuple[Driver, ...] = ("new_input", "cache_written", "cache_read", "visible_output", "reasoning")


def why_lines(what: str, found: Explanation, columns_wide: int | None) -> list[Line]:
    """The complete output; `what` names the scope."""
    lines = [*paragraph(_headline(what, found), columns_wide, "head"), []]
    lines += _table(found, columns_wide)
    told = [text for _, text in findings(found)]
    lines += [[]] if told else []
    lines += [line for text in told for line in paragraph(text, columns_wide, "plain")]
    lines += [line for text in _remarks(found) for line in paragraph(text, columns_wide)]
    return lines


def as_lines(found: Explanation, columns_wide: int | None) -> list[Line]:
    """The same tokens at other prices; empty if not requested."""
    if not found.as_other:
        return []
    rows = found.as_other
    cells = [Piece(escape(row.name)) for row in rows]
    places = places_beside(found.total.list_cost)
    costs = [Piece(_as_amount(row, places), "amount") for row in rows]
    changes = [Piece(_change(row)) for row in rows]
    columns = [Column("the same tokens at", cells), Column("list cost", costs, right=True), Column("", changes)]
    lines: list[Line] = [[], *table(columns, columns_wide)]
    for text in [*(text for row in rows for text in _as_remarks(row)), NO_PREDICTION]:
        lines += paragraph(text, columns_wide)
    return lines


def findings(found: Explanation, say: Say = english) -> list[tuple[str, str]]:
    """The notable drivers and shares, most expensive first, each with a sentence that begins with its figure."""
    total = found.total.list_cost
    if total <= 0:
        return []
    largest = max(DRIVERS, key=lambda driver: found.drivers[driver].list_cost)
    parts: list[tuple[str, Part, str]] = [
        (driver, part, _sentence(driver, part, found, say))
        for driver, part in found.drivers.items()
        # Usual drivers occur in every conversation, and saying that of each would hide the notable ones.
        if driver == largest or (driver not in _USUAL and part.list_cost * 100 >= total * _STANDS_OUT)
    ]
    for share in SHARES:
        part = found.shares[share]
        if part.list_cost * 100 >= total * _STANDS_OUT:
            parts.append((share, part, _share_sentence(share, part, found, say)))
    parts.sort(key=lambda one: -one[1].list_cost)
    return [(name, f"{part_amount(part)}, {percent(part.list_cost, total)}: {said}.") for name, part, said in parts]


def part_amount(part: Part, noun: str = "", *, places: int = 0, unpriced_tokens: int = 0) -> str:
    """The list cost of a driver, a share or a sum, with all its marks."""
    return marked(part.list_cost, Marks(unpriced_tokens, part.estimated, part.lower_bound), noun, places=places)


def largest_text(found: Explanation, say: Say = english) -> str:
    """The driver that causes more than a third of the list cost, with its figure; empty if there is none."""
    driver = max(DRIVERS, key=lambda one: found.drivers[one].list_cost)
    part, total = found.drivers[driver], found.total.list_cost
    if part.list_cost * 3 <= total:
        return ""
    return f"{labels(say)[driver]}, {percent(part.list_cost, total)} ({part_amount(part)})"


def _headline(what: str, found: Explanation) -> str:
    cost = part_amount(found.total, "list", unpriced_tokens=found.unpriced.tokens)
    responses = counted(found.total.requests + found.unpriced.requests, "response")
    tokens = short_tokens(found.total.tokens + found.unpriced.tokens)
    return f"{escape(what)}: {cost}, {responses}, {tokens} tokens"


def _table(found: Explanation, columns_wide: int | None) -> list[Line]:
    rows = [(LABELS[driver], part) for driver, part in found.drivers.items() if part.list_cost or part.tokens]
    rows.sort(key=lambda row: (-row[1].list_cost, -row[1].tokens))
    amounts, total = closing_sum([part.list_cost for _, part in rows], found.total.list_cost)
    amounts = [_marked(text, part) for text, (_, part) in zip(amounts, rows, strict=True)]
    shares = [(f"of it {SHARE_LABELS[share]}", part) for share, part in found.shares.items() if part.requests]
    # A share is no part of the sum above it, so that it need not be rounded to close.
    places = len(total.rpartition(".")[2])
    amounts += [_marked(total, found.total), *(part_amount(part, places=places) for _, part in shares)]
    rows += [("together", found.total), *shares]
    if found.unpriced.requests:
        rows.append(("unpriced, not included", found.unpriced))
        amounts.append("unpriced")
    whole = found.total.list_cost
    columns = [
        Column("driver", [Piece(label) for label, _ in rows]),
        Column("list cost", [Piece(text, "amount") for text in amounts], right=True),
        Column("share", [Piece(percent(part.list_cost, whole) if part.list_cost else "") for _, part in rows], 1, True),
        Column("tokens", [Piece(short_tokens(part.tokens) if part.tokens else "") for _, part in rows], 2, True),
        Column("responses", [Piece(f"{part.requests:,}") for _, part in rows], 3, True),
    ]
    return table(columns, columns_wide)


def _marked(text: str, part: Part) -> str:
    """An amount that was rounded to close a sum, with its marks."""
    return at_least(about(text, part.estimated), part.lower_bound)


def _as_amount(row: Repriced, places: int) -> str:
    if not row.requests:
        return "unpriced"
    return marked(row.list_cost, Marks(0, row.estimated, row.lower_bound), places=places)


def _sentence(driver: Driver, part: Part, found: Explanation, say: Say) -> str:
    responses, times = _responses(part.requests, say), _times(part.requests, say)
    sentences: dict[Driver, str] = {
        "cache_rewritten_after_pause": _after(say("the cache expired {0}", times), found, say),
        "cache_rewritten_after_model_switch": say("the model was switched {0}, and each has its own cache", times),
        "cache_rewritten_after_compaction": say(
            "the conversation was shortened {0} (compacted, cleared or rewound), and its new beginning written to"
            " the cache",
            times,
        ),
        "cache_rewritten_other": say(
            "{0} did not read what had been in the cache: its beginning changed, or the provider dropped it", responses
        ),
        "long_context_surcharge": say("{0} had a prompt so long that all tokens cost more", responses),
        "fast_surcharge": say("{0} ran in fast mode", responses),
        "priority_surcharge": say("{0} ran at priority", responses),
        "residency_surcharge": say("{0} stayed in one region", responses),
        "web_searches": say("{0} searched the web", responses),
        "estimated_counts": say("the counts of {0} are estimates; no provider reported them", responses),
        "not_known": say("the log does not show what drove the cost of {0}", responses),
    }
    usual = say("{0}: {1} tokens in {2}", labels(say)[driver], short_tokens(part.tokens), responses)
    return sentences.get(driver, usual)


def _share_sentence(share: Share, part: Part, found: Explanation, say: Say) -> str:
    count = part.requests
    match share:
        case "subagents":
            return say("sub-agents made {0} of {1}", f"{count:,}", _responses(found.total.requests, say))
        case "compaction_and_titles":
            if count == 1:
                return say("1 call compacted a conversation, or left no line of its own in the log")
            return say("{0} calls compacted a conversation, or left no line of their own in the log", f"{count:,}")
        case "broken_and_refused":
            if count == 1:
                return say("1 response broke off or was refused")
            return say("{0} responses broke off or were refused", f"{count:,}")


def _after(said: str, found: Explanation, say: Say) -> str:
    """The sentence with the pauses, without the shortest and the longest tenth."""
    count = sum(found.pauses.values())
    if not count:
        return said
    # One night or one holiday would otherwise stretch the range to days.
    minutes = sorted(found.pauses.elements())
    low, high = minutes[count // 10], minutes[count - 1 - count // 10]
    if low == high:
        length = _duration(low, say)
        return (
            say("{0}, after a pause of {1}", said, length)
            if count == 1
            else say("{0}, after pauses of {1}", said, length)
        )
    first = f"{low}" if high < _LONG else _duration(low, say)
    if count // 10:
        return say("{0}, mostly after pauses of {1} to {2}", said, first, _duration(high, say))
    return say("{0}, after pauses of {1} to {2}", said, first, _duration(high, say))


_LONG = 120


def _duration(minutes: int, say: Say) -> str:
    hours, days = (minutes + 30) // 60, minutes // (24 * 60)
    if minutes < _LONG:
        return say("1 minute") if minutes == 1 else say("{0} minutes", minutes)
    if minutes < 48 * 60:
        return say("{0} hours", hours)
    return say("{0} days", f"{days:,}")


def _times(count: int, say: Say) -> str:
    return say("once") if count == 1 else say("{0} times", f"{count:,}")


def _responses(count: int, say: Say) -> str:
    return say("1 response") if count == 1 else say("{0} responses", f"{count:,}")


def _remarks(found: Explanation) -> list[str]:
    said: list[str] = []
    if found.unpriced.requests:
        said.append(
            f"Not included: {counted(found.unpriced.requests, 'response')} with"
            f" {short_tokens(found.unpriced.tokens)} tokens without a known price."
        )
    if found.closest_price.requests:
        said.append(
            f"{part_amount(found.closest_price)} of it is at the closest known price, because the exact one is"
            " not known."
        )
    if found.total.lower_bound:
        said.append(f"The output of {counted(found.total.lower_bound, 'response')} is only a lower bound.")
    return said


def _change(row: Repriced) -> str:
    if not row.requests or not row.compared:
        return ""
    difference = row.list_cost - row.compared
    share = percent(abs(difference), row.compared)
    return "the same" if not difference else f"{share} {'more' if difference > 0 else 'less'}"


def _as_remarks(row: Repriced) -> list[str]:
    name, said = escape(row.name), list[str]()
    if row.without_price:
        said.append(f"{name}: {counted(row.without_price, 'response')} have no such price and are left out.")
    if row.otherwise_served:
        said.append(
            f"{name}: {counted(row.otherwise_served, 'response')} at its standard price, because their tier has none."
        )
    if row.models:
        said.append(f"{name}: {', '.join(f'{escape(other)} for {escape(model)}' for model, other in row.models)}.")
    return said
