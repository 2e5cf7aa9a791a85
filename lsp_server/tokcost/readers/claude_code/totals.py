"""`cost-state`: the running total of a session, by model, that newer versions of Claude Code write."""

from typing import NamedTuple

import msgspec

from tokcost.model.bounds import MAX_SESSION
from tokcost.model.usage import MAX_TOKENS, Tokens, is_possible_time
from tokcost.readers.sources.odd_fields import without_odd_fields
from tokcost.readers.sources.records import Name, decoded

_MAX_MODELS = 1000
"""The maximum number of models in a session: a record with more is damaged."""

_NEEDED = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
"""Fields without which the total of a model is unknown."""


class ModelTotals(NamedTuple):
    """The totals in one record."""

    session: str
    began_ms: int
    """The start of the counter, in milliseconds UTC; 0 if it is not recorded."""
    models: dict[str, tuple[Tokens, int]]
    """Tokens and web searches by model."""
    damaged: int
    """Models whose total cannot be parsed."""
    impossible: int
    """Models whose total is impossible."""


class _ModelTotal(msgspec.Struct, gc=False):
    input: int = msgspec.field(default=0, name="inputTokens")
    output: int = msgspec.field(default=0, name="outputTokens")
    thinking: int = msgspec.field(default=0, name="thinkingTokens")
    cache_read: int = msgspec.field(default=0, name="cacheReadInputTokens")
    cache_write: int = msgspec.field(default=0, name="cacheCreationInputTokens")
    cache_write_1h: int | None = msgspec.field(default=None, name="cacheCreationEphemeral1hInputTokens")
    web_searches: int = msgspec.field(default=0, name="webSearchRequests")


class _CostState(msgspec.Struct, gc=False):
    session: Name | None = msgspec.field(default=None, name="sessionId")
    began_ms: int = msgspec.field(name="startTime", default=0)
    models: dict[Name, msgspec.Raw] = msgspec.field(name="modelUsage", default_factory=dict[str, msgspec.Raw])


_cost_state = msgspec.json.Decoder(_CostState)
_model_total = msgspec.json.Decoder(_ModelTotal)


def read_totals(raw: bytes) -> ModelTotals | None:
    """The totals in a `cost-state` record; `None` if it is damaged."""
    record = decoded(_cost_state, raw) or without_odd_fields(_CostState, raw, names=("sessionId",))
    if record is None or record.session is None or len(record.models) > _MAX_MODELS:
        return None
    models: dict[str, tuple[Tokens, int]] = {}
    damaged = impossible = 0
    for model, written in record.models.items():
        total = decoded(_model_total, bytes(written)) or without_odd_fields(_ModelTotal, bytes(written), _NEEDED)
        tokens = None if total is None else _tokens(total)
        if total is None:
            damaged += 1
        elif tokens is None:
            impossible += 1
        else:
            models[model] = tokens, total.web_searches
    began_ms = record.began_ms if is_possible_time(record.began_ms) else 0
    return ModelTotals(record.session, began_ms, models, damaged, impossible)


def _tokens(total: _ModelTotal) -> Tokens | None:
    long = total.cache_write_1h or 0
    # The count of cache writes includes those that live for an hour.
    counts = (total.input, total.cache_read, total.cache_write - long, long, total.output, total.thinking)
    return Tokens(*counts) if min(counts) >= 0 and max(counts) < MAX_TOKENS * MAX_SESSION else None
