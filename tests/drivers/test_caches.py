"""Ledgers made by hand, whose drivers are known to the nano-dollar: what was cached, lost and written again."""

from support.worked import Worked

INPUT, READ, SHORT, LONG, OUTPUT = 3_000, 300, 3_750, 6_000, 15_000


def test_the_first_request_of_a_conversation_writes_for_the_first_time(worked: Worked) -> None:
    worked.request(input=100, write=50_000, output=500)
    assert worked.costs() == {
        "new_input": 100 * INPUT, "cache_written": 50_000 * SHORT, "visible_output": 500 * OUTPUT
    }  # fmt: skip


def test_a_conversation_that_goes_on_writes_only_what_is_new(worked: Worked) -> None:
    worked.request(write=50_000)
    worked.request(read=50_000, write=2_000)
    worked.request(4.9, read=52_000, write=1_000)
    assert worked.costs() == {"cache_written": 53_000 * SHORT, "cache_read": 102_000 * READ}


def test_a_pause_longer_than_five_minutes_loses_a_five_minute_cache(worked: Worked) -> None:
    worked.request(write=50_000)
    worked.request(5.1, write=52_000)
    assert worked.costs() == {
        "cache_written": 52_000 * SHORT, "cache_rewritten_after_pause": 50_000 * SHORT
    }  # fmt: skip
    assert worked.explain().pauses == {5: 1}


def test_within_five_minutes_a_lost_cache_has_another_cause(worked: Worked) -> None:
    worked.request(write=50_000)
    worked.request(4.9, write=52_000)
    assert worked.tokens() == {"cache_written": 52_000, "cache_rewritten_other": 50_000}


def test_a_pause_of_half_an_hour_does_not_explain_the_loss_of_a_one_hour_cache(worked: Worked) -> None:
    worked.request(write_1h=50_000)
    worked.request(30, write_1h=52_000)
    assert worked.tokens() == {"cache_written": 52_000, "cache_rewritten_other": 50_000}


def test_a_pause_longer_than_an_hour_does(worked: Worked) -> None:
    worked.request(write_1h=50_000)
    worked.request(61, write_1h=52_000)
    assert worked.costs() == {
        "cache_written": 52_000 * LONG, "cache_rewritten_after_pause": 50_000 * LONG
    }  # fmt: skip


def test_of_a_prompt_in_both_caches_half_an_hour_loses_the_short_one_alone(worked: Worked) -> None:
    worked.request(write_1h=20_000, write=30_000)
    worked.request(30, read=20_000, write=31_000)
    assert worked.costs() == {
        "cache_written": 20_000 * LONG + 31_000 * SHORT,
        "cache_rewritten_after_pause": 30_000 * SHORT,
        "cache_read": 20_000 * READ,
    }


def test_when_both_are_lost_after_half_an_hour_each_part_has_its_own_cause(worked: Worked) -> None:
    worked.request(write_1h=20_000, write=30_000)
    worked.request(30, write_1h=20_000, write=31_000)
    assert worked.tokens() == {
        "cache_written": 51_000, "cache_rewritten_after_pause": 30_000, "cache_rewritten_other": 20_000
    }  # fmt: skip


def test_reading_a_cache_lets_it_live_on(worked: Worked) -> None:
    worked.request(write=50_000)
    for _ in range(4):
        worked.request(4, read=50_000, output=10)
    worked.request(4, write=50_500)
    assert worked.tokens()["cache_rewritten_other"] == 50_000


def test_a_part_that_was_read_was_not_lost(worked: Worked) -> None:
    worked.request(write=50_000)
    worked.request(20, read=15_000, write=37_000)
    assert worked.tokens() == {
        "cache_written": 52_000, "cache_rewritten_after_pause": 35_000, "cache_read": 15_000
    }  # fmt: skip


def test_a_cache_that_was_kept_over_a_long_pause_is_no_loss(worked: Worked) -> None:
    worked.request(write=50_000)
    worked.request(20, read=50_000, write=1_000)
    assert worked.tokens() == {"cache_written": 51_000, "cache_read": 50_000}


def test_another_model_has_a_cache_of_its_own(worked: Worked) -> None:
    worked.request(write=50_000)
    worked.request(write=52_000, model="claude-opus-4-5")
    assert worked.costs() == {
        "cache_written": 50_000 * SHORT + 2_000 * 6_250, "cache_rewritten_after_model_switch": 50_000 * 6_250
    }  # fmt: skip


def test_going_back_to_the_first_model_at_once_writes_only_what_the_other_one_added(worked: Worked) -> None:
    worked.request(write=50_000)
    worked.request(write=52_000, model="claude-opus-4-5")
    worked.request(read=50_000, write=3_000)
    assert worked.tokens() == {
        "cache_written": 50_000 + 2_000 + 1_000, "cache_rewritten_after_model_switch": 50_000 + 2_000,
        "cache_read": 50_000,
    }  # fmt: skip


