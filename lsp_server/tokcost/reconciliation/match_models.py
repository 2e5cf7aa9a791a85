"""One name for a model that a log and a bill name differently. Pure.

Bills have names of their own: GitHub shows `Auto: Claude Haiku 4.5`, OpenRouter adds the lab as a prefix, OpenAI a date
as a suffix. `pricing/names.py` knows the suffixes of assistants and gateways.
"""

import re
from collections.abc import Iterable, Mapping

from tokcost.pricing.names import candidates

_SHOWN_BEFORE = re.compile(r"(?:auto|default|selected|preview)\s*:\s*", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\s*\([^()]*\)|\[[^\[\]]*\]")
_DATE = re.compile(r"-(?:20\d{6}|20\d\d-\d\d-\d\d)(?=$|:)")
_BETWEEN = re.compile(r"[\s._]+")
_CLAUDE_ORDER = re.compile(r"claude-(\d)(?:-(\d{1,2}))?-(opus|sonnet|haiku)(.*)")


def same_names(theirs: Iterable[str], ours: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """For each of our providers and models the name in the bill; missing if the bill has none for it."""
    known: dict[str, str] = {}
    # Sorted, so that the same name wins whatever order the provider answers in.
    for name in sorted(theirs):
        for form in _forms("", name):
            known.setdefault(form, name)
    found: dict[tuple[str, str], str] = {}
    for provider, model in ours:
        match = next((known[form] for form in _forms(provider, model) if form in known), None)
        if match is not None:
            found[provider, model] = match
    return found


def merged_names(theirs: Iterable[str]) -> dict[str, str]:
    """For each name in a bill the shortest of all names of the same model."""
    first: dict[str, str] = {}
    return {
        name: first.setdefault(_plain(_DATE.sub("", _shown(name))), name)
        for name in sorted(theirs, key=lambda one: (len(one), one))
    }


def _forms(provider: str, model: str) -> list[str]:
    """Notations of a model, most exact first."""
    shown = _shown(model)
    names = [shown, *(one.model for one in candidates(provider, _BETWEEN.sub("-", shown) if " " in shown else shown))]
    whole = [_plain(name.rpartition("/")[2]) for name in names]
    undated = [_plain(_DATE.sub("", name.rpartition("/")[2])) for name in names]
    return list(dict.fromkeys(form for form in (*whole, *undated) if form))


def _shown(name: str) -> str:
    """A display name without its additions before and after."""
    return _IN_BRACKETS.sub("", _SHOWN_BEFORE.sub("", name.strip())).strip().lower()


def _plain(name: str) -> str:
    """A name in one notation: `Claude Haiku 4.5`, `claude-haiku-4-5` and `claude-4.5-haiku` are equal."""
    plain = _BETWEEN.sub("-", name.strip().lower())
    if order := _CLAUDE_ORDER.fullmatch(plain):
        number = "-".join(part for part in order.groups()[:2] if part)
        return f"claude-{order[3]}-{number}{order[4]}"
    return plain
