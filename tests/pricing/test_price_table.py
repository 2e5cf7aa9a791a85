"""A table of prices worked out by hand from providers' pages: model, way of being served, day, length of the prompt.

Rates are US dollars for a million tokens: input, cache read, five-minute write, one-hour write, output. Pages:

- Claude: platform.claude.com/docs/en/about-claude/pricing (models, long context, fast mode, batch),
  platform.claude.com/docs/en/manage-claude/data-residency (the factor 1.1), code.claude.com/docs/en/fast-mode (which
  models, until when), platform.claude.com/docs/en/build-with-claude/claude-in-amazon-bedrock (regions, 10 %).
- OpenAI: developers.openai.com/api/docs/pricing, openai.com/api-priority-processing, openai.com/api-fast-mode.
- Google: ai.google.dev/gemini-api/docs/pricing.
"""

from typing import NamedTuple

import pytest

from support.prices import priced
from tokcost.model.usage import Tokens

SHORT = Tokens(10_000, 20_000, 3_000, 4_000, 5_000)
LONG = Tokens(190_000, 80_000, 3_000, 4_000, 5_000)
"""277,000 in the prompt, more than any step but that of Haiku 5.5 begins at."""

Five = tuple[float, float, float, float, float]


class Row(NamedTuple):
    model: str
    day: str
    rates: Five
    tokens: Tokens = SHORT
    speed: str = ""
    tier: str = ""
    geo: str = ""
    provider: str = ""
    state: str = "priced"


def times(factor: float, rates: Five) -> Five:
    a, b, c, d, e = (rate * factor for rate in rates)
    return a, b, c, d, e


OPUS = (5, 0.5, 6.25, 10, 25)
OPUS_LONG = (10, 1, 12.5, 20, 37.5)
OPUS_4 = (15, 1.5, 18.75, 30, 75)
OPUS_55 = (4, 0.2, 5, 8, 20)
SONNET = (3, 0.3, 3.75, 6, 15)
SONNET_LONG = (6, 0.6, 7.5, 12, 22.5)
SONNET_5 = (2, 0.2, 2.5, 4, 10)
HAIKU = (1, 0.1, 1.25, 2, 5)
FABLE = (10, 1, 12.5, 20, 50)
FABLE_52 = (8, 0.2, 10, 16, 40)


def gpt(fresh: float, cached: float, out: float, written: float | None = None) -> Five:
    """OpenAI has one price for writing to its cache: that of input before GPT-5.6, 1.25 times that from then on."""
    return (fresh, cached, written or fresh, written or fresh, out)


STANDARD = [
    Row("claude-opus-4-20250514", "2025-08-01", OPUS_4),
    Row("claude-opus-4-1-20250805", "2025-10-01", OPUS_4),
    Row("claude-opus-4-5-20251101", "2025-12-01", OPUS),
    Row("claude-sonnet-4-20250514", "2025-07-01", SONNET),
    Row("claude-3-5-haiku-20241022", "2025-07-01", (0.8, 0.08, 1, 1.6, 4)),
    Row("claude-haiku-4-5-20251001", "2025-12-01", HAIKU),
    Row("claude-sonnet-5", "2026-10-01", SONNET_5),
    Row("claude-sonnet-5-5", "2026-10-06", SONNET_5),
    Row("claude-sonnet-5-5", "2026-10-07", (2, 0.1, 2.5, 4, 10)),
    Row("claude-opus-5-5", "2026-10-01", OPUS_55),
    Row("claude-haiku-5-5", "2026-10-20", (0.1, 0.01, 0.125, 0.2, 0.5)),
    Row("claude-fable-5", "2026-08-01", FABLE),
    Row("claude-fable-5-1", "2026-09-10", (10, 0.25, 12.5, 20, 50)),
    Row("claude-mythos-5", "2026-08-01", FABLE),
    Row("claude-mythos-5-1", "2026-09-10", (10, 0.25, 12.5, 20, 50)),
    Row("gpt-5", "2025-10-01", gpt(1.25, 0.125, 10)),
    Row("gpt-5-codex", "2025-10-01", gpt(1.25, 0.125, 10)),
    Row("gpt-5.2-codex", "2026-02-01", gpt(1.75, 0.175, 14)),
    Row("gpt-5.5", "2026-08-10", gpt(5, 0.5, 30)),
    Row("gpt-5.6-sol", "2026-08-20", gpt(5, 0.5, 30, 6.25)),
    Row("gpt-5.6-sol", "2026-08-21", gpt(4, 0.4, 20, 5)),
    Row("gpt-5.6-luna", "2026-07-29", gpt(1, 0.1, 6, 1.25)),
    Row("gpt-5.6-luna", "2026-07-30", gpt(0.2, 0.02, 1.2, 0.25)),
    Row("gemini-2.5-pro", "2026-01-01", gpt(1.25, 0.125, 10)),
    Row("gemini-3-pro-preview", "2026-01-01", gpt(2, 0.2, 12)),
]

