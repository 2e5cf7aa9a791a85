"""`--as`: the same tokens at other prices, each request at its own time, by its own length, served as it was."""

import pytest

from support.worked import Worked
from tokcost.drivers.family import family_of
from tokcost.errors import UsageError
from tokcost.model.drivers import Repriced


def other(worked: Worked, name: str) -> Repriced:
    (found,) = worked.explain(as_models=(name,)).as_other
    return found


def test_the_model_itself_costs_what_it_cost(worked: Worked) -> None:
    worked.request(input=10, write=150_000, output=500)
    worked.request(3, read=150_000, write=60_000, write_1h=0, output=700)
    worked.request(30, write=230_000, output=1)
    found = other(worked, "claude-sonnet-4-5")
    assert found.list_cost == found.compared == worked.explain().total.list_cost
    assert (found.requests, found.without_price) == (3, 0)


def test_another_model_has_its_own_price_for_each_class(worked: Worked) -> None:
    worked.request(input=10, read=1_000, write=2_000, write_1h=3_000, output=100)
    found = other(worked, "claude-haiku-4-5")
    assert found.list_cost == 10 * 1_000 + 1_000 * 100 + 2_000 * 1_250 + 3_000 * 2_000 + 100 * 5_000


def test_a_model_without_a_price_for_writing_a_cache_takes_it_as_input(worked: Worked) -> None:
    worked.request(input=10, read=1_000, write=2_000, write_1h=3_000, output=100)
    found = other(worked, "gpt-5")
    assert found.list_cost == 5_010 * 1_250 + 1_000 * 125 + 100 * 10_000


def test_a_model_priced_by_the_user_alone_takes_its_whole_prompt_as_input(worked: Worked) -> None:
    worked.request(input=10, read=1_000, write=2_000, output=100)
    worked.explain()
    prices = '[[price]]\nmatch = "ours"\ninput = 1\noutput = 2\n'
    (worked.repo.ledger_home / "prices.toml").write_text(prices)
    assert other(worked, "ours").list_cost == 3_010 * 1_000 + 100 * 2_000


def test_long_prompts_are_told_request_by_request(worked: Worked) -> None:
    for _ in range(3):
        worked.request(input=150_000, model="claude-haiku-4-5")
    assert other(worked, "claude-sonnet-4-5").list_cost == 3 * 150_000 * 3_000
    worked.request(input=200_001, model="claude-haiku-4-5")
    assert other(worked, "claude-sonnet-4-5").list_cost == 3 * 150_000 * 3_000 + 200_001 * 6_000


def test_a_tier_that_the_other_model_has_not_is_told(worked: Worked) -> None:
    worked.request(output=100, model="claude-opus-4-8", counts={"speed": "fast"})
    worked.request(output=100, model="claude-opus-4-8")
    found = other(worked, "claude-haiku-4-5")
    assert (found.list_cost, found.otherwise_served) == (200 * 5_000, 1)


def test_usage_without_a_price_of_its_own_is_not_compared(worked: Worked) -> None:
    worked.request(output=100)
    worked.request(output=100, model="some-model-of-our-own")
    found = other(worked, "claude-haiku-4-5")
    assert (found.list_cost, found.compared, found.requests) == (100 * 5_000, 100 * 15_000, 1)


def test_a_model_that_nobody_knows_is_refused_with_those_that_are_near(worked: Worked) -> None:
    worked.request(output=100)
    with pytest.raises(UsageError, match="claude-haku-4-5") as refused:
        worked.explain(as_models=("claude-haku-4-5",))
    assert "claude-haiku-4-5" in refused.value.hint


def test_batch_is_half_the_price_and_leaves_out_what_has_none(worked: Worked) -> None:
    worked.request(write=1_000, output=100)
    worked.request(output=100, model="claude-opus-4-8", counts={"speed": "fast"})
    found = other(worked, "batch")
    assert found.list_cost == 1_000 * 1_875 + 100 * 7_500 + 100 * 12_500
    assert found.without_price == 0


def test_one_hour_caches_cost_more_to_write_and_outlive_a_pause(worked: Worked) -> None:
    worked.request(write=50_000)
    worked.request(20, write=52_000)
    assert other(worked, "one-hour-cache").list_cost == 52_000 * 6_000 + 50_000 * 300
    worked.request(90, write=52_000)
    assert other(worked, "one-hour-cache").list_cost == 104_000 * 6_000 + 50_000 * 300


def test_what_was_written_for_an_hour_already_stays_what_it_is(worked: Worked) -> None:
    worked.request(write_1h=50_000, output=10)
    found = other(worked, "one-hour-cache")
    assert found.list_cost == found.compared


def test_the_cheapest_of_a_family_is_chosen_for_each_model(worked: Worked) -> None:
    worked.request(output=100, model="claude-opus-4-5")
    worked.request(output=100, model="gpt-5", session="session-2")
    found = other(worked, "cheapest-of-family")
    assert found.models == (("claude-opus-4-5", "claude-haiku-4-5"), ("gpt-5", "gpt-5-nano"))
    assert found.list_cost == 100 * 5_000 + 100 * 400


def test_the_cheapest_of_a_family_never_costs_more_than_the_model_itself(worked: Worked) -> None:
    worked.request(output=100, model="claude-haiku-4-5")
    found = other(worked, "cheapest-of-family")
    assert found.list_cost == found.compared


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("claude-opus-4-8", "claude-haiku-4-5"),
        ("gpt-5.1-codex-mini", "gpt-5-nano"),
        ("gemini-2.5-pro", "gemini-2.5-flash-lite"),
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", "claude-haiku-4-5"),
        ("GLM-4.6", "GLM-4.5-Air"),
    ],
)
def test_models_of_one_family_share_the_lab_word_and_the_first_number(one: str, other: str) -> None:
    assert family_of(one) == family_of(other) is not None


@pytest.mark.parametrize(
    "name", ["gpt-5-image", "gemini-2.5-flash-tts", "gpt-4o-audio-preview", "gemini-embedding-2", ""]
)
def test_models_for_another_purpose_are_in_no_family(name: str) -> None:
    assert family_of(name) is None


def test_families_of_another_generation_are_others() -> None:
    assert len({family_of(name) for name in ("gpt-4.1", "gpt-4o", "gpt-5", "o3", "o4-mini", "claude-3-haiku")}) == 6
