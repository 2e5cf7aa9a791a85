"""Exports of FOCUS 1.2 against the official focus-validator (`make focus`).

It exits with 0 whatever it finds, so its report is read. It must run in the folder that it is installed in.
"""

import re
import subprocess
from pathlib import Path

import pytest

from exports.conftest import Work
from exports.test_sums import cards, response
from tokcost.exports.focus import focus_file
from tokcost.model.usage import Tokens, Usage
from tokcost.pricing.book import PriceBook
from tokcost.pricing.cards import Rates
from tokcost.pricing.charges import charges_of

VALIDATOR = Path(__file__).parent.parent.parent / ".venv-focus/bin/focus-validator"
FALSE_ALARMS = {"InvoiceId-C-005-C"}
"""Rules that fail for files without a fault: this one wants an invoice for what nobody has invoiced; its maintainers
call that cosmetic."""
WITH_PRICES = (
    *("UNIT_PRICING_SUPPORTED", "PUBLIC_PRICE_LIST_SUPPORTED", "NEGOTIATED_PRICING_SUPPORTED"),
    *("USAGE_MEASUREMENT_SUPPORTED", "MULTIPLE_PRICING_CATEGORIES_SUPPORTED", "TAGGING_SUPPORTED"),
)
CLAIMED = {"ledger": WITH_PRICES, "history": ("MULTIPLE_PRICING_CATEGORIES_SUPPORTED",)}
"""What a file of each profile claims to support: more rules hold then."""


def report(path: Path, claimed: tuple[str, ...]) -> str:
    (folder,) = (VALIDATOR.parent.parent / "lib").glob("python*/site-packages")
    words = ["--validate-version", "1.2.0.1", "--block-download", "--focus-dataset", "CostAndUsage"]
    criteria = ["--applicability-criteria", ",".join(claimed)]
    command = [str(VALIDATOR), "--data-file", str(path), *words, *criteria]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.focus
@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("profile", ["ledger", "history"])
def test_the_official_validator_finds_nothing_but_what_is_known_as_false(
    work: Work, profile: str, form: str, tmp_path: Path
) -> None:
    path = tmp_path / f"focus.{form}"
    work.export("focus", "--version", "1.2", "--profile", profile, "-o", str(path))
    said = report(path, CLAIMED[profile])
    (passed,) = re.findall(r"Total: \d+ \| Pass: (\d+) \| Fail: \d+", said)
    assert int(passed) > 100
    assert set(re.findall(r"^\S+ (\S+): FAIL", said, re.MULTILINE)) <= FALSE_ALARMS


@pytest.mark.focus
def test_rounding_searches_requests_and_lots_are_charges_like_any_other(tmp_path: Path) -> None:
    odd = Rates(2_800_000_000_123, 7, 10**11 + 1, 3, 10**14 - 1, 10**16, 333_333_333_333)
    model = cards(odd, odd)
    usage = [response(model, 1_790_800_000_000 + n, Tokens(n, n, n, n, n), 0, web_searches=n % 3) for n in range(1, 40)]
    book = PriceBook([model])
    asked = [
        Usage("a", "k", one.time_ms, "m", one.tokens, provider="lab", web_searches=one.web_searches) for one in usage
    ]
    priced = [one._replace(list_cost=book.price(what).list_cost) for one, what in zip(usage, asked, strict=True)]
    lost = priced[0]._replace(model="lost", price="gone")
    charges = charges_of([*priced, lost], {model.id: model})
    assert {one.meter for one in charges.charges} >= {"web_search", "request", "rounding", "unsplit"}
    for form in ("csv", "parquet"):
        path = tmp_path / f"focus.{form}"
        path.write_bytes(b"".join(focus_file(form, "1.2", charges)))
        assert set(re.findall(r"^\S+ (\S+): FAIL", report(path, WITH_PRICES), re.MULTILINE)) <= FALSE_ALARMS


@pytest.mark.focus
def test_a_file_with_a_fault_is_found(work: Work, tmp_path: Path) -> None:
    path = tmp_path / "focus.csv"
    work.export("focus", "--version", "1.2", "-o", str(path))
    path.write_text(path.read_text().replace(",USD,", ",dollars,"))
    assert "BillingCurrency" in " ".join(re.findall(r"^\S+ (\S+): FAIL", report(path, WITH_PRICES), re.MULTILINE))
