"""Rate cards for models as logged: common ones from our own file, all others from genai-prices, which is imported
only for them."""

import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from tokcost.pricing.cards import ModelCards
from tokcost.pricing.common import common_cards

RULES = 2
"""The version of the rules that turn the source's data into cards; if it changes, a ledger's cards are compiled
anew."""


def source_stamp() -> str:
    """A stamp that changes when another version of the price data is installed, or the rules change; does not import
    the data."""
    # Not `genai_prices.data`: to find a module inside a package, Python imports the package.
    spec = find_spec("genai_prices")
    if spec is None or spec.origin is None:
        return ""
    try:
        status = os.stat(os.path.join(os.path.dirname(spec.origin), "data.py"))
    except OSError:
        return ""
    return f"{RULES}:{status.st_size}:{status.st_mtime_ns}"


def compile_models(pairs: Iterable[tuple[str, str]], price_file: Path | None = None) -> list[ModelCards]:
    """The cards of models as logged (pairs of provider and model). A model that is not found has none and is
    `unpriced`. A `price_file` of the user takes precedence over the installed source. Raises `SettingsDamaged` if it
    cannot be read."""
    wanted = list(pairs)
    if price_file is not None and wanted:
        from tokcost.pricing.compile import compile_from_source

        found = {(one.provider, one.model): one for one in compile_from_source(wanted, price_file)}
        # Otherwise a model that appears after the list was imported would be unpriced.
        missing = [pair for pair in wanted if found[pair].state == "unpriced"]
        return [*(found[pair] for pair in wanted if pair not in missing), *compile_models(missing)]
    common = common_cards()
    others = [pair for pair in wanted if pair not in common]
    found = [common[pair] for pair in wanted if pair in common]
    if others:
        from tokcost.pricing.compile import compile_from_source

        found += compile_from_source(others)
    return found