LONG_PROMPTS = [
    Row("claude-sonnet-4-20250514", "2025-10-02", SONNET_LONG, LONG),
    Row("claude-sonnet-4-20250514[1m]", "2025-10-02", SONNET_LONG, LONG),
    Row("claude-sonnet-4-5", "2025-10-02", SONNET_LONG, LONG),
    Row("claude-sonnet-4-6", "2026-03-12", SONNET_LONG, LONG),
    Row("claude-sonnet-4-6", "2026-03-13", SONNET, LONG),
    Row("claude-opus-4-6", "2026-03-12", OPUS_LONG, LONG),
    Row("claude-opus-4-6", "2026-03-13", OPUS, LONG),
    Row("claude-opus-4-8", "2026-08-01", OPUS, LONG),
    Row("claude-haiku-5-5", "2026-10-20", (0.5, 0.05, 0.625, 1, 2.5), LONG),
    Row("vertex_ai/claude-sonnet-4@20250514", "2025-10-02", SONNET_LONG, LONG),
    Row("openrouter/anthropic/claude-sonnet-4", "2025-10-02", SONNET_LONG, LONG),
    Row("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "2025-12-01", SONNET_LONG, LONG),
    Row("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "2025-12-01", times(1.1, SONNET_LONG), LONG),
    Row("gpt-5.4", "2026-06-01", gpt(5, 0.5, 22.5), LONG),
    Row("gpt-5.5", "2026-08-10", gpt(10, 1, 45), LONG),
    Row("gpt-5.6-sol", "2026-08-10", gpt(10, 1, 45, 12.5), LONG),
    Row("gpt-5.2", "2026-02-01", gpt(1.75, 0.175, 14), LONG),
    Row("gemini-2.5-pro", "2026-01-01", gpt(2.5, 0.25, 15), LONG),
    Row("gemini-3-pro-preview", "2026-01-01", gpt(4, 0.4, 18), LONG),
]

IN_THE_US = [
    Row("claude-opus-4-6", "2026-04-01", times(1.1, OPUS), geo="us"),
    Row("claude-opus-4-6", "2026-03-01", times(1.1, OPUS_LONG), LONG, geo="us"),
    Row("claude-sonnet-4-6", "2026-04-01", times(1.1, SONNET), geo="us"),
    Row("claude-opus-4-7", "2026-05-19", times(1.1, OPUS), geo="us"),
    Row("claude-opus-5-5", "2026-10-01", times(1.1, OPUS_55), geo="us"),
    Row("claude-haiku-5-5", "2026-10-20", times(1.1, (0.1, 0.01, 0.125, 0.2, 0.5)), geo="us"),
    Row("claude-fable-5", "2026-08-01", times(1.1, FABLE), geo="us"),
    Row("claude-mythos-5", "2026-08-01", times(1.1, FABLE), geo="us"),
    Row("claude-opus-4-8", "2026-08-01", times(2 * 1.1, OPUS), speed="fast", geo="us"),
    Row("claude-opus-4-8", "2026-08-01", times(0.5 * 1.1, OPUS), tier="batch", geo="us"),
    Row("claude-opus-4-5", "2026-04-01", OPUS, geo="us"),
    Row("claude-sonnet-4-5", "2026-04-01", SONNET, geo="us"),
    Row("claude-haiku-4-5", "2026-04-01", HAIKU, geo="us"),
    Row("claude-opus-4-1", "2026-04-01", OPUS_4, geo="us"),
    Row("claude-3-5-haiku-20241022", "2026-04-01", (0.8, 0.08, 1, 1.6, 4), geo="us"),
    Row("claude-opus-4-7", "2026-05-19", times(1.1, OPUS), geo="US"),
    Row("claude-opus-4-5", "2026-05-19", OPUS, geo="Us"),
    Row("claude-opus-4-7", "2026-05-19", times(0.5 * 1.1, OPUS), tier="BATCH", geo="US"),
    Row("claude-opus-4-7", "2026-05-19", OPUS, geo="Global"),
    Row("claude-opus-4-7", "2026-05-19", OPUS, geo="NOT_AVAILABLE"),
    # A region without a published price, and a platform that has prices of its own by endpoint: marked, not guessed.
    Row("claude-opus-4-8", "2026-08-01", OPUS, geo="eu", state="estimated"),
    Row("vertex_ai/claude-opus-4-8", "2026-08-01", OPUS, geo="us", state="estimated"),
]

TIERS = [
    Row("claude-opus-4-6", "2026-05-01", times(6, OPUS), speed="fast"),
    Row("claude-opus-4-6", "2026-05-01", times(6, OPUS), LONG, speed="fast"),
    Row("claude-opus-4-7", "2026-06-01", times(6, OPUS), speed="fast"),
    Row("claude-opus-4-8", "2026-08-01", times(2, OPUS), speed="fast"),
    Row("claude-opus-5", "2026-08-01", times(2, OPUS), speed="fast"),
    Row("claude-opus-5-5", "2026-10-01", times(2, OPUS_55), speed="fast"),
    Row("claude-fable-5-2", "2026-11-01", times(2, FABLE_52), speed="fast"),
    Row("claude-opus-4-8-fast", "2026-08-01", times(2, OPUS)),
    Row("claude-opus-4-6-fast", "2026-05-01", times(6, OPUS)),
    Row("anthropic/claude-opus-4.7-fast", "2026-06-01", times(6, OPUS), provider="openrouter"),
    Row("claude-opus-4-8", "2026-08-01", times(2, OPUS), speed="Fast"),
    Row("claude-opus-4-8", "2026-08-01", OPUS, speed="Standard", tier="STANDARD"),
    Row("gpt-5", "2025-10-01", gpt(2.5, 0.25, 20), tier="Priority"),
    Row("gpt-5", "2025-10-01", gpt(1.25, 0.125, 10), tier="Default"),
    Row("claude-haiku-4-5", "2026-05-01", HAIKU, speed="fast", state="estimated"),
    Row("claude-haiku-4-5-fast", "2026-05-01", HAIKU, state="estimated"),
    Row("claude-opus-4-8", "2026-08-01", OPUS, tier="priority", state="estimated"),
    Row("claude-opus-4-8", "2026-08-01", times(2, OPUS), speed="fast", tier="batch", state="estimated"),
    Row("claude-opus-4-8", "2026-08-01", times(0.5, OPUS), tier="batch"),
    Row("claude-opus-4-8", "2026-11-01", times(0.5, OPUS), tier="batch"),
    Row("claude-sonnet-4-20250514", "2025-09-01", times(0.5, SONNET), tier="batch"),
    Row("claude-sonnet-4-5", "2025-12-01", times(0.5, SONNET_LONG), LONG, tier="batch"),
    Row("gpt-5", "2025-10-01", gpt(2.5, 0.25, 20), tier="priority"),
    Row("gpt-5-codex", "2025-10-01", gpt(2.5, 0.25, 20), tier="priority"),
    Row("gpt-5-mini", "2025-10-01", gpt(0.45, 0.045, 3.6), tier="priority"),
    Row("gpt-5.1-codex", "2026-01-01", gpt(2.5, 0.25, 20), tier="priority"),
    Row("gpt-5.2", "2026-02-01", gpt(3.5, 0.35, 28), tier="priority"),
    Row("gpt-5.4-mini", "2026-06-01", gpt(1.5, 0.15, 9), tier="priority"),
    Row("gpt-5.4", "2026-06-01", gpt(5, 0.5, 30), tier="priority"),
    Row("gpt-5.5", "2026-07-01", gpt(12.5, 1.25, 75), tier="priority"),
    Row("gpt-5.5", "2026-08-10", gpt(12.5, 1.25, 75), tier="fast"),
    Row("gpt-5.5", "2026-11-01", gpt(12.5, 1.25, 75), tier="fast"),
    Row("gpt-5.6-sol", "2026-08-10", gpt(10, 1, 60, 12.5), tier="fast"),
    Row("gpt-5.6-sol", "2026-09-01", gpt(8, 0.8, 40, 10), tier="fast"),
    Row("gpt-5.6-terra", "2026-08-10", gpt(4, 0.4, 24, 5), tier="priority"),
    Row("gpt-5.6-luna", "2026-08-10", gpt(0.4, 0.04, 2.4, 0.5), tier="fast"),
    Row("gpt-5", "2025-10-01", gpt(0.625, 0.0625, 5), tier="flex"),
    Row("gpt-5.5", "2026-07-01", gpt(2.5, 0.25, 15), tier="flex"),
    Row("gpt-5.5", "2026-07-01", gpt(5, 0.5, 22.5), LONG, tier="flex"),
    Row("gpt-4.1", "2025-09-01", gpt(3.5, 0.875, 14), tier="priority"),
    Row("gpt-5-nano", "2025-10-01", gpt(0.05, 0.005, 0.4), tier="priority", state="estimated"),
    Row("gpt-5", "2025-10-01", gpt(1.25, 0.125, 10), tier="scale", state="estimated"),
]

ELSEWHERE = [
    Row("anthropic.claude-opus-4-6-v1", "2026-04-01", times(1.1, OPUS)),
    Row("us.anthropic.claude-opus-4-6-v1[1m]", "2026-04-01", times(1.1, OPUS)),
    Row("eu.anthropic.claude-haiku-4-5-20251001-v1:0", "2026-04-01", times(1.1, HAIKU)),
    Row("global.anthropic.claude-sonnet-4-6", "2026-04-01", SONNET),
    Row("us.anthropic.claude-sonnet-4-20250514-v1:0", "2025-09-01", SONNET),
    Row("bedrock/us-east-1/anthropic.claude-sonnet-4-20250514-v1:0", "2025-09-01", SONNET),
    Row("bedrock/us.anthropic.claude-opus-4-6-v1", "2026-04-01", times(1.1, OPUS)),
    Row("us.anthropic.claude-opus-4-6-v1", "2026-04-01", times(1.1, OPUS), provider="amazon-bedrock"),
    Row("claude-opus-4-6@default", "2026-04-01", OPUS, provider="google-vertex-anthropic"),
    Row("vertex_ai/claude-opus-4-6", "2026-03-01", OPUS),
    Row("azure_ai/claude-opus-4-6", "2026-04-01", OPUS),
    Row("azure/gpt-5.2", "2026-04-01", gpt(1.75, 0.175, 14)),
    Row("openai/gpt-5.2", "2026-04-01", gpt(3.5, 0.35, 28), provider="openai", tier="priority"),
    Row("openrouter/anthropic/claude-opus-4.6", "2026-04-01", OPUS),
    Row("anthropic/claude-3.5-sonnet", "2026-04-01", SONNET, provider="openrouter"),
    Row("gemini/gemini-2.5-pro", "2026-01-01", gpt(1.25, 0.125, 10)),
]


@pytest.mark.parametrize("row", STANDARD + LONG_PROMPTS + IN_THE_US + TIERS + ELSEWHERE, ids=str)
def test_a_response_costs_what_its_providers_page_says(row: Row) -> None:
    found = priced(row.model, row.day, row.tokens, provider=row.provider, speed=row.speed, tier=row.tier, geo=row.geo)
    right = sum(count * rate for count, rate in zip(row.tokens[:5], row.rates, strict=True))
    assert found.list_cost is not None
    assert (found.list_cost, found.state) == (round(right * 1000), row.state)


@pytest.mark.parametrize("tokens", [Tokens(200_000, output=1), Tokens(0, 150_000, 50_000, 0, 1)])
@pytest.mark.parametrize("model", ["claude-sonnet-4-20250514", "claude-sonnet-4-5", "gemini-2.5-pro"])
def test_a_prompt_of_exactly_the_limit_is_no_long_one(model: str, tokens: Tokens) -> None:
    longer = tokens._replace(output=2)
    step = priced(model, "2025-10-02", longer).list_cost
    assert step is not None
    above = priced(model, "2025-10-02", longer._replace(input=tokens.input + 1)).list_cost
    assert above is not None
    assert above > 1.9 * step


def test_a_search_costs_the_same_wherever_the_inference_is_kept() -> None:
    anywhere, kept = (priced("claude-opus-4-8", "2026-08-01", Tokens(), web_searches=3, geo=geo) for geo in ("", "us"))
    assert anywhere.list_cost == kept.list_cost == 30_000_000


@pytest.mark.parametrize(
    ("model", "day", "rates"), [("claude-haiku-5-5", "2026-10-20", 0.1), ("claude-sonnet-4-5", "2025-12-01", 3)]
)
def test_calls_without_a_line_are_priced_as_short_prompts_and_called_estimated_where_they_may_have_been_long(
    model: str, day: str, rates: float
) -> None:
    """They are told as one sum: a hundred prompts of 3,000 tokens are not one of 300,000."""
    many, few = (priced(model, day, Tokens(count), kind="unlogged") for count in (300_000, 90_000))
    assert many == (round(300_000 * rates * 1000), "estimated", many.card_id)
    assert few == (round(90_000 * rates * 1000), "priced", few.card_id)
    assert priced(model, day, Tokens(300_000)).state == "priced"


def test_a_search_costs_the_same_in_every_tier() -> None:
    for tier in ("", "priority", "flex"):
        assert priced("gpt-5.5", "2026-07-01", Tokens(), web_searches=2, tier=tier).list_cost == 20_000_000


LOCAL = [
    *(("ollama", "gpt-oss:20b"), ("ollama-launch", "qwen3-coder:30b"), ("lmstudio", "openai/gpt-oss-20b")),
    *(("oss", "gpt-oss:120b"), ("ollama", "deepseek-v3.1"), ("LM Studio", "qwen/qwen3-coder-30b")),
    *(("lm-studio", "claude-opus-4-5"), ("llama.cpp", "gpt-5"), ("llama_cpp", "kimi-k2"), ("my-ollama", "glm-4.6")),
    *(("llama-server", "devstral"), ("mlx", "gpt-oss-20b"), ("", "ollama/deepseek-r1"), ("", "lm_studio/gpt-oss-20b")),
]
NOBODY_KNOWS = [
    *("qwen3-coder:30b", "glm-4.7-flash:q4_K_M", "gpt-oss:20b", "qwen3.6:35b-a3b-q4_K_M", "deepseek-r1:1.5b"),
    *("mixtral:8x7b", "gemma3n:e4b", "kimi-k2:IQ4_XS", "deepseek-v3.1:671b-cloud", "kimi-k2.5:cloud", "gpt-oss:latest"),
    *("gemma3:270m", "glm-4.6:fp16", "/models/gpt-oss-20b.gguf", "hf.co/acme/deepseek-r1:Q8_0", "gpt-oss:20b[1m]"),
    *("mlx-community/gpt-oss-20b", "openai/gpt-oss:20b"),
]


@pytest.mark.parametrize(("provider", "model"), LOCAL)
def test_a_model_on_the_users_own_machine_is_free_whatever_its_name_costs_elsewhere(provider: str, model: str) -> None:
    assert priced(model, "2026-08-10", SHORT, provider=provider)[:2] == (0, "free")


@pytest.mark.parametrize("model", NOBODY_KNOWS)
def test_a_tag_that_no_vendor_has_gets_no_vendors_price(model: str) -> None:
    assert priced(model, "2026-08-10", SHORT)[:2] == (None, "unpriced")


OWN_SERVERS = [
    *(
        ("ollama", "gpt-oss:120b-cloud"),
        ("vllm", "gpt-oss-120b"),
        ("local", "gpt-oss-20b"),
        ("my-local-llm", "glm-4.6"),
    ),
    *(("localhost", "deepseek-v3.1"), ("http://127.0.0.1:8080", "kimi-k2"), ("Self-hosted", "openai/gpt-oss-20b")),
]


@pytest.mark.parametrize(("provider", "model"), OWN_SERVERS)
def test_a_server_without_public_prices_is_unpriced_and_not_free(provider: str, model: str) -> None:
    assert priced(model, "2026-08-10", SHORT, provider=provider)[:2] == (None, "unpriced")


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("openrouter", "anthropic/claude-opus-4.5:batch"),
        ("mock", "gpt-5-codex"),
        ("acme-gateway", "claude-opus-4-5"),
        *(("local", "claude-opus-4-5"), ("localhost", "openai/gpt-5"), ("local-proxy", "gemini-2.5-pro")),
        *(("vocal", "gpt-oss-20b"), ("localizer", "gpt-oss-20b")),
        ("openrouter", "openai/gpt-oss-20b"),
        ("", "gpt-oss-20b"),
    ],
)
def test_a_vendors_name_keeps_its_price_though_it_looks_a_little_like_a_local_one(provider: str, model: str) -> None:
    assert priced(model, "2026-08-10", SHORT, provider=provider).state == "priced"


