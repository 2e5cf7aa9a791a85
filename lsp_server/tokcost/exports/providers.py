"""Names of providers and of their services, as on a bill."""

from typing import NamedTuple

from tokcost.pricing.names import lab_of


class Provider(NamedTuple):
    """A seller of tokens, and its names."""

    name: str
    service: str


UNKNOWN = Provider("Unknown", "Unknown model service")
SEVERAL = Provider("Several", "Models of several providers")
_KNOWN = {
    "anthropic": Provider("Anthropic", "Claude API"),
    "aws": Provider("Amazon Web Services", "Amazon Bedrock"),
    "azure": Provider("Microsoft", "Azure AI"),
    "cursor": Provider("Cursor", "Cursor"),
    "deepseek": Provider("DeepSeek", "DeepSeek API"),
    "github-copilot": Provider("GitHub", "GitHub Copilot"),
    "google": Provider("Google", "Gemini API"),
    "minimax": Provider("MiniMax", "MiniMax API"),
    "mistral": Provider("Mistral AI", "Mistral API"),
    "moonshotai": Provider("Moonshot AI", "Kimi API"),
    "openai": Provider("OpenAI", "OpenAI API"),
    "openrouter": Provider("OpenRouter", "OpenRouter"),
    "x-ai": Provider("xAI", "xAI API"),
    "zai": Provider("Z.AI", "Z.AI API"),
    "zhipuai": Provider("Zhipu AI", "Zhipu AI API"),
}


def provider_of(source: str, logged: str, model: str) -> Provider:
    """The provider of usage: that of the price, else the one in the log, else the lab that makes the model."""
    name = source.partition("/")[0] or logged.lower() or lab_of(model.rpartition("/")[2].lower())
    return _named(name)


def labs_of(models: tuple[str, ...]) -> Provider:
    """The lab that makes all of some models; `SEVERAL` if there is more than one."""
    found = {lab_of(model.lower()) for model in models}
    return SEVERAL if len(found) > 1 else _named(found.pop() if found else "")


def _named(name: str) -> Provider:
    if name in _KNOWN:
        return _KNOWN[name]
    return Provider(name, f"{name} API") if name else UNKNOWN
