"""Prices: exact against their source, one request at a time, and never a guess."""

import json
import random
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import process_time

import genai_prices
import pytest

from support.make_common_cards import lines
from support.prices import at_ms
from tokcost.errors import SettingsDamaged
from tokcost.ledger.open import open_ledger
from tokcost.ledger.prices import price_ids
from tokcost.model.money import ATTO_PER_USD_MTOK
from tokcost.model.usage import Tokens, Usage
from tokcost.pricing.book import PriceBook
from tokcost.pricing.cards import Price, from_json, to_json
from tokcost.pricing.common import FILE
from tokcost.pricing.compile import compile_from_source
from tokcost.pricing.names import candidates
from tokcost.pricing.override_file import load_overrides
from tokcost.pricing.overrides import DATA, bundled
from tokcost.pricing.source import compile_models, source_stamp
from tokcost.usage.pricing import Pricer


def ms(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


def use(model: str, tokens: Tokens, day: str = "2026-11-01", provider: str = "", **more: object) -> Usage:
    return Usage("claude-code", "k", ms(day), model, tokens, provider=provider)._replace(**more)


def book(*pairs: tuple[str, str], overrides: Path | None = None) -> PriceBook:
    return PriceBook(compile_models(pairs), load_overrides(overrides) if overrides else ())


def price(usage: Usage, overrides: Path | None = None) -> Price:
    return book((usage.provider, usage.model), overrides=overrides).price(usage)


def expected(usage: Usage, provider: str, model: str, context: dict[str, str] | None = None) -> int:
    """What genai-prices says, in nano-dollars, rounded half to even as decimal does."""
    t = usage.tokens
    asked = genai_prices.Usage(
        input_tokens=t.prompt,
        cache_read_tokens=t.cache_read,
        cache_write_tokens=t.cache_write_5m + t.cache_write_1h,
        cache_write_1h_tokens=t.cache_write_1h,
        output_tokens=t.output,
        web_searches=usage.web_searches,
    )
    when = datetime.fromtimestamp(usage.time_ms / 1000, UTC)
    found = genai_prices.calc_price(
        asked, model, provider_id=provider, genai_request_timestamp=when, price_context=context
    )
    return int((found.total_price * 10**9).to_integral_value())


MODELS = [
    ("anthropic", "claude-opus-4-5"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-sonnet-4-6"),
    ("anthropic", "claude-haiku-4-5"),
    ("anthropic", "claude-opus-4-8"),
    ("anthropic", "claude-3-5-haiku-20241022"),
    ("openai", "gpt-5-codex"),
    ("openai", "gpt-5.1-codex"),
    ("openai", "o3"),
    ("google", "gemini-2.5-pro"),
    ("google", "gemini-2.5-flash"),
    ("deepseek", "deepseek-v4-pro"),
    ("deepseek", "deepseek-reasoner"),
    ("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("github-copilot", "claude-sonnet-4.6"),
    ("openrouter", "anthropic/claude-sonnet-4.5"),
    ("openrouter", "google/gemini-2.5-flash"),
    ("zai", "glm-4.6"),
    ("x-ai", "grok-4"),
    ("mistral", "devstral-medium-latest"),
]


def test_ten_thousand_random_requests_cost_what_the_source_says_to_the_nano_dollar() -> None:
    chance = random.Random(20261123)
    prices = book(*MODELS)
    compared = 0
    for _ in range(10_000):
        provider, model = chance.choice(MODELS)
        cached = provider in ("anthropic", "aws")
        tokens = Tokens(
            chance.choice([0, 7, 3_000, 90_000, 260_000]) + chance.randrange(50),
            chance.choice([0, 12_000, 150_000, 199_999]),
            chance.choice([0, 5_000]) * cached,
            chance.choice([0, 9_000]) * cached,
            chance.randrange(40_000),
        )
        fast = model == "claude-opus-4-8" and chance.random() < 0.5
        when = ms("2025-05-01") + chance.randrange(570 * 86_400_000)
        searches = chance.choice([0, 0, 3]) if provider == "anthropic" else 0
        usage = Usage("x", "k", when, model, tokens, provider=provider, speed="fast" * fast, web_searches=searches)
        found = prices.price(usage)
        if found.state in ("included", "free", "unpriced"):
            continue
        assert found == found._replace(
            list_cost=expected(usage, provider, model, {"speed": "fast"} if fast else None)
        ), usage
        compared += 1
    assert compared > 9_000


def test_a_long_prompt_changes_the_price_of_all_its_tokens_at_once() -> None:
    below = price(use("claude-sonnet-4-5", Tokens(200_000, output=1_000), "2026-01-01"))
    above = price(use("claude-sonnet-4-5", Tokens(200_001, output=1_000), "2026-01-01"))
    assert below.list_cost == 200_000 * 3_000 + 1_000 * 15_000
    assert above.list_cost == 200_001 * 6_000 + 1_000 * 22_500


def test_requests_are_priced_one_by_one_because_their_sum_would_cross_the_cliff() -> None:
    one = price(use("claude-sonnet-4-5", Tokens(40_000), "2026-01-01")).list_cost
    together = price(use("claude-sonnet-4-5", Tokens(300 * 40_000), "2026-01-01")).list_cost
    assert one is not None
    assert together is not None
    assert together == 2 * 300 * one


def test_one_hour_cache_writes_cost_more_than_five_minute_ones() -> None:
    assert price(use("claude-sonnet-4-5", Tokens(cache_write_5m=1_000))).list_cost == 3_750_000
    assert price(use("claude-sonnet-4-5", Tokens(cache_write_1h=1_000))).list_cost == 6_000_000


def test_an_unknown_model_is_unpriced_and_never_zero() -> None:
    assert price(use("some-new-model", Tokens(10))) == price(use("other-new-model", Tokens(10)))._replace(
        card_id=price(use("some-new-model", Tokens(10))).card_id
    )
    assert price(use("some-new-model", Tokens(10)))[:2] == (None, "unpriced")


@pytest.mark.parametrize("name", ["<synthetic>", "auto", "default", "big-pickle", "swe-1.5", "code-supernova", ""])
def test_names_that_stand_for_no_model_are_never_priced(name: str) -> None:
    assert candidates("", name) == []
    assert price(use(name, Tokens(10)))[:2] == (None, "unpriced")


def test_a_price_of_nothing_in_the_source_is_told_apart_from_an_unknown_one() -> None:
    free = price(use("openai/gpt-oss-20b:free", Tokens(10), provider="openrouter"))
    included = price(use("gpt-4.1", Tokens(10), provider="github-copilot"))
    assert (free.list_cost, free.state) == (0, "free")
    assert (included.list_cost, included.state) == (0, "included")


def test_a_fast_request_without_a_known_fast_price_is_estimated_and_not_called_priced() -> None:
    usage = use("claude-haiku-4-5", Tokens(1_000_000 - 1), speed="fast")
    assert price(usage)[:2] == ((1_000_000 - 1) * 1_000, "estimated")
    assert price(use("claude-opus-4-8", Tokens(1_000), speed="fast"))[:2] == (10_000_000, "priced")


def test_prices_change_at_midnight_utc_of_their_day() -> None:
    before = price(use("o3", Tokens(1_000), "2025-06-09T23:59:59")).list_cost
    after = price(use("o3", Tokens(1_000), "2025-06-10T00:00:00")).list_cost
    assert (before, after) == (10_000_000, 2_000_000)


def test_some_prices_change_with_the_hour_of_the_day() -> None:
    night = price(use("deepseek-v4-pro", Tokens(1_000_000), "2026-11-02T00:30", provider="deepseek")).list_cost
    peak = price(use("deepseek-v4-pro", Tokens(1_000_000), "2026-11-02T02:00", provider="deepseek")).list_cost
    assert night is not None
    assert peak == 2 * night


def test_the_cloud_that_serves_a_model_decides_its_price() -> None:
    direct = price(use("claude-sonnet-4-5", Tokens(1_000))).list_cost
    regional = price(use("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Tokens(1_000))).list_cost
    assert (direct, regional) == (3_000_000, 3_300_000)


def test_a_proxys_name_does_not_make_a_known_model_unpriced() -> None:
    assert price(use("gpt-5-codex", Tokens(1_000), provider="mock")).list_cost == 1_250_000


@pytest.mark.parametrize(
    ("logged", "same_as"),
    [
        ("claude-opus-4-5-20251101", "claude-opus-4-5"),
        ("claude-sonnet-4-5[1m]", "claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("claude-4.5-sonnet", "claude-sonnet-4-5"),
        ("claude-4.5-sonnet-thinking", "claude-sonnet-4-5"),
        ("gpt-5-codex-high", "gpt-5-codex"),
        ("gpt-5-codex:thinking-high-latest", "gpt-5-codex"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("GPT-5-Codex", "gpt-5-codex"),
    ],
)
def test_names_that_gateways_and_editors_make_find_their_model(logged: str, same_as: str) -> None:
    tokens = Tokens(1_000, 2_000, 0, 0, 300)
    assert price(use(logged, tokens)).list_cost == price(use(same_as, tokens)).list_cost is not None


@pytest.mark.parametrize("start", ["", "acme/", "acme/a/b/", "openrouter/acme/", "openrouter/", "anthropic."])
@pytest.mark.parametrize("end", ["-low", ":max", "-fast", "-low-fast", "@1", "@1-high", "/x", "[1m]"])
def test_no_name_is_looked_up_in_more_than_a_few_ways(start: str, end: str) -> None:
    name = f"{start}claude-4.5-opus{end * 60}"
    assert len(candidates("mock", name)) <= 63
    assert len(candidates("mock", f"{name}@{end * 60}")) <= 63


def test_web_searches_are_charged_by_the_thousand() -> None:
    assert price(use("claude-sonnet-4-5", Tokens(), web_searches=3)).list_cost == 30_000_000


def test_nothing_used_costs_nothing_whatever_the_model() -> None:
    assert price(use("claude-sonnet-4-5", Tokens())).list_cost == 0


def test_cards_survive_being_stored() -> None:
    (cards,) = compile_models([("", "claude-sonnet-4-5")])
    assert from_json(to_json(cards)) == cards
    assert from_json(to_json(cards)).id == cards.id


def test_corrections_that_come_with_tokcost_hold_on_their_days_alone() -> None:
    prices = PriceBook(compile_models([("", "claude-sonnet-5-5"), ("", "claude-opus-4-6")]), bundled())
    read = [
        prices.price(use("claude-sonnet-5-5", Tokens(0, 1_000), day)).list_cost for day in ("2026-10-06", "2026-10-07")
    ]
    assert read == [200_000, 100_000]
    fast = prices.price(use("claude-opus-4-6", Tokens(1_000), "2026-05-01", speed="fast"))
    assert fast[:2] == (30_000_000, "priced")


def test_the_users_price_wins_over_the_sources(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('[[price]]\nmatch = "claude-sonnet-4-5"\nfrom = 2026-11-01\noutput = "1.00"\nnote = "ours"\n')
    assert price(use("claude-sonnet-4-5", Tokens(output=1_000), "2026-10-31"), file).list_cost == 15_000_000
    found = price(use("claude-sonnet-4-5", Tokens(1_000, output=1_000), "2026-11-01"), file)
    assert found.list_cost == 3_000_000 + 1_000_000


def test_a_discount_is_a_factor_on_every_rate_and_tier(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('[[price]]\nmatch = "claude-*"\ndiscount = "0.5"\n')
    for tokens in (Tokens(1_000, 2_000, 30, 40, 50), Tokens(300_000, output=10)):
        usage = use("claude-sonnet-4-5", tokens)
        full = price(usage).list_cost
        assert full is not None
        assert Decimal(price(usage, file).list_cost or 0) == Decimal(full) / 2


def test_a_price_for_an_unknown_model_makes_it_priced(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('[[price]]\nmatch = "in-house-*"\ninput = "1"\noutput = "2"\n')
    assert price(use("in-house-7b", Tokens(1_000, 1_000, 0, 0, 1_000)), file)[:2] == (4_000_000, "priced")


PATTERNS = {
    "house-7b": True,
    "house-*": True,
    "HOUSE-*": True,
    "*-7b": True,
    "h?use-7b": True,
    "house-[678]b": True,
    "[gh]ouse*": True,
    "*": True,
    "other-*": False,
    "house": False,
    "house-[89]b": False,
    "?house*": False,
    "house-7b?": False,
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_price_is_for_the_names_that_its_pattern_matches(tmp_path: Path, pattern: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(f'[[price]]\nmatch = "{pattern}"\ninput = "1"\noutput = "2"\n')
    state = price(use("house-7b", Tokens(1_000)), file).state
    assert state == ("priced" if PATTERNS[pattern] else "unpriced")


def test_an_import_names_cards_by_their_content_whether_the_ledger_has_them_or_not(tmp_path: Path) -> None:
    """To work the name out takes longer than to price a response: where the ledger has the same cards, theirs is it."""
    usage = use("claude-opus-4-6", Tokens(1_000), provider="anthropic")
    worked_out = PriceBook(compile_models([("anthropic", usage.model)]), bundled()).price(usage)
    with open_ledger(tmp_path / "ledger") as ledger:
        for _ in range(2):
            pricer = Pricer(ledger, tmp_path / "ledger")
            pricer.prepare([(usage.provider, usage.model)])
            with ledger.transaction():
                assert pricer.price(usage, "") == worked_out
            assert worked_out.card_id in price_ids(ledger)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[price]]\nmatch = 3", "match"),
        ('[[price]]\nmatch = "x"\ninptu = "1"', "inptu"),
        ('[[price]]\nmatch = "x"\ninput = "-1"', "not a price"),
        ('[[price]]\nmatch = "x"\nfrom = "2026-01-01"', "without quotes"),
        ('[[price]]\nmatch = "x"\ninput = "cheap"', ""),
        ("price = 3", ""),
        ("[price]", "not a list of tables"),
        ("[[price", ""),
    ],
)
def test_a_damaged_price_file_is_told_with_file_and_reason(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / f"prices-{abs(hash(text))}.toml"
    file.write_text(text)
    with pytest.raises(SettingsDamaged, match=reason or None) as caught:
        load_overrides(file)
    assert str(file) in str(caught.value)


HOSTILE = [
    *(f'input = "{number}"' for number in ("1e12", "1e900000", "1e-900000", "-0", "NaN", "sNaN", "Infinity", "1e-40")),
    *(f"input = {number}" for number in ("-0.0", "nan", "inf", "1e300", "9" * 4000, "0x" + "f" * 9000, "true", "[1]")),
    *(f'discount = "{number}"' for number in ("1e50", "-1", "NaN", "1e900000", "11")),
    f'input = "{"9" * 200_000}"',
    'input = "10000.01"',
    'web_search = "1e9"',
    f'note = "{"n" * 201}"',
    f'context = "{"c" * 100_000}"',
    "provider = 3",
    f'from = "{"2" * 100_000}"',
    f'"{"k" * 100_000}" = 1',
    "from = 2026-01-01T00:00:00",
    *(f"above = {number}" for number in ("-5", "true", "1e3", "9" * 4000, '"200000"', "1000000000")),
    "geo = 3",
    *(f'geo = "us"\n{more}' for more in ('input = "1"', 'context = "fast"', "above = 1")),
]


@pytest.mark.parametrize("line", HOSTILE, ids=lambda line: line[:30])
def test_what_is_no_sensible_price_is_refused_at_once_and_in_a_short_sentence(tmp_path: Path, line: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(f'[[price]]\nmatch = "*"\n{line}\n')
    began = process_time()
    with pytest.raises(SettingsDamaged) as caught:
        load_overrides(file)
    assert process_time() - began < 0.5
    assert len(str(caught.value)) < len(str(file)) + 300


@pytest.mark.parametrize(
    "text", ['[[price]]\nmatch = "x"\n' * 201, f'[[price]]\nmatch = "{"*a" * 101}"\n', "[price]\n"]
)
def test_too_many_tables_and_too_long_patterns_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(text)
    with pytest.raises(SettingsDamaged):
        load_overrides(file)


def test_the_highest_price_and_all_factors_together_stay_within_64_bits(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('[[price]]\nmatch = "*"\noutput = "10000"\n' + '[[price]]\nmatch = "*"\ndiscount = "10"\n' * 199)
    found = price(use("claude-sonnet-4-5", Tokens(*[10**9] * 5)), file).list_cost
    assert found is not None
    assert found <= 5 * 10**16


def test_many_overrides_of_one_model_take_no_time_and_the_last_one_wins(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    days = (date(2026, 11, 1) + timedelta(number) for number in range(-100, 100))
    file.write_text("".join(f'[[price]]\nmatch = "*"\nfrom = {day}\noutput = "{day.day}"\n' for day in days))
    began = process_time()
    assert price(use("claude-sonnet-4-5", Tokens(output=1_000), "2026-11-03"), file).list_cost == 3_000_000
    assert price(use("claude-sonnet-4-5", Tokens(output=1_000), "2026-10-31"), file).list_cost == 31_000_000
    assert process_time() - began < 1


def test_an_override_between_two_days_leaves_the_days_around_it_alone(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    span = "from = 2026-11-02\nuntil = 2026-11-04"
    file.write_text(f'[[price]]\nmatch = "claude-*"\n{span}\noutput = "1"\n[[price]]\nmatch = "*"\ndiscount = "0.5"\n')
    usage = [use("claude-sonnet-4-5", Tokens(output=1_000), f"2026-11-0{number}") for number in range(1, 5)]
    found = [price(one, file).list_cost for one in usage]
    assert found == [7_500_000, 500_000, 500_000, 7_500_000]


MODEL = '[{"id": "p", "name": "P", "api_pattern": "x", "models": [{"id": "m", "match": %s, "prices": %s}]}]'


@pytest.mark.parametrize(
    "content",
    [
        '{"models": []}',
        "[1]",
        '[{"id": 1}]',
        "no JSON",
        "[" * 100_000,
        MODEL % ('{"equals": "m"}', '{"input_mtok": "a lot"}'),
        MODEL % ('{"equals": "m"}', '{"input_mtok": {"base": 1}}'),
        MODEL % ('{"equals": "m"}', '"free"'),
        MODEL % ('{"equals": "m"}', '[{"prices": 1}]'),
        MODEL % ('{"sounds_like": "m"}', "{}"),
        MODEL % ('"m"', "{}"),
        MODEL % ("{}", "{}"),
        MODEL % ('{"regex": "("}', "{}"),
        MODEL % ('{"and": [{"contains": "x"}, {"regex": "("}]}', "{}"),
        MODEL % ('{"regex": "a{99999999999}"}', "{}"),
        *(
            MODEL % ('{"equals": "m"}', f'{{"input_mtok": {price}}}')
            for price in (
                *("-1", '"-0.1"', "NaN", "Infinity", "1e400", '"1e999999999"', "10000.01", "9" * 5_000),
                *('{"base": -1, "tiers": []}', '{"base": 1, "tiers": [{"start": 5, "price": -1}]}'),
                *('{"base": 1, "tiers": [{"start": -5, "price": 1}]}', '{"base": 1e400, "tiers": []}'),
            )
        ),
    ],
)
def test_a_file_that_is_no_price_file_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "data.json"
    file.write_text(content)
    with pytest.raises(SettingsDamaged, match="not a price file"):
        compile_from_source([("", "gpt-5")], file)


def test_a_price_file_keeps_days_tiers_and_ways_of_being_served(tmp_path: Path) -> None:
    tiers = {"base": 2, "tiers": [{"start": 200_000, "price": "4.5"}]}
    model = {
        "id": "nova",
        "match": {"or": [{"regex": "^nova(-[0-9]+)?$"}, {"and": [{"starts_with": "nova"}, {"ends_with": "-x"}]}]},
        "prices": [
            {"prices": {"input_mtok": 1, "output_mtok": 5}},
            {"constraint": {"start_date": "2026-11-02"}, "prices": {"input_mtok": tiers, "output_mtok": 6}},
        ],
        "price_variants": [{"when": {"service_tier": "flex"}, "prices": {"output_mtok": 3}}],
    }
    provider = {"id": "anthropic", "name": "P", "api_pattern": "x", "model_match": {"contains": "nova"}}
    file = tmp_path / "data.json"
    file.write_text(json.dumps([provider | {"models": [model]}]))
    (found, other) = compile_from_source([("", "nova-7"), ("", "nova-y")], file)
    assert other.state == "unpriced"
    inputs = [[(step.above, step.rates.input) for step in card.steps] for card in found.cards]
    cards = {(card.context, card.from_ms): steps for card, steps in zip(found.cards, inputs, strict=True)}
    day = at_ms("2026-11-02")
    usd = ATTO_PER_USD_MTOK
    assert cards["", None] == [(-1, 1 * usd)]
    assert cards["", day] == [(-1, 2 * usd), (200_000, usd * 9 // 2)]
    assert {card.steps[0].rates.output for card in found.cards if card.context == "flex"} == {3 * usd}


def test_a_newer_price_file_in_the_sources_own_format_is_used(tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    file.write_text(
        '[{"id": "anthropic", "name": "Anthropic", "api_pattern": "x", "model_match": {"contains": "claude"}, "models":'
        ' [{"id": "claude-nova", "match": {"equals": "claude-nova"}, "prices": {"input_mtok": 7, "output_mtok": 9}}]}]'
    )
    (cards,) = compile_from_source([("", "claude-nova")], file)
    assert cards.basis.startswith("genai-prices/file+")
    assert PriceBook([cards]).price(use("claude-nova", Tokens(1_000, output=1_000))).list_cost == 16_000_000


def test_pricing_opens_no_connection() -> None:
    code = (
        "import sys\n"
        "def watch(event, args):\n"
        "    if event.startswith(('socket.connect', 'socket.getaddrinfo', 'socket.bind')): raise SystemExit(event)\n"
        "sys.addaudithook(watch)\n"
        "from tokcost.pricing.source import compile_models\n"
        "print(compile_models([('', 'gpt-5-codex'), ('', 'claude-opus-4-5')])[0].state)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("priced", "")


def test_the_cards_that_come_with_tokcost_are_what_the_source_says() -> None:
    assert FILE.read_text(encoding="utf-8").splitlines() == lines()


def test_a_common_model_is_priced_without_importing_the_source() -> None:
    code = (
        "import sys; from tokcost.pricing.source import compile_models;"
        "print(compile_models([('', 'claude-opus-4-5')])[0].state, 'genai_prices' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "priced False"


def test_the_source_is_watched_without_importing_it() -> None:
    code = (
        "import sys; from tokcost.pricing.source import source_stamp; source_stamp();"
        "print('genai_prices' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert source_stamp()


def test_the_bundled_overrides_are_what_their_file_says() -> None:
    assert bundled() == load_overrides(DATA / "overrides.toml")
