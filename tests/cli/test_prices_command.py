"""`tokcost prices` and what `tokcost log` shows, which must never disagree: the real program on logs of our own."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support import damages, warm
from support.claude_lines import assistant, counts
from support.prices import at_ms
from support.terminal import on_terminal
from tokcost.ledger.open import FILE_NAME

PROGRAM = "from tokcost.cli.start import main; main()"
DAY = at_ms("2026-08-01")


class Payer:
    """Somebody whose assistant answered in a repository."""

    def __init__(self, path: Path) -> None:
        self.repo, self.home = path / "repo", path / "ledger"
        subprocess.run(["git", "init", "-q", "-b", "main", str(self.repo)], check=True)
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(path), "TOKCOST_HOME": str(self.home), "TZ": "UTC"}
        self.log = path / ".claude/projects/-repo/s1.jsonl"
        self.log.parent.mkdir(parents=True)
        self.count = 0

    def answered(self, model: str, *, time_ms: int = DAY, **usage: Any) -> None:
        """One more response."""
        self.count += 1
        line = assistant(f"msg_{self.count}", f"req_{self.count}", time_ms, model=model, usage=counts(**usage))
        with self.log.open("a") as log:
            log.write(json.dumps(line | {"cwd": str(self.repo), "gitBranch": "main"}) + "\n")

    def runs(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run tokcost with these words."""
        return warm.tokcost(*words, cwd=self.repo, env=self.environ)

    def totals(self) -> dict[str, Any]:
        return json.loads(self.runs("log", "--json").stdout)["totals"]

    def cost(self) -> str:
        """The list cost that `tokcost log` shows."""
        return self.totals()["list_cost"]

    def prices(self, text: str) -> None:
        """Write a price file of their own."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        (self.home / "prices.toml").write_text(text)


@pytest.fixture
def payer(tmp_path: Path) -> Payer:
    return Payer(tmp_path)


ONE = {"input": 100_000, "cache_read": 0, "write_5m": 0, "write_1h": 0, "output": 10_000}


@pytest.mark.few
@pytest.mark.parametrize(
    ("geo", "cost"),
    [
        *(("us", "0.825000000"), ("US", "0.825000000"), ("global", "0.750000000"), ("Global", "0.750000000")),
        *(("not_available", "0.750000000"), ("", "0.750000000")),
    ],
)
def test_where_the_inference_was_kept_is_part_of_the_price(payer: Payer, geo: str, cost: str) -> None:
    payer.answered("claude-opus-4-8", **ONE, inference_geo=geo)
    totals = payer.totals()
    assert (totals["list_cost"], totals["estimated"]["usage"]) == (cost, 0)


@pytest.mark.few
@pytest.mark.parametrize(
    ("model", "field", "cost"),
    [
        ("claude-opus-4-8", {"inference_geo": "eu"}, "0.750000000"),
        ("us.anthropic.claude-opus-4-8-v1:0", {"inference_geo": "us"}, "0.825000000"),
        ("claude-opus-4-8", {"service_tier": "priority"}, "0.750000000"),
        ("claude-haiku-4-5", {"speed": "fast"}, "0.150000000"),
        ("claude-opus-4-8", {"speed": "turbo"}, "0.750000000"),
    ],
)
def test_a_reply_of_a_kind_without_a_known_price_is_named_in_the_log(
    payer: Payer, model: str, field: dict[str, Any], cost: str
) -> None:
    payer.answered("claude-opus-4-8", **ONE)
    payer.answered(model, **ONE, **field)
    told = {"usage": 1, "tokens": 110_000, "list_cost": cost}
    for options in ((), ("--by", "day"), ("--since", "2026-01-01"), ("--by", "session")):
        totals = json.loads(payer.runs("log", "--json", *options).stdout)["totals"]
        assert (totals["estimated"], totals["unpriced_tokens"]) == (told, 0)
        assert "estimated: 1 response at the closest known price" in payer.runs("log", *options).stdout


def test_a_region_survives_pricing_again(payer: Payer) -> None:
    payer.answered("claude-opus-4-8", **ONE, inference_geo="us")
    payer.answered("claude-opus-4-8", **ONE)
    assert payer.cost() == "1.575000000"
    payer.prices('[[price]]\nmatch = "claude-*"\ndiscount = "0.5"\n')
    assert payer.runs("prices", "reprice", "--since", "2026-01-01").returncode == 0
    assert payer.cost() == "0.787500000"


def test_a_region_whose_price_nobody_knows_has_the_standard_one_and_is_called_estimated(payer: Payer) -> None:
    payer.answered("claude-opus-4-8", **ONE, inference_geo="eu")
    assert payer.cost() == "0.750000000"
    payer.prices('[[price]]\nmatch = "claude-*"\ngeo = "eu"\ndiscount = "1.2"\n')
    payer.runs("prices", "reprice", "--since", "2026-01-01")
    assert payer.cost() == "0.900000000"


def test_a_price_of_ones_own_changes_what_it_names_and_leaves_the_rest_at_the_sources_rates(payer: Payer) -> None:
    payer.prices('[[price]]\nmatch = "claude-opus-4-8"\noutput = "50.00"\n')
    payer.answered("claude-opus-4-8", **ONE | {"cache_read": 200_000, "write_5m": 40_000, "write_1h": 10_000})
    assert payer.cost() == "1.450000000"  # 0.50 + 0.10 + 0.25 + 0.10 + 0.50


@pytest.mark.few
@pytest.mark.parametrize(
    ("named", "usage", "cost"),
    [
        ('input = "1"\noutput = "2"', {"cache_read": 1_000_000}, "1.000000000"),
        ('input = "1"\noutput = "2"', {"write_5m": 1_000_000}, None),
        ('input = "1"\noutput = "2"', {"write_1h": 1_000_000}, None),
        ('input = "1"\noutput = "2"\ncache_write_5m = "3"', {"write_5m": 1_000_000}, "3.000000000"),
        ('output = "2"', {"output": 1_000_000}, "2.000000000"),
        ('output = "2"', {"input": 1, "output": 1_000_000}, None),
        ('input = "0"\noutput = "0"', {"input": 1_000_000}, "0.000000000"),
    ],
)
def test_what_a_price_for_an_unknown_model_does_not_name_is_unpriced_and_never_nothing(
    payer: Payer, named: str, usage: dict[str, int], cost: str | None
) -> None:
    payer.prices(f'[[price]]\nmatch = "house-model"\n{named}\n')
    none = dict.fromkeys(("input", "cache_read", "write_5m", "write_1h", "output"), 0)
    payer.answered("house-model", **none | usage)
    totals = payer.totals()
    assert (totals["list_cost"], totals["unpriced_tokens"]) == (
        (cost, 0) if cost else ("0.000000000", totals["tokens"]["total"])
    )


def test_a_service_that_a_price_names_in_part_does_not_make_its_cache_free(payer: Payer) -> None:
    payer.prices('[[price]]\nmatch = "claude-haiku-4-5"\ncontext = "fast"\ninput = "2"\noutput = "10"\n')
    payer.answered("claude-haiku-4-5", **ONE, speed="fast")
    payer.answered("claude-haiku-4-5", input=0, cache_read=0, write_5m=9_000, write_1h=0, output=0, speed="fast")
    totals = payer.totals()
    assert (totals["list_cost"], totals["unpriced_tokens"]) == ("0.300000000", 9_000)


def test_a_price_for_long_prompts_alone_leaves_the_short_ones(payer: Payer) -> None:
    payer.prices('[[price]]\nmatch = "claude-opus-4-8"\nabove = 100_000\ninput = "10"\n')
    payer.answered("claude-opus-4-8", **ONE)
    payer.answered("claude-opus-4-8", **ONE | {"input": 100_001})
    assert payer.cost() == "2.000010000"  # 0.50 + 0.25, 1.00001 + 0.25


def test_after_a_price_changed_explain_says_what_that_would_do_to_what_log_shows(payer: Payer) -> None:
    payer.answered("claude-opus-4-8", **ONE)
    assert payer.cost() == "0.750000000"
    assert "recorded" not in payer.runs("prices", "explain", "claude-opus-4-8").stdout
    payer.prices('[[price]]\nmatch = "claude-opus-4-8"\noutput = "50.00"\n')
    assert payer.cost() == "0.750000000"
    assert "prices.toml changed. Usage recorded before keeps its price" in payer.runs("log").stdout
    said = payer.runs("prices", "explain", "claude-opus-4-8").stdout
    assert "1 of 1 recorded response would cost something else at these prices: $1.00 list instead of $0.75" in said
    again = said.partition("`tokcost ")[2].partition("`")[0].split()
    assert again == ["prices", "reprice", "--since", "2026-08-01"]
    assert payer.runs(*again).returncode == 0
    assert payer.cost() == "1.000000000"
    assert "changed" not in payer.runs("log").stdout
    assert "recorded response" not in payer.runs("prices", "explain", "claude-opus-4-8").stdout


def test_who_asked_what_a_change_would_do_is_not_told_of_it_again(payer: Payer) -> None:
    payer.answered("claude-opus-4-8", **ONE)
    payer.cost()
    payer.prices('[[price]]\nmatch = "claude-opus-4-8"\ndiscount = "0.5"\n')
    assert "prices.toml changed" in payer.runs("log").stdout
    payer.runs("prices", "reprice", "--since", "2026-01-01", "--dry-run")
    assert "prices.toml changed" not in payer.runs("log").stdout
    assert payer.cost() == "0.750000000"


def source_file(path: Path, **models: tuple[float, float]) -> Path:
    """A file as genai-prices publishes it, with input and output rates."""
    listed = [
        {"id": name, "match": {"equals": name}, "prices": {"input_mtok": rates[0], "output_mtok": rates[1]}}
        for name, rates in ((name.replace("_", "-"), rates) for name, rates in models.items())
    ]
    provider = {"id": "anthropic", "name": "Anthropic", "api_pattern": "x", "model_match": {"contains": "claude"}}
    path.write_text(json.dumps([provider | {"models": listed}]))
    return path


@pytest.mark.few
@pytest.mark.parametrize("content", ["[]", '[{"id": "x", "name": "x", "api_pattern": "x", "models": []}]', "[1]", "{}"])
def test_a_price_file_without_a_model_is_refused_and_changes_nothing(
    payer: Payer, tmp_path: Path, content: str
) -> None:
    payer.answered("claude-opus-4-8", **ONE)
    payer.cost()
    (tmp_path / "data.json").write_text(content)
    done = payer.runs("prices", "import", str(tmp_path / "data.json"))
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (3, "", False)
    assert "data.json" in done.stderr
    payer.answered("claude-opus-4-8", **ONE)
    assert payer.cost() == "1.500000000"


def test_a_price_file_without_any_price_is_refused(payer: Payer, tmp_path: Path) -> None:
    file = source_file(tmp_path / "data.json", claude_opus_4_8=(1, 2))
    file.write_text(file.read_text().replace('"input_mtok": 1, "output_mtok": 2', ""))
    done = payer.runs("prices", "import", str(file))
    assert (done.returncode, "has no model with a price" in done.stderr) == (3, True)


def test_an_import_says_what_it_would_change_and_offers_to_price_again(payer: Payer, tmp_path: Path) -> None:
    payer.answered("claude-opus-4-8", **ONE)
    payer.answered("claude-haiku-4-5", **ONE)
    assert payer.cost() == "0.900000000"
    file = source_file(tmp_path / "data.json", claude_opus_4_8=(10, 50), claude_nova=(7, 9))
    said = payer.runs("prices", "import", str(file)).stdout
    assert "2 models with a price in" in said
    assert "1 of 2 models in use" in said
    assert "1 of 2 recorded responses would cost something else at these prices: $1.65 list instead of $0.90." in said
    assert "tokcost prices reprice --since 2026-08-01" in said
    back = payer.runs("prices", "import", "--installed").stdout
    assert "installed source again" in back
    assert "recorded" not in back


def test_a_model_that_turns_up_after_an_import_has_the_price_of_the_file(payer: Payer, tmp_path: Path) -> None:
    payer.answered("claude-haiku-4-5", **ONE)
    payer.cost()
    file = source_file(tmp_path / "data.json", claude_nova=(7, 9))
    assert payer.runs("prices", "import", str(file)).returncode == 0
    file.unlink()
    payer.answered("claude-nova", **ONE)
    payer.answered("gpt-5", **ONE)
    assert payer.cost() == "1.165000000"  # 0.15, 0.79 and 0.225
    assert payer.runs("prices", "explain", "claude-nova").returncode == 0


def test_explain_marks_the_rate_of_today_and_joins_days_with_the_same_rates(payer: Payer) -> None:
    said = payer.runs("prices", "explain", "claude-opus-4-6").stdout
    assert [line.strip() for line in said.splitlines() if "standard, " in line] == [
        "standard, until 2026-03-13",
        "standard, from 2026-03-13 (today)",
    ]
    tiers = payer.runs("prices", "explain", "gpt-5.5").stdout
    assert tiers.count("  flex, always (today)\n") == tiers.count("flex, ") == 1
    fixed = payer.runs("prices", "explain", "claude-opus-4-8").stdout
    assert fixed.count("  standard, always (today)\n") == fixed.count("standard, ") == 1
    assert "inference kept in us, always: 1.1 times every token rate" in said


@pytest.mark.few
@pytest.mark.parametrize(
    ("typed", "near"),
    [("cluade-opus-4-8", "claude-opus-4-8"), ("gpt5.5-sol", "gpt-5.6-sol"), ("house-modle", "house-model")],
)
def test_explain_suggests_names_that_are_like_an_unknown_one(payer: Payer, typed: str, near: str) -> None:
    payer.answered("house-model", **ONE)
    payer.cost()
    said = payer.runs("prices", "explain", typed)
    assert said.returncode == 1
    assert near in said.stdout.partition("Did you mean ")[2].rstrip("?\n").split(", ")


def test_explain_says_that_a_local_model_costs_nobody_anything(payer: Payer) -> None:
    said = payer.runs("prices", "explain", "gpt-oss:20b", "--provider", "ollama")
    assert (said.returncode, "your own machine" in said.stdout) == (0, True)


@pytest.mark.parametrize(
    "harm", [damages.fill(1, 0), damages.header(40, b"\xff\xff\xff\xff")], ids=["schema", "header"]
)
def test_a_region_outlives_a_damaged_ledger_whose_logs_are_gone(payer: Payer, harm: Any) -> None:
    payer.answered("claude-opus-4-8", **ONE, inference_geo="us")
    assert payer.cost() == "0.825000000"
    payer.log.unlink()
    data = bytearray((payer.home / FILE_NAME).read_bytes())
    harm.do(data)
    (payer.home / FILE_NAME).write_bytes(data)
    assert payer.cost() == "0.825000000"
    assert payer.runs("prices", "reprice", "--since", "2026-01-01").returncode == 0
    assert payer.cost() == "0.825000000"


PROJECT = '[[price]]\nmatch = "claude-opus-4-8"\ndiscount = "0.1"\n'


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=dev", "-c", "user.email=dev@example.invalid"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def project_with_a_price(payer: Payer) -> None:
    """Commit a price of the project, and a folder beside it."""
    (payer.repo / "src").mkdir()
    (payer.repo / "src/code").write_text("1\n")
    (payer.repo / ".tokcost.toml").write_text(PROJECT)
    git(payer.repo, "add", "-A")
    git(payer.repo, "commit", "-q", "-m", "Price")


@pytest.mark.parametrize("sparse", [["--no-cone", "/src/"], ["--cone", "src"]], ids=" ".join)
def test_the_price_of_a_project_holds_where_a_sparse_checkout_leaves_its_file_out(
    payer: Payer, sparse: list[str]
) -> None:
    project_with_a_price(payer)
    git(payer.repo, "sparse-checkout", "set", *sparse)
    (payer.repo / ".tokcost.toml").unlink(missing_ok=True)
    payer.answered("claude-opus-4-8", **ONE)
    assert payer.cost() == "0.075000000"
    assert "input 0.50" in payer.runs("prices", "explain", "claude-opus-4-8").stdout
    (payer.repo / ".tokcost.toml").write_text("")
    git(payer.repo, "sparse-checkout", "disable")
    git(payer.repo, "commit", "-q", "-a", "-m", "No price")
    assert payer.runs("prices", "reprice", "--since", "2026-01-01").returncode == 0
    assert payer.cost() == "0.750000000"


def test_the_price_of_a_project_holds_in_the_worktrees_of_its_bare_repository(payer: Payer, tmp_path: Path) -> None:
    project_with_a_price(payer)
    bare, tree = tmp_path / "app.git", tmp_path / "tree"
    git(tmp_path, "clone", "-q", "--bare", str(payer.repo), str(bare))
    git(bare, "worktree", "add", "-q", "-b", "feat", str(tree))
    payer.repo = tree
    payer.answered("claude-opus-4-8", **ONE)
    assert payer.cost() == "0.075000000"
    git(bare, "update-ref", "--no-deref", "HEAD", "HEAD^{commit}")
    assert "input 0.50" in payer.runs("prices", "explain", "claude-opus-4-8").stdout


def test_a_bad_price_that_a_sparse_checkout_leaves_out_is_told_and_passed_over(payer: Payer) -> None:
    project_with_a_price(payer)
    (payer.repo / ".tokcost.toml").write_text('[[price]]\nmach = "x"\n')
    git(payer.repo, "commit", "-q", "-a", "-m", "Bad")
    git(payer.repo, "sparse-checkout", "set", "--no-cone", "/src/")
    payer.answered("claude-opus-4-8", **ONE)
    assert payer.cost() == "0.750000000"
    assert "unknown key 'mach'" in payer.runs("log").stdout


def test_a_model_in_place_of_a_command_is_explained(payer: Payer) -> None:
    asked, explained = (payer.runs("prices", *words, "claude-sonnet-4-5") for words in ([], ["explain"]))
    assert (asked.returncode, asked.stdout) == (0, explained.stdout)
    unknown = payer.runs("prices", "claude-sonet-4-5")
    assert unknown.returncode == 1
    assert "Did you mean claude-sonnet-4-5" in unknown.stdout


@pytest.mark.few
@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "gemini-2.5-pro", "gpt-5.4", "some-model-of-our-own"])
def test_what_is_said_of_a_price_fits_the_terminal(payer: Payer, model: str) -> None:
    """The longest lines are the rates of long prompts, the names that were looked for, and notes."""
    text = on_terminal(["prices", "explain", model], payer.repo, payer.environ | {"TERM": "dumb"}, 60)
    assert [line for line in text.splitlines() if len(line) > 60] == []
    wide = payer.runs("prices", "explain", model).stdout
    assert " ".join(text.split()) == " ".join(wide.split())
