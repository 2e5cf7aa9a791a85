"""Rate cards as a person reads them: US dollars for a million tokens."""

from collections.abc import Sequence
from datetime import UTC, datetime

from tokcost.model.money import ATTO_PER_USD_MTOK
from tokcost.pricing.cards import ModelCards, RateCard, Rates
from tokcost.reports.layout import Line, Piece
from tokcost.reports.text import counted, escape


def usd(rate: int | None) -> str:
    """A rate in US dollars for a million tokens, without needless zeros: `0.30`, `0.0028`; `?` where it is not
    known."""
    if rate is None:
        return "?"
    text = f"{rate / ATTO_PER_USD_MTOK:.6f}".rstrip("0")
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.ljust(2, '0')}"


def rates_cells(cards: ModelCards, usage: int) -> list[str]:
    """Model, five rates of the newest standard card, number of usage, and the source or the state."""
    standard = [card for card in cards.cards if card.context == ""]
    name, count = escape(cards.model or "(no name)"), f"{usage:,}"
    if not standard:
        return [name, "", "", "", "", "", count, cards.state]
    return [name, *_five(standard[-1].steps[0].rates), count, cards.source]


def explained_lines(cards: ModelCards, usage: int, looked_for: Sequence[str]) -> list[Line]:
    """Everything known of a model's price."""
    lines: list[Line] = [[Piece(f"{escape(cards.model or '(no name)')}: {cards.state}", "head")]]
    if cards.source:
        lines.append([Piece(f"  taken for  {escape(cards.source)}")])
    elif looked_for:
        lines.append([Piece(f"  looked for {escape(', '.join(looked_for[:6]))}")])
    else:
        lines.append([Piece("  this name stands for no model with a public price")])
    lines.append([Piece(f"  basis      {cards.basis}")])
    lines.append([Piece(f"  used in    {counted(usage, 'reply', 'replies')} so far")])
    if cards.state == "unpriced":
        lines.append(
            [Piece("  Its tokens are counted and shown as unpriced. A [[price]] table in prices.toml prices it.")]
        )
    if cards.cards:
        lines.append([Piece("  US dollars for a million tokens; of several that hold, the last is right:")])
    for card in cards.cards:
        lines.extend(_card_lines(card))
    return lines


def _card_lines(card: RateCard) -> list[Line]:
    lines: list[Line] = [[Piece(f"  {card.context or 'standard'}, {_span(card)}")]]
    for step in card.steps:
        names = ("input", "cache read", "write 5m", "write 1h", "output")
        rates = ", ".join(f"{name} {rate}" for name, rate in zip(names, _five(step.rates), strict=True))
        above = f"prompt above {step.above:,}: " if step.above >= 0 else ""
        lines.append([Piece(f"    {above}{rates}")])
    if card.note:
        lines.append([Piece(f"    {escape(card.note)}", "dim")])
    return lines


def _span(card: RateCard) -> str:
    start, end = _day(card.from_ms), _day(card.until_ms)
    days = (
        f"from {start} until {end}"
        if start and end
        else f"from {start}"
        if start
        else f"until {end}"
        if end
        else "always"
    )
    if card.until_minute - card.from_minute >= 24 * 60:
        return days
    return f"{days}, {_clock(card.from_minute)} to {_clock(card.until_minute)} UTC"


def _day(time_ms: int | None) -> str:
    return "" if time_ms is None else datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d")


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _five(rates: Rates) -> list[str]:
    five = (rates.input, rates.cache_read, rates.cache_write_5m, rates.cache_write_1h, rates.output)
    return [usd(rate) for rate in five]
