"""`tokcost export focus --profile history`: published cost lines, each once, as `tokcost report` counts them."""

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from exports.conftest import table
from support.git_sandbox import GitSandbox
from support.terminal import piped
from tokcost.model.trailer import Line, format_line

USD = 10**9


def line(
    number: int,
    dollars: float | None,
    models: tuple[str, ...] = ("claude-opus-4-5",),
    version: int = 1,
    exact: bool = False,
    unpriced: bool = False,
) -> str:
    cost = None if dollars is None else round(dollars * USD)
    is_unpriced = unpriced or dollars is None
    return format_line(Line(f"{number:012d}", version, cost, is_unpriced, 1_000_000, models, exact=exact))


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> GitSandbox:
    """A history with a raised claim, a revert, lines without a price in part or as a whole, and an open branch."""
    repo = GitSandbox(tmp_path_factory.mktemp("history") / "repo")

    def commit(message: str) -> str:
        repo.now += 40_000
        path = repo.path / "file"
        path.write_text(f"{repo.now}\n")
        repo.git("add", "-A")
        repo.git("commit", "-q", "-m", message, GIT_AUTHOR_NAME="Ann Author", GIT_AUTHOR_EMAIL="ann@example.org")
        return repo.git("rev-parse", "HEAD")

    commit("root")
    first = commit(f"One by ann@example.org (#1)\n\n{line(1, 2)}")
    repo.git("tag", "v1")
    commit(f"Two (#2)\n\n{line(1, 5, version=2)}\n{line(2, 0.5, ('gpt-5.1-codex', 'claude-opus-4-5'), unpriced=True)}")
    commit(f"Three\n\n{line(3, None, ('homegrown',))}")
    commit(f"Four\n\n{line(4, 0.1234, (), exact=True)}")
    repo.git("revert", "--no-edit", "HEAD")
    repo.switch("-c", "open", first)
    commit(f"Open\n\n{line(5, 10)}")
    repo.switch("main")
    return repo


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "COVERAGE_PROCESS_START") if name in os.environ}
    own = {"HOME": str(tmp_path / "home"), "TOKCOST_HOME": str(tmp_path / "tokcost"), "GIT_CONFIG_GLOBAL": os.devnull}
    return {**kept, **own, "LANG": "C.UTF-8"}


def rows(repo: GitSandbox, environ: dict[str, str], *words: str) -> list[dict[str, str]]:
    more = [] if "--unpriced" in words else ["--unpriced", os.devnull]
    done = piped(["export", "focus", "--profile", "history", *words, *more], repo.path, environ)
    assert done.returncode == 0, done
    return table(done.stdout)


@pytest.mark.few
@pytest.mark.parametrize("span", [(), ("v1..",), ("v1",), ("--all",), ("--since", "2026-09-22")])
def test_the_sum_is_that_of_the_report_and_each_claim_is_there_once(
    repo: GitSandbox, environ: dict[str, str], span: tuple[str, ...], tmp_path: Path
) -> None:
    report = json.loads(piped(["report", *span, "--json"], repo.path, environ).stdout)
    found = rows(repo, environ, *span, "--unpriced", str(tmp_path / "u.csv"))
    beside = table((tmp_path / "u.csv").read_text())
    assert sum(Decimal(row["ListCost"]) for row in found) == Decimal(report["list_cost"])
    assert sum(int(row["x_ConsumedTokens"]) for row in found + beside) == report["tokens"]
    assert sum(int(row["x_ConsumedTokens"]) for row in beside) == report["unpriced_tokens"]
    ids = [row["x_ClaimId"] for row in found + beside]
    assert len(ids) == len(set(ids)) == report["claims"]


def test_a_row_says_what_the_line_says_and_no_more(repo: GitSandbox, environ: dict[str, str]) -> None:
    raised, mixed, exact = rows(repo, environ)
    assert (raised["x_ClaimId"], raised["x_ClaimVersion"], raised["ListCost"]) == ("000000000001", "2", "5.0")
    assert (raised["ServiceProviderName"], raised["x_ChangeNumber"], raised["x_Precision"]) == (
        "Anthropic",
        "1",
        "coarse",
    )
    assert (mixed["ServiceProviderName"], mixed["HostProviderName"]) == ("Several", "")
    assert mixed["x_Models"] == "gpt-5.1-codex claude-opus-4-5"
    assert [row["x_HasUnpricedUsage"] for row in (raised, mixed, exact)] == ["false", "true", "false"]
    assert (exact["x_Models"], exact["x_Precision"], exact["x_ChangeState"]) == ("", "exact", "reverted")
    assert exact["ServiceProviderName"] == "Unknown"


def test_without_prices_nothing_of_a_price_is_said(repo: GitSandbox, environ: dict[str, str]) -> None:
    # The linter asks for this only of files that claim to have prices.
    nulls = ("SkuId", "SkuMeter", "SkuPriceId", "SkuPriceDetails", "ListUnitPrice", "ContractedUnitPrice",
             "PricingCategory", "PricingQuantity", "PricingUnit", "ConsumedQuantity", "ConsumedUnit")  # fmt: skip
    for row in rows(repo, environ):
        assert {row[name] for name in nulls} == {""}


def test_nothing_of_people_or_subjects_is_in_it(repo: GitSandbox, environ: dict[str, str], tmp_path: Path) -> None:
    done = piped(
        ["export", "focus", "--profile", "history", "--all", "-o", str(tmp_path / "f.csv")], repo.path, environ
    )
    assert done.returncode == 0, done
    text = "".join(path.read_text() for path in tmp_path.glob("*.csv"))
    assert "homegrown" in text
    for secret in ("ann", "Ann", "One by", str(repo.path), "repo"):
        assert secret not in text.replace("Cannot", "")


def test_a_line_without_an_amount_is_beside_and_no_charge(repo: GitSandbox, environ: dict[str, str]) -> None:
    done = piped(["export", "focus", "--profile", "history"], repo.path, environ)
    assert done.returncode == 1
    assert "1,000,000 tokens have no known price and are in no charge" in done.stderr
    assert "homegrown" not in done.stdout


def test_a_history_of_a_bare_clone_is_exported_and_needs_no_ledger(
    repo: GitSandbox, environ: dict[str, str], tmp_path: Path
) -> None:
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    expected = rows(repo, environ)
    done = piped(["export", "focus", "--profile", "history", "--unpriced", os.devnull], tmp_path / "bare.git", environ)
    assert table(done.stdout) == expected
    done = piped(
        ["export", "focus", "--profile", "history", "--unpriced", os.devnull, "--repository", str(repo.path)],
        tmp_path,
        environ,
    )
    assert table(done.stdout) == expected
    assert not (Path(environ["TOKCOST_HOME"]) / "ledger.db").exists()
