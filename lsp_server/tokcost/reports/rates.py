"""Rate cards for people: US dollars per million tokens."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from tokcost.model.money import ATTO_PER_USD_MTOK, dollars
from tokcost.model.prices import PriceChange
from tokcost.pricing.cards import ModelCards, RateCard, Rates
from tokcost.reports.layout import Line, Piece, paragraph
from tokcost.reports.text import counted, escape


def usd(rate: int | None) -> str:
    """A rate in US dollars per million tokens, without trailing zeros: `0.30`, `0.0028`; `?` if unknown."""
    if rate is None:
        return "?"
    text = f"{rate / ATTO_PER_USD_MTOK:.6f}".rstrip("0")
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.ljust(2, '0')}"


def rates_cells(cards: ModelCards, usage: int, now_ms: int) -> list[str]:
    """Model, five present rates, number of responses, and the source or the state."""
    served = [card for card in cards.cards if card.context == cards.served]
    standard = served or [card for card in cards.cards if card.context == ""]
    name, count = escape(cards.model or "(no name)"), f"{usage:,}"
    if not standard:
        return [name, "", "", "", "", "", count, cards.state]
    # From the end: of several valid cards the last one applies, as in `served_as`.
    today = next((card for card in standard[::-1] if card.holds(now_ms)), standard[-1])
    return [name, *_five(today.steps[0].rates), count, cards.source or cards.state]


def explained_lines(
    cards: ModelCards,
    usage: int,
    looked_for: Sequence[str],
    near: Sequence[str],
    now_ms: int,
    *,
    columns_wide: int | None = None,
) -> list[Line]:
    """Everything known about a model's price; `near` are suggested names."""
    lines = _explained(cards, usage, looked_for, near, now_ms)
    return [line for (piece,) in lines for line in paragraph(piece.text, columns_wide, piece.style)]


def _explained(
    cards: ModelCards, usage: int, looked_for: Sequence[str], near: Sequence[str], now_ms: int
) -> list[Line]:
    lines: list[Line] = [[Piece(f"{escape(cards.model or '(no name)')}: {cards.state}", "head")]]
    if cards.source:
        served = f", served {cards.served} as its name says" if cards.served else ""
        lines.append([Piece(f"  taken for  {escape(cards.source)}{served}")])
    elif looked_for and cards.state != "free":
        lines.append([Piece(f"  looked for {escape(', '.join(looked_for[:6]))}")])
    elif cards.state != "free":
        lines.append([Piece("  this name does not stand for a model with a public price")])
    lines.append([Piece(f"  basis      {cards.basis}")])
    lines.append([Piece(f"  used in    {counted(usage, 'response')} so far")])
    lines += [[Piece(f"  {sentence}")] for sentence in _sentences(cards, near)]
    if cards.cards:
        lines.append([Piece("  US dollars per million tokens (? is unknown: usage with such tokens is unpriced):")])
    for card in _joined(cards.cards):
        lines.extend(_card_lines(card, card.holds(now_ms)))
    last = {(factor.geo, factor.from_ms, factor.until_ms): factor for factor in cards.factors}
    for factor in last.values():
        where = f"{escape(factor.geo)}, {_days(factor.from_ms, factor.until_ms)}"
        lines.append([Piece(f"  inference kept in {where}: {factor.factor} times every token rate")])
        lines += [[Piece(f"    {escape(factor.note)}", "dim")]] if factor.note else []
    return lines


def change_sentence(change: PriceChange) -> str:
    """A sentence about the effect of present prices on usage recorded at other prices, and how to apply them; empty
    if nothing changes."""
    if not change.changed or change.first_ms is None:
        return ""
    since = date.fromtimestamp(change.first_ms / 1000)  # noqa: DTZ012 (git reads a day as a local one)
    of = counted(change.looked_at, "recorded response")
    return (
        f"{change.changed:,} of {of} would cost something else at these prices: ${dollars(change.after)} list instead"
        f" of ${dollars(change.before)}. `tokcost prices reprice --since {since:%Y-%m-%d}` changes what is recorded."
    )


def _sentences(cards: ModelCards, near: Sequence[str]) -> list[str]:
    if cards.state == "free" and not cards.source:
        return ["It runs on your own machine, so its tokens are free."]
    if cards.state != "unpriced":
        return []
    found = "Its tokens are counted and shown as unpriced. A [[price]] table in prices.toml prices it (docs/prices.md)."
    return [found, *([f"Did you mean {escape(', '.join(near))}?"] if near else [])]


def _joined(cards: Sequence[RateCard]) -> list[RateCard]:
    """The cards by service level, with equal consecutive ones merged."""
    found: list[RateCard] = []
    ordered = sorted(cards, key=lambda card: (card.context, card.from_minute, card.from_ms or 0))
    for card in ordered:
        before = found[-1] if found and found[-1].until_ms is not None else None
        as_this = before and before._replace(from_ms=before.until_ms, until_ms=card.until_ms, note=card.note)
        if before is not None and as_this == card:
            found[-1] = before._replace(until_ms=card.until_ms, note=before.note or card.note)
        else:
            found.append(card)
    return found


def _card_lines(card: RateCard, holds: bool) -> list[Line]:
    today = " (today)" if holds else ""
    lines: list[Line] = [[Piece(f"  {card.context or 'standard'}, {_span(card)}{today}")]]
    for step in card.steps:
        names = ("input", "cache read", "write 5m", "write 1h", "output")
        rates = ", ".join(f"{name} {rate}" for name, rate in zip(names, _five(step.rates), strict=True))
        above = f"prompt above {step.above:,}: " if step.above >= 0 else ""
        lines.append([Piece(f"    {above}{rates}")])
    if card.note:
        lines.append([Piece(f"    {escape(card.note)}", "dim")])
    return lines


def _span(card: RateCard) -> str:
    days = _days(card.from_ms, card.until_ms)
    if card.until_minute - card.from_minute >= 24 * 60:
        return days
    return f"{days}, {_clock(card.from_minute)} to {_clock(card.until_minute)} UTC"


def _days(from_ms: int | None, until_ms: int | None) -> str:
    words = [f"{word} {_day(ms)}" for word, ms in (("from", from_ms), ("until", until_ms)) if ms is not None]
    return " ".join(words) or "always"


def _day(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d")


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _five(rates: Rates) -> list[str]:
    five = (rates.input, rates.cache_read, rates.cache_write_5m, rates.cache_write_1h, rates.output)
    return [usd(rate) for rate in five]
