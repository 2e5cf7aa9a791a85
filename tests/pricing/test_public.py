"""Which name of a model is published: never one that tells an organisation."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokcost.pricing.compile import compile_from_source, known_names
from tokcost.pricing.public import OTHER, model_of_line, public_name


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("claude-opus-4-5", "claude-opus-4-5"),
        ("claude-opus-4-5-20251101", "claude-opus-4-5"),
        ("claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5[1m]"),
        ("claude-sonnet-4-20250514-thinking", "claude-sonnet-4-thinking"),
        ("claude-opus-4-5@20251101", "claude-opus-4-5"),
        ("claude-3-5-sonnet-20240620", "claude-3-5-sonnet"),
        ("openai/gpt-5-2025-08-07", "gpt-5"),
        # Another day has another price: the name says which it was.
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4-0613", "gpt-4-0613"),
        ("claude-sonnet-4-5[1m]", "claude-sonnet-4-5[1m]"),
        ("gpt-5-codex", "gpt-5-codex"),
        ("gpt-5.1-codex-max", "gpt-5.1-codex-max"),
        ("openrouter/anthropic/claude-opus-4.5", "claude-opus-4.5"),
        ("ft:gpt-4o:my-org:custom:abc123", "ft:gpt-4o"),
        ("ft:gpt-4o-mini-2024-07-18:my-org::x", "ft:gpt-4o-mini"),
        ("FT:GPT-4o:My-Org::x", "ft:gpt-4o"),
        ("openai/ft:gpt-4.1-2025-04-14:my-org::x", "ft:gpt-4.1"),
        ("ft:my-org-base:my-org::x", OTHER),
        ("ft:", OTHER),
        ("my-company-llama", OTHER),
        ("qwen3:8b", OTHER),
        ("azure/acme-gpt4", OTHER),
        ("/home/ann/models/llama.gguf", OTHER),
        ("arn:aws:bedrock:eu-west-1:123456789012:something", OTHER),
        ("arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abcdef", OTHER),
        ("", OTHER),
        ("[x](https://acme.example)", OTHER),
        # The price source takes anything that begins so for the model, whatever comes behind it.
        ("claude-3-opus-acme", "claude-3-opus-latest"),
        ("gemini-2.5-pro-acme", "gemini-2.5-pro"),
        ("deepseek-r1-acme", "deepseek-reasoner"),
        ("gemini-2.5-pro-123456789012", "gemini-2.5-pro"),
    ],
)
def test_a_published_name_is_one_that_everybody_knows(model: str, name: str) -> None:
    (cards,) = compile_from_source([("openai", model)])
    assert public_name(model, cards.source) == name


@given(st.sampled_from(["", "ft:gpt-4o:", "gpt-5-", "claude-", "arn:aws:bedrock:x/", "gemini-2.5-pro-"]), st.text())
def test_no_word_of_an_organisation_comes_through(start: str, more: str) -> None:
    for source in ("", "openai/gpt-5", "google/gemini-2.5-pro"):
        assert "acme" not in public_name(f"{start}{more}-acme-{more}", source).lower()


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("claude-opus-4-5-20251101", "claude-opus-4-5"),
        ("claude-opus-4-5", "claude-opus-4-5"),
        ("claude-opus-4-5@20251101", "claude-opus-4-5"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("gpt-4-0613", "gpt-4-0613"),
        ("model-12345678", "model-12345678"),
        (OTHER, OTHER),
    ],
)
def test_older_lines_with_a_day_name_the_same_model_as_newer_ones(name: str, model: str) -> None:
    assert model_of_line(name) == model
    assert model_of_line(model) == model


def test_a_day_stays_where_it_tells_two_models_of_the_price_source_apart() -> None:
    """A cloud's regional names have a price of their own anyway, and are no name of a log."""
    names = {name.rpartition("/")[2].partition(":")[0] for name in known_names() if ".anthropic." not in name}
    dated = {name for name in names if re.search(r"20\d{2}-?\d{2}-?\d{2}", name)}
    assert {model_of_line(name) for name in dated} == dated
    assert dated
    days_apart = {re.sub(r"-20\d{2}-?\d{2}-?\d{2}.*", "-2020-01-01", name) for name in dated}
    assert not {model_of_line(name) for name in days_apart} & days_apart


def test_a_shortened_name_has_the_same_price_as_the_logged_one() -> None:
    names = ["claude-opus-4-5-20251101", "claude-3-5-sonnet-20240620", "gpt-5-2025-08-07", "gpt-4o-2024-05-13"]
    for logged in compile_from_source([("", name) for name in names]):
        (short,) = compile_from_source([("", public_name(logged.model, logged.source))])
        assert short.cards == logged.cards