@pytest.mark.parametrize(
    ("provider", "named", "model"),
    [
        ("", "qwen3-coder-plus", "qwen/qwen3-coder-plus"),
        ("", "qwen3-max", "qwen/qwen3-max"),
        ("", "qwen3-coder-plus-latest", "qwen/qwen3-coder-plus"),
    ],
)
def test_a_model_of_qwens_own_api_has_the_price_at_which_qwen_sells_it_elsewhere(
    provider: str, named: str, model: str
) -> None:
    found = priced(named, "2026-11-01", SHORT, provider=provider)
    assert found[:2] == priced(model, "2026-11-01", SHORT, provider="openrouter")[:2]
    assert found.state == "priced"


@pytest.mark.parametrize(
    ("named", "model"),
    [
        ("claude-sonnet-4.5", "claude-sonnet-4-5"),
        ("claude-opus-41", "claude-opus-4-1"),
        ("copilot/claude-opus-4.5", "claude-opus-4-5"),
        ("copilot/gpt-5", "gpt-5"),
        ("gpt-5.1-codex", "gpt-5.1-codex"),
    ],
)
def test_copilots_names_of_models_find_the_price_of_the_model(named: str, model: str) -> None:
    for provider in ("github-copilot", "copilot", ""):
        found = priced(named, "2026-11-01", SHORT, provider=provider)
        assert (found.list_cost, found.state) == (priced(model, "2026-11-01", SHORT).list_cost, "priced")


@pytest.mark.parametrize("model", ["coder-model", "vision-model", "gpt-41-copilot", "copilot-nes-oct", "copilot/auto"])
def test_a_name_that_a_service_chooses_a_model_by_has_no_price(model: str) -> None:
    assert priced(model, "2026-11-01", SHORT)[:2] == (None, "unpriced")
