"""Compiles the cards of common models and the bundled overrides, at each new genai-prices and each new override:
`PYTHONPATH=tests python -m support.make_common_cards`."""

import json

from genai_prices import __version__

from tokcost.pricing.cards import to_json
from tokcost.pricing.common import FILE
from tokcost.pricing.compile import compile_from_source
from tokcost.pricing.override_file import load_overrides
from tokcost.pricing.overrides import DATA
from tokcost.pricing.overrides import FILE as OVERRIDES

CLAUDE = [
    *("claude-opus-4-20250514", "claude-opus-4-1-20250805", "claude-opus-4-5", "claude-opus-4-5-20251101"),
    *("claude-opus-4-6", "claude-opus-4-7", "claude-opus-4-8", "claude-opus-5", "claude-opus-5-5"),
    *("claude-sonnet-4-20250514", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "claude-sonnet-4-6"),
    *("claude-sonnet-5", "claude-sonnet-5-5", "claude-3-5-haiku-20241022", "claude-haiku-4-5"),
    *("claude-haiku-4-5-20251001", "claude-haiku-5-5", "claude-fable-5", "claude-fable-5-1"),
]
CODEX = [
    *("gpt-5", "gpt-5-codex", "gpt-5-mini", "gpt-5.1", "gpt-5.1-codex", "gpt-5.1-codex-max", "gpt-5.1-codex-mini"),
    *("gpt-5.2", "gpt-5.2-codex", "gpt-5.3-codex", "gpt-5.4", "gpt-5.4-mini", "gpt-5.5", "gpt-6-sol", "gpt-6.1-sol"),
]


def lines() -> list[str]:
    """The file's content for the installed version."""
    pairs = [*(("", model) for model in CLAUDE), *(("openai", model) for model in CODEX)]
    return [__version__, *(to_json(cards) for cards in compile_from_source(pairs))]


if __name__ == "__main__":
    OVERRIDES.write_text(json.dumps(load_overrides(DATA / "overrides.toml"), indent=1) + "\n", encoding="utf-8")
    FILE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
