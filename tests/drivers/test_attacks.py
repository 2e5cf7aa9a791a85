"""Conversations made to mislead, with what each of their drivers is, worked out by hand. Pure: no log, no ledger."""

import pytest

from support.series import BOOK, SERIES, START, cards
from tokcost.drivers.explaining import explain
from tokcost.drivers.prefix import LONG_MS, SHORT_MS, Prompt, losses
from tokcost.model.drivers import DRIVERS, Request
from tokcost.model.usage import Tokens, Usage

SONNET, OPUS, HAIKU = "claude-sonnet-4-5", "claude-opus-4-5", "claude-haiku-4-5"
MINUTE = 60_000
Row = tuple[str, int, int, int, int, int]
"""Model, time, input, read from a cache, written for five minutes and for an hour."""


def lost(*rows: Row) -> list[tuple[tuple[int, str], ...]]:
    """What each prompt lost, and why."""
    return [tuple((one.tokens, one.cause) for one in found) for found in losses([Prompt(*row) for row in rows])]


@pytest.mark.parametrize(
    ("life", "write", "long"),
    [(SHORT_MS, (50_000, 0), False), (LONG_MS, (0, 50_000), True)],
)
@pytest.mark.parametrize(("more", "cause"), [(-1, "other"), (0, "other"), (1, "pause")])
def test_a_cache_is_lost_by_a_pause_that_is_a_millisecond_longer_than_its_life(
    life: int, write: tuple[int, int], long: bool, more: int, cause: str
) -> None:
    _, found = losses([Prompt(SONNET, 0, 0, 0, *write), Prompt(SONNET, life + more, 0, 0, *write)])
    assert [(one.tokens, one.cause, one.pause_ms, one.long) for one in found] == [(50_000, cause, life + more, long)]


def test_models_that_take_turns_write_only_what_the_other_one_added() -> None:
    found = lost(
        (SONNET, 0, 0, 0, 50_000, 0),
        (OPUS, MINUTE, 0, 0, 51_000, 0),
        (SONNET, 2 * MINUTE, 0, 50_000, 2_000, 0),
        (OPUS, 3 * MINUTE, 0, 51_000, 2_000, 0),
        (SONNET, 4 * MINUTE, 0, 52_000, 2_000, 0),
    )
    switched = [((50_000, "model_switch"),), *[((1_000, "model_switch"),)] * 3]
    assert found == [(), *switched]


def test_a_cache_that_ran_out_while_another_model_spoke_fell_to_the_switch_and_not_to_a_pause() -> None:
    found = lost(
        (SONNET, 0, 0, 0, 50_000, 0),
        (OPUS, 4 * MINUTE, 0, 0, 50_000, 0),
        (SONNET, 8 * MINUTE, 0, 0, 50_500, 0),
    )
    assert found == [(), ((50_000, "model_switch"),), ((50_000, "model_switch"),)]


@pytest.mark.parametrize("empty", [(SONNET, MINUTE, 0, 0, 0, 0), (OPUS, MINUTE, 0, 0, 0, 0)])
def test_a_reply_that_broke_off_before_anything_was_counted_is_no_end_of_a_conversation(empty: Row) -> None:
    first = (SONNET, 0, 0, 0, 50_000, 0)
    assert lost(first, empty, (SONNET, 2 * MINUTE, 0, 0, 20_000, 0))[-1] == ((20_000, "compaction"),)
    assert lost(first, empty, (SONNET, SHORT_MS + 1, 0, 0, 49_000, 0))[-1] == ((49_000, "pause"),)
    assert lost(first, empty, (SONNET, 2 * MINUTE, 0, 50_000, 100, 0))[-1] == ()


def test_what_was_lost_twice_is_lost_twice_and_what_was_never_cached_never() -> None:
    found = lost(
        (SONNET, 0, 5_000, 0, 0, 0),
        (SONNET, 10 * MINUTE, 0, 0, 6_000, 0),
        (SONNET, 20 * MINUTE, 0, 0, 7_000, 0),
        (SONNET, 30 * MINUTE, 0, 0, 8_000, 0),
    )
    assert found == [(), (), ((6_000, "pause"),), ((7_000, "pause"),)]


