"""Rate cards of common models, compiled when tokcost was released: importing genai-prices takes as long as reading
200 MB of logs, and mostly nothing else is needed of it.

They hold for exactly the version of genai-prices they were compiled from; with any other one installed they are
ignored.
"""

import os
from importlib.util import find_spec
from pathlib import Path

from tokcost.pricing.cards import ModelCards, from_json

FILE = Path(__file__).parent / "data" / "common.jsonl"
"""The version on the first line, then one model a line. Made by `tests/support/make_common_cards.py`."""


def common_cards() -> dict[tuple[str, str], ModelCards]:
    """Cards by provider and model as logged; empty when another version of genai-prices is installed."""
    version, *lines = FILE.read_text(encoding="utf-8").splitlines()
    if not _is_installed(version):
        return {}
    return {(one.provider, one.model): one for one in map(from_json, lines)}


def _is_installed(version: str) -> bool:
    """Whether that version is installed, without importing it: a release never changes."""
    spec = find_spec("genai_prices")
    if spec is None or spec.origin is None:
        return False
    packages = os.path.dirname(os.path.dirname(spec.origin))
    return os.path.isdir(os.path.join(packages, f"genai_prices-{version}.dist-info"))
