"""The usage export: one row for each response of a model, one column for each fact."""

from collections.abc import Iterable, Iterator

from tokcost.exports.table import Field, Format, encoded
from tokcost.files.parquet import Value
from tokcost.model.charges import ExportedUsage

SCHEMA = "tokcost.usage/1"
FIELDS = (
    Field("time", "time", "The moment at which the response was logged, in UTC."),
    Field("repository", "text", "The name of the repository's folder; empty for usage outside repositories."),
    Field("branch", "text", "The branch; empty if there was none or it is unknown."),
    Field("evidence", "text", "The evidence for that branch: observed, reflog, transcript, carried, assigned or none."),
    Field(
        "state",
        "text",
        "The state of its claim: carried (in a commit's message), withheld, bound (to a commit, only on this"
        " machine), pending or unplaced.",
    ),
    Field("assistant", "text", "The assistant, as in `tokcost log`."),
    Field("provider", "text", "The provider that the log names; empty if it names none."),
    Field("model", "text", "The model as the log names it."),
    Field("kind", "text", "response, partial (its stream broke), unlogged (recovered from totals), advisor, fallback."),
    Field("speed", "text", "The speed, if it is not the standard one."),
    Field("tier", "text", "The service tier, if it is not the standard one."),
    Field("geo", "text", "The region in which the provider kept the inference; empty for any region."),
    Field("input", "integer", "Tokens of the prompt neither read from nor written to a cache."),
    Field("cache_read", "integer", "Tokens of the prompt read from a cache."),
    Field("cache_write_5m", "integer", "Tokens written to a cache for five minutes."),
    Field("cache_write_1h", "integer", "Tokens written to a cache for an hour."),
    Field("output", "integer", "Tokens that the model produced, including reasoning."),
    Field("reasoning", "integer", "The part of `output` spent on reasoning, if the log reports it."),
    Field("tokens", "integer", "The sum of the five classes; `output` includes `reasoning`."),
    Field("web_searches", "integer", "Searches that the provider ran for this response."),
    Field("lower_bound", "truth", "Whether `output` is only a lower bound."),
    Field("estimated_counts", "truth", "Whether no provider reported the counts; such rows need `--estimates`."),
    Field(
        "price_state", "text", "priced, estimated (the closest known price), free, included (in a plan) or unpriced."
    ),
    Field("list_cost", "money", "Tokens times the public price of that moment, in USD; empty when unpriced, never 0."),
    Field("reported_cost", "money", "The cost in USD that the assistant itself reports; in no sum of tokcost."),
    Field(
        "factor_percent",
        "integer",
        "The factor applied to tokens that were counted in a text, in percent; empty for all others.",
    ),
)
"""The columns, with their meaning in docs/exports.md."""


def usage_file(form: Format, rows: Iterable[ExportedUsage]) -> Iterator[bytes]:
    """The file, in pieces."""
    return encoded(form, FIELDS, map(_row, rows), {"tokcost.schema": SCHEMA})


def _row(one: ExportedUsage) -> list[Value]:
    return [
        one.time_ms,
        one.repository,
        one.branch,
        one.evidence,
        one.state,
        one.assistant,
        one.provider,
        one.model,
        one.kind,
        one.speed,
        one.tier,
        one.geo,
        *one.tokens,
        one.tokens.total,
        one.web_searches,
        one.lower_bound,
        one.estimated,
        one.price_state,
        one.list_cost,
        one.reported_cost,
        one.factor_percent,
    ]
