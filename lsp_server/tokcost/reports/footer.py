"""The lines below the tables: the sum that closes, and everything that a number alone would hide."""

from tokcost.model.figures import NO_ESTIMATES, Conservation, Estimates, Figures, Split, Summary
from tokcost.reports.amounts import ABOUT, about, amount, closing_sum, places_beside, short_tokens
from tokcost.reports.rows import by_cost
from tokcost.reports.text import counted, escape

_MOST_NAMED = 5


def closing(parts: list[tuple[str, Figures]], total: Figures) -> str:
    """`branches $2.00 + unplaced $1.00 = total $3.00 list, 4,500 tokens`."""
    # Rounded together: this line is the one that people add up.
    texts, whole = closing_sum([one.list_cost for _, one in parts], total.list_cost)
    left = " + ".join(f"{name} {_known(text, one)}" for (name, one), text in zip(parts, texts, strict=True))
    right = _known(f"{whole} list{' + unpriced' if total.unpriced_tokens else ''}", total)
    return f"{left} = total {right}, {about(counted(total.tokens.total, 'token'), total.estimates.usage)}"


def _known(text: str, figures: Figures) -> str:
    return "unpriced" if figures.unpriced_tokens and not figures.list_cost else about(text, figures.estimates.usage)


def claims(sums: Conservation, estimated: Estimates = NO_ESTIMATES) -> list[str]:
    """The parts of the total that commits hold; empty if there are none. Reports a sum that does not close."""
    named = {"carried": sums.carried, "withheld": sums.withheld, "bound": sums.bound}
    places = places_beside(sums.total[1])
    said = [f"{name} {amount(cost, 0, places)}" for name, (tokens, cost) in named.items() if tokens]
    pending = amount(sums.pending[1], 0, places, estimated.pending_tokens)
    lines = [f"in claims: {', '.join(said)}; pending {pending} list"] if said else []
    if not sums.closes:
        lines.append("the sum does not close: run `tokcost doctor` to see where the ledger disagrees with itself")
    return lines


def caveats(split: Split, unplaced: Figures, takes_estimates: bool) -> list[str]:
    """The qualifications of these figures, one line for each reason."""
    total = split.total
    lines: list[str] = []
    if unplaced.usage:
        lines.append(f"unplaced: {_figures(unplaced)} on no known branch; assign it with `tokcost assign`")
    if total.unpriced_tokens:
        lines.append(
            f"unpriced: {short_tokens(total.unpriced_tokens)} tokens of {_unpriced_models(split)}, in no amount"
        )
    if total.partial:
        what = _sum(total.partial_tokens, total.partial_list_cost)
        lines.append(f"partial: {counted(total.partial, 'response')} broken off, {what} in the sum, perhaps not billed")
    if total.unlogged:
        what = _sum(total.unlogged_tokens, total.unlogged_list_cost)
        calls = counted(total.unlogged, "call")
        lines.append(f"unlogged: {calls} without a usage line, recovered from session totals, {what} in the sum")
    if total.estimated:
        what = _sum(total.estimated_tokens, total.estimated_list_cost)
        responses = counted(total.estimated, "response")
        lines.append(f"estimated: {responses} at the closest known price, {what} in the sum")
    if total.lower_bound:
        responses = counted(total.lower_bound, "response")
        lines.append(f"lower bound: {responses} whose log records only a minimum of the output")
    if total.estimates.usage:
        lines.append(_estimated(total.estimates, takes_estimates))
    return lines


def _estimated(part: Estimates, is_taken: bool) -> str:
    responses, what = counted(part.usage, "response"), _sum(part.tokens, part.list_cost)
    said = f"estimated counts ({ABOUT}): {responses} whose counts no provider reported, {what} in the sum"
    if is_taken:
        return f"{said}; cost lines and budgets count them"
    return f"{said}; no cost line and no budget counts them (`git config tokcost.estimates true` changes that)"


def about_rows(by: str | None, zone: str) -> list[str]:
    """The meaning of the rows of a table by time or by session."""
    if by == "session":
        return ["sessions: `tokcost assign BRANCH --session ID` moves the usage of one; the ids stay on this machine"]
    where = f"in the time zone {escape(zone)}" if zone else "in this machine's time zone"
    if by == "week":
        return [f"weeks are ISO 8601 weeks, Monday to Sunday, {where}"]
    return [f"{by}s are {where}"] if by in ("day", "month") and zone else []


def plans(summaries: list[Summary]) -> list[str]:
    """The user's plans beside the usage they cover, once, however many repositories are shown."""
    if not summaries or not summaries[0].plans:
        return []
    from tokcost.reports.plans import plan_lines  # few have entered plans

    return plan_lines(summaries[0].plans)


def skipped_and_notes(summaries: list[Summary]) -> list[str]:
    """Records and files that could not be read, and other notes, each once, however many repositories are shown."""
    lines: list[str] = []
    for summary in summaries:
        lines += [*_skipped(summary), *(f"note: {escape(note)}" for note in summary.notes)]
    return list(dict.fromkeys(lines))


def _skipped(summary: Summary) -> list[str]:
    records, files = summary.skipped.records, summary.skipped.files
    lines: list[str] = []
    if records:
        reasons = _few([f"{count:,} {escape(reason)}" for reason, count in records.items()])
        lines.append(f"skipped: {counted(sum(records.values()), 'damaged record')} ({reasons})")
    if files:
        named = _few([f"{escape(path)} ({escape(reason)})" for path, reason in files])
        lines.append(f"skipped: {counted(len(files), 'file')}: {named}")
    return lines


def _unpriced_models(split: Split) -> str:
    """Full model names, because a user who adds a price needs them."""
    return _few(by_cost({name: one for name, one in split.models.items() if one.unpriced_tokens})) or "unknown models"


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _figures(figures: Figures) -> str:
    estimated = figures.estimates.usage
    text = amount(figures.list_cost, figures.unpriced_tokens, estimated=estimated)
    tokens = about(short_tokens(figures.tokens.total), estimated)
    return f"{text}{'' if text == 'unpriced' else ' list'}, {tokens} tokens"


def _sum(tokens: int, list_cost: int) -> str:
    return (
        f"{amount(list_cost, 0)} list and {short_tokens(tokens)} tokens"
        if list_cost
        else f"{short_tokens(tokens)} tokens"
    )