def test_a_compaction_begins_a_conversation_whose_next_pause_loses_the_short_one() -> None:
    found = lost(
        (SONNET, 0, 0, 0, 150_000, 0),
        (SONNET, MINUTE, 0, 10_000, 20_000, 0),
        (SONNET, 2 * MINUTE, 0, 30_000, 1_000, 0),
        (SONNET, 8 * MINUTE, 0, 10_000, 22_000, 0),
    )
    assert found == [(), ((20_000, "compaction"),), (), ((21_000, "pause"),)]


def test_a_small_model_beside_a_conversation_of_two_large_ones_takes_no_part() -> None:
    found = lost(
        (SONNET, 0, 0, 0, 50_000, 0),
        (HAIKU, MINUTE, 900, 0, 0, 0),
        (OPUS, 2 * MINUTE, 0, 0, 50_000, 0),
        (HAIKU, 3 * MINUTE, 900, 0, 0, 0),
        (OPUS, 4 * MINUTE, 0, 50_000, 10, 0),
    )
    assert found == [(), (), ((50_000, "model_switch"),), (), ()]


def request(conversation: tuple[int, int], time_ms: int, series: int, tokens: Tokens, searches: int = 0) -> Request:
    """A request with its price."""
    one = SERIES[series]
    usage = Usage("claude-code", "k", time_ms, one.model, tokens, provider=one.provider, kind="response")
    usage = usage._replace(kind=one.kind, speed=one.speed, tier=one.tier, geo=one.geo, web_searches=searches)
    cost = BOOK.price(usage).list_cost if one.price is not None else None
    return Request(*conversation, time_ms, series, *tokens, searches, cost, 0, 0, 0, 1)


def costs(*requests: Request) -> dict[str, int]:
    """Nano-dollars by driver; they add up."""
    found = explain(sorted(requests), SERIES, cards)
    assert found.closes
    assert found.total.list_cost == sum(one.list_cost or 0 for one in requests)
    return {driver: found.drivers[driver].list_cost for driver in DRIVERS if found.drivers[driver].list_cost}


def test_the_prompt_that_is_one_token_too_long_pays_the_surcharge_on_all_of_it() -> None:
    """claude-sonnet-4-5 costs 3,000 nano-dollars for a token of input and 15,000 of output, 6,000 and 22,500 behind
    200,000 tokens of a prompt."""
    short = request((1, 0), START, 1, Tokens(200_000, 0, 0, 0, 100, 0))
    long = request((2, 0), START, 1, Tokens(200_001, 0, 0, 0, 100, 0))
    assert costs(short) == {"new_input": 200_000 * 3_000, "visible_output": 100 * 15_000}
    assert costs(long) == {
        "new_input": 200_001 * 3_000,
        "visible_output": 100 * 15_000,
        "long_context_surcharge": 200_001 * 3_000 + 100 * 7_500,
    }


def test_a_lost_cache_in_a_long_prompt_has_its_base_price_and_the_surcharge_the_rest() -> None:
    first = request((1, 0), START, 1, Tokens(0, 0, 250_000, 0, 0, 0))
    again = request((1, 0), START + 10 * MINUTE, 1, Tokens(0, 0, 251_000, 0, 0, 0))
    assert costs(first, again) == {
        "cache_written": 251_000 * 3_750,
        "cache_rewritten_after_pause": 250_000 * 3_750,
        "long_context_surcharge": 501_000 * 3_750,
    }


def test_agents_with_logs_of_their_own_that_work_in_turns_lose_nothing_of_each_others() -> None:
    turns = [
        request((1, agent), START + at * 1000, 1, Tokens(0, 10_000 * at, 10_000, 0, 0, 0))
        for at in range(5)
        for agent in (0, 7, 8)
    ]
    assert costs(*turns) == {"cache_written": 150_000 * 3_750, "cache_read": 300_000 * 300}
