"""The sums hold for every history of requests: they close, grow, split, and do not depend on the order of logs."""

from hypothesis import given, settings
from hypothesis import strategies as st

from support.series import BOOK, SERIES, START, cards
from tokcost.drivers.explaining import explain
from tokcost.drivers.prefix import Prompt, losses
from tokcost.model.drivers import DRIVERS, Explanation, Request
from tokcost.model.usage import Tokens, Usage

TOKENS = st.one_of(st.just(0), st.integers(0, 5_000), st.integers(0, 300_000))


@st.composite
def request(draw: st.DrawFn) -> Request:
    series = draw(st.integers(1, len(SERIES)))
    one = SERIES[series]
    counts = [draw(TOKENS) for _ in range(5)]
    tokens = Tokens._make([*counts, min(draw(st.integers(0, 100)), counts[-1])])
    time_ms = START + draw(st.integers(0, 3 * 3_600_000))
    searches = draw(st.integers(0, 2))
    usage = Usage("claude-code", "k", time_ms, one.model, tokens, provider=one.provider, kind="response")
    usage = usage._replace(kind=one.kind, speed=one.speed, tier=one.tier, geo=one.geo, web_searches=searches)
    list_cost = BOOK.price(usage).list_cost if one.price is not None else None
    where = draw(st.integers(1, 3)), draw(st.integers(0, 1))
    return Request(
        *where, time_ms, series, *tokens, searches, list_cost, 0, draw(st.sampled_from([0, 0, 0, 1])), 0, 1
    )  # fmt: skip


HISTORIES = st.lists(request(), max_size=30).map(sorted)


def explained(history: list[Request]) -> Explanation:
    found = explain(history, SERIES, cards)
    assert found.closes
    return found


@given(HISTORIES)
@settings(max_examples=30, deadline=None)
def test_the_drivers_add_up_to_the_nano_dollar_and_none_is_below_zero(history: list[Request]) -> None:
    found = explained(history)
    assert found.total.list_cost == sum(one.list_cost or 0 for one in history)
    assert found.total.tokens + found.unpriced.tokens == sum(one.tokens for one in history)
    assert found.total.requests + found.unpriced.requests == len(history)
    assert min(min(part) for part in found.drivers.values()) >= 0
    assert all(part.requests <= found.total.requests for part in found.drivers.values())
    assert all(share.list_cost <= found.total.list_cost for share in found.shares.values())


@given(HISTORIES)
@settings(max_examples=30, deadline=None)
def test_every_rate_card_explains_its_own_price(history: list[Request]) -> None:
    counted = [one for one in history if one.series != 6 and SERIES[one.series].kind != "unlogged"]
    assert explained(counted).drivers["not_known"].list_cost == 0


@given(HISTORIES, st.lists(st.booleans(), min_size=30, max_size=30))
@settings(max_examples=30, deadline=None)
def test_a_history_that_is_split_adds_up_to_the_whole(history: list[Request], chosen: list[bool]) -> None:
    whole = explained(history)
    pairs = list(zip(history, chosen, strict=False))
    one = explained([request._replace(counted=int(here)) for request, here in pairs])
    other = explained([request._replace(counted=int(not here)) for request, here in pairs])
    for driver in DRIVERS:
        sums = tuple(a + b for a, b in zip(one.drivers[driver], other.drivers[driver], strict=True))
        assert sums == whole.drivers[driver]
    assert one.pauses + other.pauses == whole.pauses


@given(HISTORIES, st.randoms())
@settings(max_examples=30, deadline=None)
def test_the_order_of_conversations_changes_nothing(history: list[Request], random: st.DataObject) -> None:
    conversations = sorted({one[:2] for one in history})
    random.shuffle(conversations)  # type: ignore[attr-defined]
    other = [one for name in conversations for one in history if one[:2] == name]
    assert explained(other).drivers == explained(history).drivers


@given(HISTORIES, request())
@settings(max_examples=30, deadline=None)
def test_more_usage_never_makes_a_total_smaller(history: list[Request], more: Request) -> None:
    before, after = explained(history), explained(sorted([*history, more]))
    assert after.total.list_cost == before.total.list_cost + (more.list_cost or 0)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 90), *[st.integers(0, 200)] * 4), max_size=25))
@settings(max_examples=30, deadline=None)
def test_no_more_is_lost_than_was_sent_and_never_what_was_read(rows: list[tuple[str, int, int, int, int, int]]) -> None:
    now, prompts = START, list[Prompt]()
    for model, minutes, *counts in rows:
        now += minutes * 60_000
        prompts.append(Prompt(model, now, *counts))
    most = 0
    for prompt, lost in zip(prompts, losses(prompts), strict=True):
        count = sum(one.tokens for one in lost)
        assert count <= (prompt.written or prompt.input)
        assert all(one.tokens > 0 and one.pause_ms >= 0 for one in lost)
        assert prompt.cache_read + count <= max(most, prompt.cache_read)
        most = max(most, prompt.cache_read + prompt.written)


@given(st.lists(st.integers(1, 2_000), min_size=1, max_size=30))
def test_a_conversation_that_reads_all_it_wrote_never_loses_anything(written: list[int]) -> None:
    prompts: list[Prompt] = []
    cached = 0
    for at, count in enumerate(written):
        prompts.append(Prompt("a", START + at * 60_000, 4, cached, count, 0))
        cached += count
    assert [lost for lost in losses(prompts) if lost] == []
