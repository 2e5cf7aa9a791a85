"""The providers whose bills are compared, the keys they need, and the modules that parse their answers."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, NamedTuple

from tokcost.reconciliation import anthropic, copilot, openai, openrouter
from tokcost.reconciliation.documents import Ask, Page


class Provider(NamedTuple):
    """A provider of models with an API for its bills."""

    name: str
    title: str
    host: str
    """The only host that is queried."""
    variable: str
    """The environment variable that may hold the key."""
    key: str
    """The kind of key, in the provider's terms."""
    seller: str
    """Its name in the price source."""
    headers: Callable[[str], dict[str, str]]
    asks: Callable[[list[str], str], list[Ask]]
    read: Callable[[Ask, dict[str, Any]], Page]
    tells_list_cost: bool
    days_kept: int | None = None
    """The number of days before today for which it still has data; `None` for more than a year."""
    first_day: str = "2020-01-01"
    """The first day for which it has data."""


PROVIDERS = MappingProxyType(
    {
        one.name: one
        for one in (
            Provider(
                "anthropic",
                "Anthropic",
                "api.anthropic.com",
                "TOKCOST_ANTHROPIC_KEY",
                "an API key with the scope read:analytics, or an Admin API key",
                "anthropic",
                anthropic.headers,
                anthropic.asks,
                anthropic.read,
                tells_list_cost=True,
                first_day="2026-01-01",
            ),
            Provider(
                "openai",
                "OpenAI",
                "api.openai.com",
                "TOKCOST_OPENAI_KEY",
                "an Admin API key that may read usage",
                "openai",
                openai.headers,
                openai.asks,
                openai.read,
                tells_list_cost=False,
            ),
            Provider(
                "openrouter",
                "OpenRouter",
                "openrouter.ai",
                "TOKCOST_OPENROUTER_KEY",
                "a management key",
                "openrouter",
                openrouter.headers,
                openrouter.asks,
                openrouter.read,
                tells_list_cost=False,
                days_kept=openrouter.DAYS,
            ),
            Provider(
                "copilot",
                "GitHub Copilot",
                "api.github.com",
                "TOKCOST_COPILOT_KEY",
                "a fine-grained token of an organization's administrator with Administration (read)",
                "github-copilot",
                copilot.headers,
                copilot.asks,
                copilot.read,
                tells_list_cost=True,
                first_day=copilot.FIRST_DAY,
            ),
        )
    }
)
