"""The columns of FOCUS Cost and Usage for which tokcost has values, by version of the specification and by profile."""

from typing import Literal

from tokcost.exports.table import Field

Version = Literal["1.4", "1.2"]
Profile = Literal["ledger", "history"]

_COMMON = (
    Field("BilledCost", "decimal", "Repeats ListCost: tokcost knows no bill (x_CostBasis)."),
    Field("BillingAccountId", "text", "`tokcost:local-estimate`: not an account with a provider."),
    Field("BillingAccountName", "text", "A name for it in words."),
    Field("BillingCurrency", "text", "USD."),
    Field("BillingPeriodEnd", "day", "The first day of the next month, in UTC."),
    Field("BillingPeriodStart", "day", "The first day of the month, in UTC."),
    Field("ChargeCategory", "text", "Usage; Adjustment for the difference from rounding each response."),
    Field("ChargeClass", "text", "Null: nothing is corrected."),
    Field("ChargeDescription", "text", "The charge in words."),
    Field("ChargeFrequency", "text", "Usage-Based."),
    Field("ChargePeriodEnd", "day", "The next day, in UTC."),
    Field("ChargePeriodStart", "day", "The day of the usage, or in history of the merged change, in UTC."),
    Field("ConsumedQuantity", "decimal", "Tokens, searches or requests; null in history."),
    Field("ConsumedUnit", "text", "The unit of ConsumedQuantity."),
    Field("ContractedCost", "decimal", "Repeats ListCost: it includes a discount only if a price override has it."),
    Field("ContractedUnitPrice", "decimal", "Repeats ListUnitPrice."),
    Field("EffectiveCost", "decimal", "Repeats ListCost."),
    Field("InvoiceIssuerName", "text", "The provider."),
    Field("ListCost", "decimal", "The list cost in USD."),
    Field("ListUnitPrice", "decimal", "The public price of one PricingUnit; null in history."),
    Field("PricingCategory", "text", "Standard; null in history."),
    Field("PricingQuantity", "decimal", "ConsumedQuantity in PricingUnits; null in history."),
    Field("PricingUnit", "text", "1000000 Tokens, 1000 Searches, Requests or Lots (x_ConsumedTokens without rates)."),
    Field("ServiceCategory", "text", "AI and Machine Learning."),
    Field("ServiceName", "text", "The provider's service."),
    Field("ServiceSubcategory", "text", "Generative AI."),
    Field("SkuId", "text", "Provider, model and meter; null in history."),
    Field("SkuMeter", "text", "A class of tokens, searches or requests; null in history."),
    Field("SkuPriceDetails", "text", "JSON: model, direction of the tokens, their use of a cache."),
    Field("SkuPriceId", "text", "SkuId, the kind of service, and the price in USD of a million of its units."),
    Field("Tags", "text", "JSON. Ledger: assistant, branch, repository. Null in history."),
)
_VERSION = {
    "1.4": (
        Field("HostProviderName", "text", "The provider that runs the model; null if it is not known."),
        Field("ServiceProviderName", "text", "The provider that sells it."),
    ),
    "1.2": (
        Field("CommitmentDiscountStatus", "text", "Null: no commitment is known."),
        Field("InvoiceId", "text", "Null: no invoice is known."),
        Field("PricingCurrency", "text", "USD."),
        Field("PricingCurrencyContractedUnitPrice", "decimal", "Repeats ListUnitPrice."),
        Field("PricingCurrencyEffectiveCost", "decimal", "Repeats ListCost."),
        Field("PricingCurrencyListUnitPrice", "decimal", "Repeats ListUnitPrice."),
        Field("ProviderName", "text", "The provider that sells it."),
        Field("PublisherName", "text", "The lab that makes the model."),
    ),
}
_CONSUMED = Field(
    "x_ConsumedTokens",
    "integer",
    "Ledger: tokens of the charge; null for searches and requests. History: of all classes, as published.",
)
_PROFILE = {
    "ledger": (
        Field("x_ClaimState", "text", "carried, withheld, bound, pending or unplaced, as in `tokcost log`."),
        _CONSUMED,
        Field("x_CostBasis", "text", "list: tokens times public prices, not a bill."),
        Field("x_EstimatedCounts", "truth", "Whether no provider reported the counts; such rows need `--estimates`."),
        Field("x_Model", "text", "The model as the log names it."),
        Field("x_PriceState", "text", "priced, estimated (the closest known price), free or included (in a plan)."),
    ),
    "history": (
        Field("x_ChangeNumber", "text", "The number of the pull or merge request, if the subject names it."),
        Field("x_ChangeState", "text", "reverted, partly reverted or merged."),
        Field("x_ClaimId", "text", "The id of the cost line; in all exports of all repositories it counts once."),
        Field("x_ClaimVersion", "integer", "Its highest version in this history: take the highest of all files."),
        Field("x_Commit", "text", "The commit of the merged change."),
        _CONSUMED,
        Field("x_CostBasis", "text", "list: tokens times public prices, not a bill."),
        Field("x_HasUnpricedUsage", "truth", "Whether ListCost leaves out usage that has no price."),
        Field("x_Models", "text", "The models that the line names, most expensive first; null if it hides them."),
        Field("x_Precision", "text", "coarse (on the 1-2-5 grid) or exact."),
    ),
}


def fields_of(version: Version, profile: Profile) -> tuple[Field, ...]:
    """The columns of a file, ordered by name, with our own at the end."""
    known = sorted((*_COMMON, *_VERSION[version]), key=lambda one: one.name)
    return (*known, *_PROFILE[profile])


_PERIOD = [one for one in _COMMON if one.name.startswith("ChargePeriod")]
UNPRICED: dict[Profile, tuple[Field, ...]] = {
    "ledger": (
        *_PERIOD,
        Field("ServiceProviderName", "text", "The provider, if it is known."),
        Field("Tags", "text", "JSON: assistant, branch, repository."),
        Field("x_ClaimState", "text", "carried, withheld, bound, pending or unplaced, as in `tokcost log`."),
        Field("x_EstimatedCounts", "truth", "Whether no provider reported the counts; such rows need `--estimates`."),
        Field("x_Model", "text", "The model as the log names it."),
        Field("x_PriceState", "text", "unpriced."),
        Field("x_Responses", "integer", "Number of responses."),
        Field("x_ConsumedTokens", "integer", "Tokens of all classes."),
        Field("x_InputTokens", "integer", "The part that was neither read from nor written to a cache."),
        Field("x_CacheReadTokens", "integer", "The part that was read from a cache."),
        Field("x_CacheWrite5mTokens", "integer", "The part that was written to a cache for five minutes."),
        Field("x_CacheWrite1hTokens", "integer", "The part that was written to a cache for an hour."),
        Field("x_OutputTokens", "integer", "The part that the model produced."),
    ),
    "history": (
        *_PERIOD,
        *(one for one in _PROFILE["history"] if one.name not in ("x_CostBasis", "x_HasUnpricedUsage")),
        Field("x_PriceState", "text", "unpriced."),
    ),
}
"""The columns of the additional file with the unpriced usage. FOCUS has no row for it: ListCost must be a number
(CostAndUsage, ListCost-C-003), and 0 would be a wrong one."""
