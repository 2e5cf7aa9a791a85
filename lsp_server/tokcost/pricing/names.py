"""The many names of models: gateways add prefixes, assistants add suffixes, clouds have ids of their own."""

import re
from typing import NamedTuple

from tokcost.pricing.cards import PriceState

_PUNCTUATION = re.compile(r"[^a-z0-9]+")

_NEVER_PRICED = re.compile(
    # The empty alternative is for logs without a model. The others are names by which a service chooses a model itself
    # (`auto`), code names of previews, and models that are sold only within a plan.
    r"|<synthetic>|unknown|auto|default|cursor-auto|cheetah|sonic|code-supernova.*|big-pickle|swe-.*|kimi-for-coding|.*stealth.*"
)
"""Names that belong to no model with a public price."""

_OWN_MACHINE = (
    *("ollama", "lmstudio", "llamacpp", "llamaserver", "llamafile", "koboldcpp", "gpt4all", "localai", "lemonade"),
    *("ramalama", "foundrylocal", "dockermodelrunner", "mlxlm", "mlxserver", "mlxomni"),
)
"""Programs that run models on the user's own machine, as part of a provider's name without punctuation: Codex lets
the user name a provider (`ollama-launch`, `my_lm_studio`)."""
_OWN_MACHINE_NAMES = frozenset(["oss", "mlx", "jan"])
"""Complete names of such providers: `oss` is the name used by `codex --oss`."""
_OWN_WORD = re.compile(r"(?:^|[^a-z])(?:local|localhost|127\.0\.0\.1|self[-_ ]?hosted)(?![a-z])")
"""A word in a provider name that the user chose. It may be a proxy to a vendor, so models without public weights keep
their vendor's price."""
_NO_WEIGHTS = re.compile(r"(?:.*/)?(?:claude|gpt-(?!oss)|o\d|codex|gemini|grok).*")
_OWN_SERVER = re.compile(r"(?:hosted)?(?:vllm|sglang|tgi)")
"""Serving programs, on somebody's own or rented hardware: their token prices are not public."""
_LOCAL_TAG = re.compile(
    r"(?:[a-z0-9._-]*-)?(?:\d+(?:\.\d+)?(?:x\d+(?:\.\d+)?)?b|\d{2,4}m|[ae]\d+(?:\.\d+)?b|i?q\d[a-z0-9_]*"
    r"|(?:bf|fp?)16|fp32|mxfp4|nvfp4|gguf|mlx)(?:-[a-z0-9._-]*)?"
)
"""After the colon, a size (`30b`, `8x7b`, `e4b`) or a quantisation (`q4_K_M`, `iq4_xs`, `fp16`): Ollama's notation
for the weights that it loads. No vendor's id has one."""
_OLLAMA_TAGS = frozenset(["latest", "cloud"])
"""Ollama's other tags; models with the last one run on its servers, as part of a plan."""
_LOCAL_FILE = re.compile(r".*\.(?:gguf|ggml|safetensors|llamafile)|(?:hf\.co|mlx-community|unsloth)/.*")

_PREFIXES = {
    # The first prefix that fits is taken, so `bedrock/converse/` has to come before `bedrock/`.
    "openrouter/": "openrouter",
    "ollama/": "ollama",
    "ollama_chat/": "ollama",
    "lm_studio/": "lmstudio",
    "lmstudio/": "lmstudio",
    "hosted_vllm/": "vllm",
    "bedrock_converse/": "aws",
    "bedrock/converse/": "aws",
    "azure_ai/": "azure",
    "gemini/": "google",
    "copilot/": "github-copilot",
    "github_copilot/": "github-copilot",
    "vertex_ai/": "google",
    "bedrock/": "aws",
    "azure/": "azure",
    "models/": "",
    "litellm/": "",
}
_PROVIDERS = {
    "amazon-bedrock": "aws",
    "bedrock": "aws",
    "vertex": "google",
    "vertexai": "google",
    "vertex_ai": "google",
    "google-vertex": "google",
    "google-vertex-anthropic": "google",
    "gemini": "google",
    "azure-openai": "azure",
    "azure_ai": "azure",
    "azure-cognitive-services": "azure",
    "copilot": "github-copilot",
    "github_copilot": "github-copilot",
    "xai": "x-ai",
    "moonshot": "moonshotai",
    "z-ai": "zai",
}
"""Names of providers in assistants and gateways, and in the price source."""
_BEDROCK = re.compile(
    r"(?:arn:aws[^/]*/|[a-z]{2}(?:-[a-z]+)+-\d/)?((?:(?:us|eu|apac|global|jp|au|us-gov)\.)?(?:anthropic|meta|amazon|mistral)\..+)"
)
_SUFFIX = re.compile(r"[-:](?:thinking|minimal|low|medium|high|xhigh|max|none|latest)$")
_MOST_SUFFIXES = 3
"""Of one name: `gpt-5.1-codex-max-high-latest`. Each shorter name is looked up in the price source."""
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
_SHORT_NUMBER = re.compile(r"(claude-(?:opus|sonnet|haiku)|gpt)-([345])(\d)((?:-.*)?)")
"""Copilot's names for some models: `claude-opus-41`, `gpt-41`."""
_CURSOR_ORDER = re.compile(r"claude-(\d(?:\.\d)?)-(opus|sonnet|haiku)(.*)")


