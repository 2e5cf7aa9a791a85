"""Money as integers. Rates are pico-dollars per token, amounts are nano-dollars: 1 USD = 1,000,000,000 nano-dollars.

$1 per million tokens is 1,000,000 pico-dollars per token, so every published rate is a whole number.
"""

NANO_PER_USD = 1_000_000_000
PICO_PER_NANO = 1_000


def nano_from_pico(pico: int) -> int:
    """Pico-dollars to nano-dollars, rounded half to even (as `decimal` does by default)."""
    nano, rest = divmod(pico, PICO_PER_NANO)
    half = PICO_PER_NANO // 2
    return nano + (rest > half or (rest == half and nano % 2 == 1))


def decimal_string(nano: int) -> str:
    """An amount as JSON carries it: US dollars with nine places, for example `"1.843200000"`."""
    sign = "-" if nano < 0 else ""
    whole, rest = divmod(abs(nano), NANO_PER_USD)
    return f"{sign}{whole}.{rest:09d}"


def dollars(nano: int) -> str:
    """An amount as a person reads it: two places, four below one cent, `<0.0001` below that."""
    sign = "-" if nano < 0 else ""
    amount = abs(nano)
    if amount == 0 or amount >= NANO_PER_USD // 100:
        cents = (amount + 5_000_000) // 10_000_000
        return f"{sign}{cents // 100:,}.{cents % 100:02d}"
    if amount >= 50_000:
        return f"{sign}0.{(amount + 50_000) // 100_000:04d}"
    return f"{sign}<0.0001"
