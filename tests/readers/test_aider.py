"""aider's history: each known trap, with its reasoning in the test's name."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tokcost.model.logs import Batch
from tokcost.model.usage import Tokens
from tokcost.readers.aider.reader import AiderReader
from tokcost.readers.sources import new_lines
from tokcost.readers.sources.files import file_source

READER = AiderReader()
T0 = 1_790_000_000
"""2026-09-21 14:13:20 UTC."""


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def session(
    at: str = "2026-09-21 14:13:20", command: str = "aider", model: str = "gpt-4o", version: str = "0.86.1"
) -> str:
    said = f"> /usr/bin/{command}  \n> Aider v{version}  \n> Main model: {model} with diff edit format  \n"
    return f"\n# aider chat started at {at}\n\n{said}> Weak model: gpt-4o-mini  \n"


def turn(report: str = "Tokens: 2.6k sent, 9 received. Cost: $0.0065 message, $0.0065 session.") -> str:
    return f"\n#### some words  \n\nsome other words\n\n> {report}  \n"


def history(folder: Path, *parts: str, mode: str = "w") -> Path:
    path = folder / ".aider.chat.history.md"
    with path.open(mode) as stream:
        stream.write("".join(parts))
    return path


def read(path: Path, cursor: bytes | None = None) -> Batch:
    (batch,) = READER.read(file_source(str(path), os.stat(path)), cursor)
    assert len({usage.key for usage in batch.usage}) == len(batch.usage)
    return batch


def tokens(folder: Path, report: str) -> list[Tokens]:
    return [one.tokens for one in read(history(folder, session(), turn(report))).usage]


def test_a_report_is_an_estimate_at_the_time_of_its_session_in_the_folder_of_the_history(tmp_path: Path) -> None:
    (one,) = read(history(tmp_path, session(), turn())).usage
    assert one.tokens == Tokens(2600, output=9)
    assert (one.estimated, one.assistant, one.model, one.provider) == (True, "aider", "gpt-4o", "")
    assert (one.time_ms, one.cwd, one.reported_cost) == (T0 * 1000, str(tmp_path), 6_500_000)


@pytest.mark.parametrize(
    ("sent", "count"), [("999", 999), ("9.9k", 9900), ("12k", 12_000), ("1,234", 1234), ("1.2M", 1_200_000)]
)
def test_counts_are_as_exact_as_they_are_written(sent: str, count: int, tmp_path: Path) -> None:
    assert tokens(tmp_path, f"Tokens: {sent} sent, 5 received.") == [Tokens(count, output=5)]


def test_what_was_sent_contains_what_was_written_to_the_cache_and_read_from_it(tmp_path: Path) -> None:
    report = "Tokens: 12k sent, 2.5k cache write, 9.0k cache hit, 421 received.\nCost: $0.01 message, $0.05 session."
    (one,) = read(history(tmp_path, session(), turn(report))).usage
    assert one.tokens == Tokens(500, 9000, 2500, output=421)
    assert one.reported_cost == 10_000_000


@pytest.mark.parametrize(
    ("version", "sent", "input"),
    [("0.86.2", "13k", 600), ("0.87.0", "12k", 0), ("1.0.0.dev", "13k", 600), ("0.86.1", "13k", 1800)],
)
def test_since_0_86_2_what_was_sent_contains_twice_what_was_written_to_the_cache(
    version: str, sent: str, input: int, tmp_path: Path
) -> None:
    """Seen with 0.86.2: of 6 tokens, 10,300 from the cache and 1,206 written to it it reports 13k sent. An older
    session in the same history has them once."""
    report = turn(f"Tokens: {sent} sent, 1.2k cache write, 10k cache hit, 203 received.")
    older = session("2026-09-20 10:00:00", version="0.86.1")
    batch = read(history(tmp_path, older, report, session(version=version), report))
    (before, now) = (one.tokens for one in batch.usage)
    assert now == Tokens(input, 10_000, 1200, output=203)
    assert before.input == {"13k": 1800, "12k": 800}[sent]


def test_the_version_of_a_session_is_known_when_more_of_it_is_read(tmp_path: Path) -> None:
    first = read(history(tmp_path, session(version="0.86.2")))
    path = history(tmp_path, turn("Tokens: 13k sent, 1.2k cache write, 10k cache hit, 203 received."), mode="a")
    assert read(path, first.cursor).usage[0].tokens.input == 600


def test_what_was_sent_excludes_a_cache_that_is_larger(tmp_path: Path) -> None:
    report = "Tokens: 7.8k sent, 8.1k cache write, 9 cache hit, 421 received."
    assert tokens(tmp_path, report) == [Tokens(7800, 9, 8100, output=421)]


def test_a_report_without_a_cost_is_no_less_a_report(tmp_path: Path) -> None:
    (one,) = read(history(tmp_path, session(), turn("Tokens: 5 sent, 5 received."))).usage
    assert one.reported_cost is None


def test_the_cost_of_a_session_is_not_that_of_a_message(tmp_path: Path) -> None:
    report = "Tokens: 5 sent, 5 received. Cost: $0.02 message, $7.00 session."
    assert read(history(tmp_path, session(), turn(report))).usage[0].reported_cost == 20_000_000


@pytest.mark.parametrize(
    "line",
    [
        "Tokens: 2.6k sent, 9 received.",
        "> > Tokens: 2.6k sent, 9 received.",
        "> It said Tokens: 2.6k sent, 9 received.",
        "> Tokens: many sent, 9 received.",
    ],
)
def test_words_of_a_conversation_are_no_report(line: str, tmp_path: Path) -> None:
    batch = read(history(tmp_path, session(), f"\n#### some words  \n\n{line}\n"))
    assert (list(batch.usage), batch.skipped) == ([], {})


def test_the_model_is_the_last_one_that_was_named(tmp_path: Path) -> None:
    switched = "> Model: anthropic/claude-sonnet-4-5 with whole edit format, prompt cache  \n"
    batch = read(history(tmp_path, session(model="openai/gpt-4o"), turn(), switched, turn()))
    assert [(one.provider, one.model) for one in batch.usage] == [
        ("openai", "gpt-4o"),
        ("anthropic", "claude-sonnet-4-5"),
    ]


def test_the_time_is_that_of_the_zone_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    assert read(history(tmp_path, session(at="2026-09-21 16:13:20"), turn())).usage[0].time_ms == T0 * 1000


def test_only_what_is_new_is_read_and_knows_its_session(tmp_path: Path) -> None:
    first = read(history(tmp_path, session(), turn()))
    path = history(tmp_path, turn("Tokens: 7 sent, 8 received."), mode="a")
    second = read(path, first.cursor)
    assert [one.tokens for one in second.usage] == [Tokens(7, output=8)]
    assert [one.key for one in (*first.usage, *second.usage)] == [one.key for one in read(path).usage]
    assert second.usage[0].model == "gpt-4o"


def test_a_heading_whose_session_is_not_written_yet_waits_for_it(tmp_path: Path) -> None:
    text = session() + turn()
    at = text.index("> Aider")
    first = read(history(tmp_path, text[: at - 25]))
    path = history(tmp_path, text[at - 25 :], mode="a")
    assert [one.key for one in read(path, first.cursor).usage] == [one.key for one in read(path).usage]


def test_a_report_that_is_half_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    text = session() + turn()
    first = read(history(tmp_path, text[:-50]))
    assert not first.usage
    assert len(read(history(tmp_path, text[-50:], mode="a"), first.cursor).usage) == 1


def test_a_history_that_was_copied_moved_or_trimmed_counts_once(tmp_path: Path) -> None:
    parts = [session(), turn(), session("2026-09-21 15:00:00"), turn(), turn()]
    whole = read(history(tmp_path, *parts))
    (tmp_path / "copy").mkdir()
    copy = read(history(tmp_path / "copy", *parts[2:]))
    assert [one.key for one in copy.usage] == [one.key for one in whole.usage[1:]]


def test_sessions_that_were_begun_in_one_second_by_other_commands_are_told_apart(tmp_path: Path) -> None:
    batch = read(history(tmp_path, session(command="aider --a"), turn(), session(command="aider --b"), turn()))
    assert len({one.key for one in batch.usage}) == 2


def test_no_word_of_a_command_or_a_conversation_leaves_the_reader(tmp_path: Path) -> None:
    batch = read(history(tmp_path, session(command="aider --message canary"), turn().replace("words", "canary")))
    assert b"canary" not in batch.cursor
    assert "canary" not in repr(batch)


def test_a_report_of_no_session_or_with_impossible_values_is_counted_as_damaged(tmp_path: Path) -> None:
    assert sum(read(history(tmp_path, turn())).skipped.values()) == 1
    wrong = turn("Tokens: 99999M sent, 5 received.")
    assert sum(read(history(tmp_path, session("2026-13-41 99:99:99"), turn(), session(), wrong)).skipped.values()) == 2


def test_each_line_that_is_too_long_to_be_read_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_lines, "MAX_LINE", 1 << 20)
    enormous = "x" * (3 << 20) + "\n"
    batch = read(history(tmp_path, session(), turn(), enormous, turn(), enormous))
    assert len(batch.usage) == 2
    assert batch.skipped == {"line too long to read": 2}