def test_a_cache_that_expired_while_another_model_had_the_conversation_fell_to_the_switch(worked: Worked) -> None:
    worked.request(write=50_000)
    worked.request(2, write=50_000, model="claude-opus-4-5")
    worked.request(4, read=50_000, model="claude-opus-4-5")
    worked.request(1, write=50_000)
    assert worked.tokens() == {
        "cache_written": 50_000, "cache_rewritten_after_model_switch": 100_000, "cache_read": 50_000
    }  # fmt: skip


def test_a_small_call_of_another_model_beside_the_conversation_is_no_switch(worked: Worked) -> None:
    worked.request(write=50_000)
    worked.request(write=2_000, model="claude-haiku-4-5")
    worked.request(read=50_000, write=1_000)
    worked.request(read=2_000, write=500, model="claude-haiku-4-5")
    assert worked.tokens() == {"cache_written": 53_500, "cache_read": 52_000}


def test_a_pause_is_still_a_pause_where_a_small_call_came_between(worked: Worked) -> None:
    worked.request(write=50_000)
    worked.request(6, write=2_000, model="claude-haiku-4-5")
    worked.request(1, write=51_000)
    assert worked.tokens()["cache_rewritten_after_pause"] == 50_000


def test_a_shortened_conversation_writes_its_new_beginning_because_of_the_compaction(worked: Worked) -> None:
    worked.request(write=150_000)
    worked.request(read=12_000, write=20_000, input=4)
    worked.request(read=32_000, write=1_000)
    assert worked.tokens() == {
        "new_input": 4, "cache_written": 151_000, "cache_rewritten_after_compaction": 20_000, "cache_read": 44_000
    }  # fmt: skip


def test_a_compaction_after_a_pause_is_a_compaction(worked: Worked) -> None:
    worked.request(write=150_000)
    worked.request(30, write=32_000)
    assert worked.tokens() == {"cache_written": 150_000, "cache_rewritten_after_compaction": 32_000}


def test_a_conversation_that_lost_its_end_alone_was_shortened_too(worked: Worked) -> None:
    worked.request(write=100_000)
    worked.request(read=20_000, write=60_000)
    assert worked.tokens()["cache_rewritten_after_compaction"] == 60_000


def test_a_prompt_that_is_but_a_little_shorter_began_differently(worked: Worked) -> None:
    """Seen in a real log: another set of tools, or another day in the instructions."""
    worked.request(read=0, write=15_573)
    worked.request(0.1, write=15_495)
    assert worked.tokens() == {"cache_written": 15_573, "cache_rewritten_other": 15_495}


def test_a_short_prompt_after_which_the_long_one_is_read_again_stands_beside_the_conversation(worked: Worked) -> None:
    worked.request(write=150_000)
    worked.request(read=12_000, write=8_000)
    worked.request(read=20_000, write=1_000)
    worked.request(read=150_000, write=2_000)
    assert worked.tokens() == {"cache_written": 161_000, "cache_read": 182_000}


def test_a_compaction_is_one_also_where_the_log_lacks_a_request_later(worked: Worked) -> None:
    """Seen in a real log: a request was broken off and left no counts, and the next one reads what it had written."""
    worked.request(write=174_737)
    worked.request(write=25_729)
    worked.request(read=25_729, write=60_000)
    worked.request(read=86_094, write=500)
    assert worked.tokens()["cache_rewritten_after_compaction"] == 25_729
    assert worked.tokens()["cache_written"] == 174_737 + 60_500


def test_prompts_beside_the_conversation_do_not_keep_its_cache_alive(worked: Worked) -> None:
    worked.request(write=150_000)
    worked.request(2, read=12_000, write=8_000)
    worked.request(2, read=20_000, write=1_000)
    worked.request(2, read=12_000, write=140_000)
    assert worked.tokens() == {
        "cache_written": 150_000 + 9_000 + 2_000, "cache_rewritten_after_pause": 138_000, "cache_read": 44_000
    }  # fmt: skip


def test_a_conversation_that_grows_again_after_a_compaction_was_compacted_all_the_same(worked: Worked) -> None:
    worked.request(write=100_000)
    worked.request(read=10_000, write=10_000)
    for read in range(20_000, 140_000, 20_000):
        worked.request(read=read, write=20_000)
    assert worked.tokens()["cache_rewritten_after_compaction"] == 10_000
    assert "cache_rewritten_other" not in worked.tokens()


def test_each_session_is_a_conversation_of_its_own(worked: Worked) -> None:
    worked.request(write=50_000)
    worked.request(write=50_000, session="session-2")
    worked.request(read=50_000, write=1_000)
    assert worked.tokens() == {"cache_written": 101_000, "cache_read": 50_000}


def test_a_prompt_without_a_cache_is_new_input_each_time(worked: Worked) -> None:
    worked.request(input=50_000)
    worked.request(input=51_000)
    assert worked.tokens() == {"new_input": 101_000}


def test_what_was_cached_and_is_sent_without_a_cache_is_lost(worked: Worked) -> None:
    worked.request(write=50_000)
    worked.request(10, input=52_000)
    assert worked.costs() == {
        "new_input": 2_000 * INPUT, "cache_written": 50_000 * SHORT, "cache_rewritten_after_pause": 50_000 * INPUT
    }  # fmt: skip
