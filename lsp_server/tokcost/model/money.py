"""Money as integers.

Amounts are nano-dollars: 1 USD = 1,000,000,000 nano-dollars. Rates are atto-dollars per token: $1 per million tokens is
10^12 of them. In that unit even the rounding noise in published price files is a whole number, and an amount is rounded
once, at the end.
"""

NANO_PER_USD = 1_000_000_000
ATTO_PER_NANO = 1_000_000_000
ATTO_PER_USD_MTOK = 10**12
"""Atto-dollars per token in a rate of $1 per million tokens."""


def nano_from_atto(atto: int) -> int:
    """Atto-dollars to nano-dollars, rounded half to even (as `decimal` does by default)."""
    nano, rest = divmod(atto, ATTO_PER_NANO)
    half = ATTO_PER_NANO // 2
    return nano + (rest > half or (rest == half and nano % 2 == 1))


def decimal_string(nano: int) -> str:
    """An amount in JSON: US dollars with nine decimal places, for example `"1.843200000"`."""
    sign = "-" if nano < 0 else ""
    whole, rest = divmod(abs(nano), NANO_PER_USD)
    return f"{sign}{whole}.{rest:09d}"


def dollars(nano: int, places: int = 0) -> str:
    """An amount for people, with the given number of decimal places: `12.40`, or `<0.01` for an amount that would
    round to nothing. The default is the number needed for a single amount: two, or four below one cent."""
    amount = abs(nano)
    if not places:
        places = 2 if amount == 0 or amount >= NANO_PER_USD // 100 else 4
    unit = NANO_PER_USD // 10**places
    units = (amount + unit // 2) // unit
    below = "<" if amount and not units else ""
    whole, rest = divmod(units or int(amount > 0), 10**places)
    return f"{'-' if nano < 0 else ''}{below}{whole:,}.{rest:0{places}d}"
