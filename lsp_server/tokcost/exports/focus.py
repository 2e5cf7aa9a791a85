"""FOCUS, the open specification of cost and usage data, from charges of the ledger or from published cost lines.

Every row is a charge with an amount. Unpriced usage has none, and goes into a separate table (`unpriced_…`).
"""

import calendar
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from json import dumps
from typing import Any

from tokcost.exports.focus_columns import UNPRICED, Profile, Version, fields_of
from tokcost.exports.providers import SEVERAL, UNKNOWN, Provider, labs_of, provider_of
from tokcost.exports.table import Field, Format, Row, encoded
from tokcost.model.changes import Change, Report
from tokcost.model.charges import Charge, Charges, Meter, Origin, Unpriced
from tokcost.model.trailer import Line
from tokcost.reports.text import escape

ACCOUNT = "tokcost:local-estimate"
_EPOCH = date(1970, 1, 1).toordinal()
_NAMES: Mapping[Meter, tuple[str, str, str]] = {
    "input": ("Input Tokens", "Input", "Uncached"),
    "cache_read": ("Input Cache Read Tokens", "Input", "Read"),
    "cache_write_5m": ("Input Cache Write 5m Tokens", "Input", "Write"),
    "cache_write_1h": ("Input Cache Write 1h Tokens", "Input", "Write"),
    "output": ("Output Tokens", "Output", ""),
    "web_search": ("Web Searches", "", ""),
    "request": ("Requests", "", ""),
    "unsplit": ("Tokens of All Classes", "", ""),
}
"""SkuMeter, and the direction and cache action of the tokens."""
_UNITS: Mapping[Meter, tuple[str, str, int]] = {
    "web_search": ("Searches", "1000 Searches", 1000),
    "request": ("Requests", "Requests", 1),
}
"""ConsumedUnit, PricingUnit and their ratio, for everything except tokens."""
_TOKENS = ("Tokens", "1000000 Tokens", 1_000_000)
_TWELVE_PLACES = Decimal(1).scaleb(-12)


def focus_file(form: Format, version: Version, charges: Charges) -> Iterator[bytes]:
    """The ledger's charges: private, for the user whose ledger it is."""
    rows = (_row(_of_charge(one, version)) for one in charges.charges)
    return _file(form, version, "ledger", rows)


def focus_history_file(form: Format, version: Version, report: Report) -> Iterator[bytes]:
    """The published cost lines of a history, each once: they contain no more than the messages do."""
    rows = (_row(_of_line(change, line, version)) for change, line in _lines(report) if line.cost is not None)
    return _file(form, version, "history", rows)


def unpriced_file(form: Format, charges: Charges) -> Iterator[bytes]:
    """The usage that is in no charge."""
    rows = (_ordered(UNPRICED["ledger"], _of_unpriced(one)) for one in charges.unpriced)
    return encoded(form, UNPRICED["ledger"], rows, _notes("", "ledger"))


def unpriced_history_file(form: Format, report: Report) -> Iterator[bytes]:
    """The cost lines without an amount."""
    lines = (one for one in _lines(report) if one[1].cost is None)
    rows = (_ordered(UNPRICED["history"], _facts(*one) | {"x_PriceState": "unpriced"}) for one in lines)
    return encoded(form, UNPRICED["history"], rows, _notes("", "history"))


