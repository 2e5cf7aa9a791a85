"""Usage as metrics for dashboards: the text format of OpenMetrics, and OTLP in JSON.

The counters only grow as long as the ledger keeps its usage; they are by repository, branch, assistant and model. An
amount is in nano-dollars in OTLP, whose numbers are integers or floats, and in dollars in OpenMetrics, with all nine
decimal places.
"""

from collections import Counter
from collections.abc import Iterable
from json import dumps
from typing import Any, Literal, NamedTuple

from tokcost.model.charges import ExportedUsage
from tokcost.model.money import decimal_string
from tokcost.reports.text import escape

MetricsFormat = Literal["openmetrics", "otlp-json"]
Labels = tuple[str, ...]
_WHERE = ("repository", "branch", "assistant", "model")
_CLASSES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")


class Metric(NamedTuple):
    """A counter."""

    name: str
    """The name in OpenMetrics, where its samples end in `_total`."""
    unit: str
    """The unit in OpenMetrics, which ends the name; empty for a plain count."""
    otlp: str
    """The name in OTLP."""
    otlp_unit: str
    labels: Labels
    meaning: str


METRICS = (
    Metric(
        "tokcost_usage_tokens",
        "tokens",
        "tokcost.usage.tokens",
        "{token}",
        (*_WHERE, "class"),
        "Tokens by class: input, cache_read, cache_write_5m, cache_write_1h, output. Their sum is all tokens.",
    ),
    Metric(
        "tokcost_list_cost_usd",
        "usd",
        "tokcost.list_cost",
        "{nanodollar}",
        _WHERE,
        "List cost in US dollars (OTLP: nano-dollars) of usage that has a price.",
    ),
    Metric(
        "tokcost_unpriced_tokens",
        "tokens",
        "tokcost.unpriced.tokens",
        "{token}",
        _WHERE,
        "Tokens without a known price, which the list cost leaves out.",
    ),
    Metric(
        "tokcost_responses",
        "",
        "tokcost.responses",
        "{response}",
        _WHERE,
        "Responses of models.",
    ),
)


class Counted(NamedTuple):
    """The samples of each metric, and the time of the first and the last usage in milliseconds UTC."""

    samples: dict[str, Counter[Labels]]
    first_ms: int
    last_ms: int


def count(rows: Iterable[ExportedUsage]) -> Counted:
    """Add usage up."""
    samples: dict[str, Counter[Labels]] = {one.name: Counter() for one in METRICS}
    tokens, cost, unpriced, responses = samples.values()
    first = last = 0
    for row in rows:
        where = (row.repository, row.branch, row.assistant, row.model)
        for name, number in zip(_CLASSES, row.tokens, strict=False):
            if number:
                tokens[*where, name] += number
        if row.list_cost is None:
            unpriced[where] += row.tokens.total
        else:
            cost[where] += row.list_cost
        responses[where] += 1
        first, last = min(first or row.time_ms, row.time_ms), max(last, row.time_ms)
    return Counted(samples, first, last)


def metrics_file(form: MetricsFormat, rows: Iterable[ExportedUsage]) -> bytes:
    """The complete file."""
    counted = count(rows)
    return (_openmetrics(counted) if form == "openmetrics" else _otlp(counted)).encode()


def _openmetrics(counted: Counted) -> str:
    lines: list[str] = []
    for metric in METRICS:
        lines.append(f"# TYPE {metric.name} counter")
        if metric.unit:
            lines.append(f"# UNIT {metric.name} {metric.unit}")
        lines.append(f"# HELP {metric.name} {metric.meaning}")
        for labels, value in sorted(counted.samples[metric.name].items()):
            named = ",".join(f'{name}="{_quoted(one)}"' for name, one in zip(metric.labels, labels, strict=True))
            lines.append(f"{metric.name}_total{{{named}}} {decimal_string(value) if metric.unit == 'usd' else value}")
    # Without this last line, a reader takes the file for one that was cut off.
    return "\n".join([*lines, "# EOF", ""])


def _quoted(text: str) -> str:
    # `escape` has taken out line ends, the third character that OpenMetrics has escaped.
    return escape(text).replace("\\", "\\\\").replace('"', '\\"')


def _otlp(counted: Counted) -> str:
    found = [_otlp_metric(one, counted) for one in METRICS if counted.samples[one.name]]
    scope = {"scope": {"name": "tokcost"}, "metrics": found}
    resource = {"resource": {"attributes": [_attribute("service.name", "tokcost")]}, "scopeMetrics": [scope]}
    return dumps({"resourceMetrics": [resource]}, indent=1) + "\n"


def _otlp_metric(metric: Metric, counted: Counted) -> dict[str, Any]:
    # The counters begin with the first usage in the ledger, not with this run.
    times = {"startTimeUnixNano": _nano(counted.first_ms), "timeUnixNano": _nano(counted.last_ms)}
    points = [
        {
            "attributes": [_attribute(f"tokcost.{name}", one) for name, one in zip(metric.labels, labels, strict=True)],
            **times,
            # protobuf's JSON mapping has 64-bit integers as text.
            "asInt": str(value),
        }
        for labels, value in sorted(counted.samples[metric.name].items())
    ]
    # 2 is AGGREGATION_TEMPORALITY_CUMULATIVE, and the JSON mapping of OTLP takes numbers for enumerations.
    sums = {"dataPoints": points, "aggregationTemporality": 2, "isMonotonic": True}
    return {"name": metric.otlp, "description": metric.meaning, "unit": metric.otlp_unit, "sum": sums}


def _nano(time_ms: int) -> str:
    return str(time_ms * 1_000_000)


def _attribute(name: str, value: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": escape(value)}}
