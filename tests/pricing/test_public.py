"""Which name of a model is published: never one that tells an organisation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokcost.pricing.compile import compile_from_source
from tokcost.pricing.public import OTHER, public_name


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("claude-opus-4-5", "claude-opus-4-5"),
        ("claude-opus-4-5-20251101", "claude-opus-4-5-20251101"),
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