def _file(form: Format, version: Version, profile: Profile, rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    fields = fields_of(version, profile)
    return encoded(form, fields, (_ordered(fields, row) for row in rows), _notes(version, profile))


def _notes(version: str, profile: Profile) -> dict[str, str]:
    return {"tokcost.focus": version or "none: usage without a price", "tokcost.profile": profile}


def _ordered(fields: tuple[Field, ...], row: Mapping[str, Any]) -> Row:
    return [row.get(one.name) for one in fields]


def _lines(report: Report) -> Iterator[tuple[Change, Line]]:
    """Oldest change first."""
    return ((change, line) for change in reversed(report.changes) for line in change.lines)


def _row(own: dict[str, Any]) -> dict[str, Any]:
    """A charge with the common columns, and its amount in every column that repeats it."""
    cost, price = own["ListCost"], own.get("ListUnitPrice")
    # FOCUS requires every one of these amounts in every row; `x_CostBasis` says that all of them are list cost.
    return {
        "BilledCost": cost,
        "BillingAccountId": ACCOUNT,
        "BillingAccountName": "tokcost, list cost of local usage",
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ContractedCost": cost,
        "ContractedUnitPrice": price,
        "EffectiveCost": cost,
        "PricingCurrency": "USD",
        "PricingCurrencyContractedUnitPrice": price,
        "PricingCurrencyEffectiveCost": cost,
        "PricingCurrencyListUnitPrice": price,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "x_CostBasis": "list",
        # Last: a charge for rounding has another category.
        **own,
    }


def _of_charge(one: Charge, version: Version) -> dict[str, Any]:
    origin = one.origin
    provider = provider_of(origin.source, origin.provider, origin.model)
    row = {
        **_periods(origin.day),
        **_provided(provider, labs_of((origin.model,)), version),
        **_where(origin),
        "ListCost": _dollars(one.list_cost),
        "x_PriceState": origin.price_state,
    }
    if one.meter == "rounding":
        return row | {
            "ChargeCategory": "Adjustment",
            "ChargeDescription": f"Rounding of each response of {origin.model} to nano-dollars",
        }
    name, direction, action = _NAMES[one.meter]
    model = origin.source or f"{origin.provider or 'unknown'}/{origin.model}"
    sku = f"{model}/{one.meter}"
    details = {"x_ModelId": escape(origin.model), "x_TokenDirection": direction, "x_TokenCacheAction": action}
    return row | {
        **_priced(one),
        "ChargeDescription": f"{name} of {origin.model}{f' ({one.way})' if one.way else ''}",
        "PricingCategory": "Standard",
        "SkuId": sku,
        "SkuMeter": name,
        "SkuPriceDetails": _json({key: value for key, value in details.items() if value}),
        # Includes the price itself: the id stands for one unit price, and rates can change within a day.
        "SkuPriceId": f"{sku}/{one.way or 'standard'}{_at(one)}",
        "x_ConsumedTokens": None if one.meter in _UNITS else one.quantity,
    }


def _priced(one: Charge) -> dict[str, Any]:
    """Price and quantities. Amounts with unknown rates are one lot, at that amount."""
    consumed, unit, of = _UNITS.get(one.meter, _TOKENS)
    found = {"ConsumedQuantity": Decimal(one.quantity), "ConsumedUnit": consumed}
    if one.rate is None:
        lot = {"ListUnitPrice": _dollars(one.list_cost), "PricingQuantity": Decimal(1), "PricingUnit": "Lots"}
        return found | lot
    price = (Decimal(one.rate) * of).scaleb(-18)
    return found | {
        # A column has twelve places in Parquet. The price of a million tokens never has more; those of searches and
        # requests can.
        "ListUnitPrice": price if one.meter not in _UNITS else price.quantize(_TWELVE_PLACES),
        "PricingQuantity": Decimal(one.quantity) / of,
        "PricingUnit": unit,
    }


def _at(one: Charge) -> str:
    return "" if one.rate is None else f"@{format(Decimal(one.rate).scaleb(-12).normalize(), 'f')}"


def _of_unpriced(one: Unpriced) -> dict[str, Any]:
    origin, tokens = one.origin, one.tokens
    return {
        **_periods(origin.day),
        **_where(origin),
        "ServiceProviderName": provider_of(origin.source, origin.provider, origin.model).name,
        "x_PriceState": "unpriced",
        "x_Responses": one.usage,
        "x_ConsumedTokens": tokens.total,
        "x_InputTokens": tokens.input,
        "x_CacheReadTokens": tokens.cache_read,
        "x_CacheWrite5mTokens": tokens.cache_write_5m,
        "x_CacheWrite1hTokens": tokens.cache_write_1h,
        "x_OutputTokens": tokens.output,
    }


def _where(origin: Origin) -> dict[str, Any]:
    tags = {"assistant": origin.assistant, "branch": origin.branch, "repository": origin.repository}
    return {
        "Tags": _json({name: escape(value) for name, value in tags.items() if value}),
        "x_ClaimState": origin.state,
        "x_EstimatedCounts": origin.estimated,
        "x_Model": origin.model,
    }


def _of_line(change: Change, line: Line, version: Version) -> dict[str, Any]:
    lab = labs_of(line.models)
    row = {
        **_facts(change, line),
        **_provided(lab, lab, version),
        "ChargeDescription": "AI usage of one cost line in a commit message",
        "ListCost": _dollars(line.cost or 0),
        "x_HasUnpricedUsage": line.unpriced,
    }
    if version == "1.2":  # which requires a quantity for every charge, with and without a price
        row |= {"PricingCategory": "Standard", "PricingQuantity": Decimal(1), "PricingUnit": "Lots"}
    return row


def _facts(change: Change, line: Line) -> dict[str, Any]:
    more = [f"+{line.more_models}"] if line.more_models else []
    return {
        **_periods(datetime.fromtimestamp(change.title.time, UTC).date().toordinal() - _EPOCH),
        "x_ChangeNumber": None if change.title.number is None else str(change.title.number),
        "x_ChangeState": change.state or "merged",
        "x_ClaimId": line.id,
        "x_ClaimVersion": line.version,
        "x_Commit": change.commit,
        "x_ConsumedTokens": line.tokens,
        "x_Models": " ".join([*line.models, *more]) or None,
        "x_Precision": "exact" if line.exact else "coarse",
    }


def _provided(provider: Provider, lab: Provider, version: Version) -> dict[str, Any]:
    common = {"InvoiceIssuerName": provider.name, "ServiceName": provider.service}
    if version == "1.2":
        return common | {"ProviderName": provider.name, "PublisherName": lab.name}
    host = None if provider in (UNKNOWN, SEVERAL) else provider.name
    return common | {"HostProviderName": host, "ServiceProviderName": provider.name}


def _periods(day: int) -> dict[str, Any]:
    """A day and its month; both end where the next one begins."""
    at = date.fromordinal(_EPOCH + day)
    first = at.replace(day=1).toordinal() - _EPOCH
    last = first + calendar.monthrange(at.year, at.month)[1]
    days = {"BillingPeriodStart": first, "BillingPeriodEnd": last}
    return days | {"ChargePeriodStart": day, "ChargePeriodEnd": day + 1}


def _dollars(nano: int) -> Decimal:
    return Decimal(nano).scaleb(-9)


def _json(values: dict[str, str]) -> str:
    return dumps(values, separators=(",", ":"), sort_keys=True)