class Candidate(NamedTuple):
    """A way to look up a model in the price source; with an empty provider, the source finds it by the model's name."""

    provider: str
    model: str
    context: str
    """The service level implied by the name (`fast`): the price source has such prices beside the model's own."""


def without_price(provider: str, model: str) -> PriceState | None:
    """The price state of a model without a vendor's list price: `free` on the user's own machine, `unpriced` if it is
    unknown who serves it or at which price; `None` for all other models.

    A program that runs models locally uses the names of hosted ones, so that the name alone would find a price.
    """
    # `[1m]` is Claude Code's mark of the long context window. The length of the prompt decides about the price, not the
    # window.
    name = model.strip().lower().replace("[1m]", "")
    prefix = next((start for start in _PREFIXES if name.startswith(start)), "")
    name = name.removeprefix(prefix)
    by = _PUNCTUATION.sub("", _PREFIXES.get(prefix, "") or provider.lower())
    # A colon in the name of a fine-tuned model or in an ARN separates something else.
    tag = name.rpartition(":")[2] if ":" in name and not name.startswith(("ft:", "arn:")) else ""
    if by in _OWN_MACHINE_NAMES or any(program in by for program in _OWN_MACHINE):
        return "unpriced" if tag.endswith("cloud") else "free"
    if _OWN_WORD.search(provider.lower()) and not _NO_WEIGHTS.fullmatch(name):
        return "unpriced"
    if _OWN_SERVER.fullmatch(by) or tag in _OLLAMA_TAGS or tag.endswith("-cloud"):
        return "unpriced"
    return "unpriced" if _LOCAL_TAG.fullmatch(tag) or _LOCAL_FILE.fullmatch(name) else None


def seller(provider: str, model: str) -> str:
    """The provider that bills a model, by its name in the price source: the provider in the log, or a prefix of the
    model's name, or else the lab that made the model; empty if none is known, and for models on the user's own machine
    or server.

    >>> seller("", "claude-opus-4-5")
    'anthropic'
    >>> seller("copilot", "claude-opus-4-5")
    'github-copilot'
    """
    if without_price(provider, model) is not None:
        return ""
    name = model.strip().lower().replace("[1m]", "")
    where, plain = _places(_PROVIDERS.get(provider.lower(), provider.lower()), name)[0]
    lab, slash, _ = plain.partition("/")
    return where or (_PROVIDERS.get(lab, lab) if slash else lab_of(plain))


def candidates(provider: str, model: str) -> list[Candidate]:
    """Ways to look up a model as logged, likeliest first; empty for names of unpriced models.

    A provider unknown to the source (for example a proxy's name in a settings file) does not make a known model
    unpriced: the price of the lab that made the model applies.
    """
    name = model.strip().lower().replace("[1m]", "")
    if _NEVER_PRICED.fullmatch(name):
        return []
    found: list[Candidate] = []
    named = provider.lower()
    for where, plain in _places(_PROVIDERS.get(named, named), name):
        for variant, context in _variants(plain):
            # The cloud that serves a model sets its price, so it is asked before the lab. The source's own search by
            # name is last: it may know a model under a provider that is neither.
            found.extend(Candidate(one, variant, context) for one in (where, lab_of(variant), ""))
            if variant.startswith("qwen"):  # its lab is not in the source, which has it here
                found.append(Candidate("openrouter", f"qwen/{variant}", context))
    return list(dict.fromkeys(found))


def _places(provider: str, name: str) -> list[tuple[str, str]]:
    if bedrock := _BEDROCK.fullmatch(name):
        return [("aws", bedrock[1]), ("anthropic", bedrock[1].rpartition("anthropic.")[2])]
    for prefix, where in _PREFIXES.items():
        if name.startswith(prefix):
            plain = name[len(prefix) :]
            regional = _BEDROCK.fullmatch(plain)
            return [(where or provider, regional[1] if regional else plain)]
    lab, slash, plain = name.partition("/")
    if not slash:
        return [(provider, name)]
    by_lab = (_PROVIDERS.get(lab, lab), plain)
    # `lab/model` is also OpenRouter's notation for what it sells itself.
    return [by_lab] if provider == by_lab[0] else [(provider, name), ("openrouter", name), by_lab]


def _variants(name: str) -> list[tuple[str, str]]:
    """The unchanged name, then the name without suffixes that assistants append; `-fast` is the service level."""
    if name.endswith("-fast"):
        # Whole first: some models have `fast` in their own name (`grok-4-fast`).
        return [(name, ""), *((shorter, "fast") for shorter in _shorter(name.removesuffix("-fast")))]
    return [(shorter, "") for shorter in _shorter(name)]


def _shorter(name: str) -> list[str]:
    found = [name]
    for _ in range(_MOST_SUFFIXES):
        shorter = _SUFFIX.sub("", name)
        if shorter in ("", name):
            break
        found.append(shorter)
        name = shorter
    if cursor := _CURSOR_ORDER.fullmatch(name):
        found.append(f"claude-{cursor[2]}-{cursor[1].replace('.', '-')}{cursor[3]}")
    if short := _SHORT_NUMBER.fullmatch(name):
        found.append(f"{short[1]}-{short[2]}.{short[3]}{short[4]}")
    if "@" in name:
        found.append(name.replace("@", "-"))
    return found


def lab_of(name: str) -> str:
    """The lab that makes a model, by its name in the price source; empty if the model's name does not show it."""
    return next((lab for start, lab in _LABS.items() if name.startswith(start)), "")
