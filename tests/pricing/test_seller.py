"""Whose bill the usage of a model is on."""

import pytest

from tokcost.pricing.names import seller


@pytest.mark.parametrize(
    ("provider", "model", "whose"),
    [
        ("", "claude-sonnet-4-5-20250929", "anthropic"),
        ("anthropic", "claude-opus-4-5[1m]", "anthropic"),
        ("", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws"),
        ("bedrock", "claude-opus-4-5", "aws"),
        ("google-vertex-anthropic", "claude-opus-4-5", "google"),
        ("", "vertex_ai/claude-opus-4-5", "google"),
        ("openrouter", "anthropic/claude-sonnet-4.5", "openrouter"),
        ("", "openrouter/anthropic/claude-sonnet-4.5", "openrouter"),
        ("", "anthropic/claude-sonnet-4.5", "anthropic"),
        ("openai", "gpt-5.1-codex", "openai"),
        ("", "gpt-5.1-codex", "openai"),
        ("azure", "gpt-5.1-codex", "azure"),
        ("github-copilot", "claude-haiku-4.5", "github-copilot"),
        ("", "copilot/gpt-5", "github-copilot"),
        ("my-proxy", "gpt-5", "my-proxy"),
        ("ollama", "gpt-oss:20b", ""),
        ("", "gpt-oss:20b", ""),
        ("", "<synthetic>", ""),
        ("", "", ""),
    ],
)
def test_usage_is_on_the_bill_of_whoever_the_log_names_or_else_of_the_lab(
    provider: str, model: str, whose: str
) -> None:
    assert seller(provider, model) == whose
