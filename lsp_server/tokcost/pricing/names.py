"""Models have many names: gateways add prefixes, assistants add suffixes, clouds have ids of their own."""

import re
from typing import NamedTuple

_NEVER_PRICED = re.compile(
    r"|<synthetic>|unknown|auto|default|cursor-auto|cheetah|sonic|code-supernova.*|big-pickle|swe-.*|kimi-for-coding|.*stealth.*"
)
"""Names that stand for no model with a public price."""

_PREFIXES = {
    "openrouter/": "openrouter",
    "copilot/": "github-copilot",
    "github_copilot/": "github-copilot",
    "vertex_ai/": "google",
    "bedrock/": "aws",
    "azure/": "azure",
    "models/": "",
    "litellm/": "",
}
_BEDROCK = re.compile(
    r"(?:arn:aws[^/]*/)?((?:(?:us|eu|apac|global|jp|au|us-gov)\.)?(?:anthropic|meta|amazon|mistral)\..+)"
)
_SUFFIX = re.compile(r"[-:](?:thinking|minimal|low|medium|high|xhigh|max|none|latest)$")
_MOST_SUFFIXES = 3
"""Of one name: `gpt-5.1-codex-max-high-latest`. The price source is asked for each shorter name."""
_LABS = {
    "claude": "anthropic",
    "glm": "zai",
    "gpt": "openai",
    "codex": "openai",
    "gemini": "google",
    "grok": "x-ai",
    "deepseek": "deepseek",
    "kimi": "moonshotai",
    "mistral": "mistral",
    "devstral": "mistral",
    "codestral": "mistral",
    "qwen": "openrouter",
    "minimax": "minimax",
}
_CURSOR_ORDER = re.compile(r"claude-(\d(?:\.\d)?)-(opus|sonnet|haiku)(.*)")


class Candidate(NamedTuple):
    """A way to look a model up in the price source; an empty provider lets the source find it by the model's name."""

    provider: str
    model: str
    context: str


def candidates(provider: str, model: str) -> list[Candidate]:
    """Ways to look up a model as a log names it, the likeliest first; none for names that stand for no priced model.

    A provider that the source does not know (a proxy's name in a settings file, say) does not make a known model
    unpriced: then the price of the lab that made the model is taken.
    """
    name = model.strip().lower().replace("[1m]", "")
    if _NEVER_PRICED.fullmatch(name):
        return []
    found: list[Candidate] = []
    for where, plain in _places(provider.lower(), name):
        for variant, context in _variants(plain):
            found.extend(Candidate(one, variant, context) for one in (where, _lab(variant), ""))
    return list(dict.fromkeys(found))


def _places(provider: str, name: str) -> list[tuple[str, str]]:
    if bedrock := _BEDROCK.fullmatch(name):
        return [("aws", bedrock[1]), ("anthropic", bedrock[1].rpartition("anthropic.")[2])]
    for prefix, where in _PREFIXES.items():
        if name.startswith(prefix):
            return [(where or provider, name[len(prefix) :])]
    lab, slash, plain = name.partition("/")
    return [(provider, name), ("openrouter", name), (lab, plain)] if slash else [(provider, name)]


def _variants(name: str) -> list[tuple[str, str]]:
    """The name as it is, then without what assistants append to it; `-fast` says how it was served."""
    found = [(name, "")]
    if name.endswith("-fast"):
        found.append((name.removesuffix("-fast"), "fast"))
    for _ in range(_MOST_SUFFIXES):
        shorter = _SUFFIX.sub("", name)
        if shorter in ("", name):
            break
        found.append((shorter, ""))
        name = shorter
    if cursor := _CURSOR_ORDER.fullmatch(name):
        found.append((f"claude-{cursor[2]}-{cursor[1].replace('.', '-')}{cursor[3]}", ""))
    if "@" in name:
        found.append((name.replace("@", "-"), ""))
    return found


def _lab(name: str) -> str:
    return next((lab for start, lab in _LABS.items() if name.startswith(start)), "")
