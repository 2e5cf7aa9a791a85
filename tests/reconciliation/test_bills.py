"""`tokcost reconcile` against servers that answer as the providers document, and as they should not."""

import csv
import itertools
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reconciliation.bill_server import (
    KEY,
    Answer,
    BillServer,
    Reply,
    Request,
    always,
    anthropic_page,
    anthropic_row,
    reply,
)
from support.claude_lines import assistant, counts
from support.terminal import piped
from tokcost.cli.main import tokcost

MONTH = ["--month", "2026-10"]
CLEAN = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "CLAUDE_CONFIG_DIR", "XDG_CONFIG_HOME"))
NOON = int(datetime(2026, 10, 5, 12, tzinfo=UTC).timestamp() * 1000)
DAY = 86_400_000
HUNDRED_THOUSAND = counts(0, 0, 0, 0, 100_000)
"""Output of Sonnet 4.5 for $1.50, of Opus 4.5 for $2.50."""


class Office:
    """A machine, and a provider's server beside it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ = {
            **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
            "HOME": str(home), "TOKCOST_HOME": str(home / "tokcost"), "LANG": "C.UTF-8",
            **{f"TOKCOST_{name}_KEY": KEY for name in ("ANTHROPIC", "OPENAI", "OPENROUTER", "COPILOT")},
        }  # fmt: skip
        self.requests: list[Request] = []
        self._lines = 0

    def spend(self, model: str = "claude-sonnet-4-5", time_ms: int = NOON) -> None:
        """A response of Claude Code."""
        self._lines += 1
        log = self.home / ".claude/projects/-w/session-1.jsonl"
        log.parent.mkdir(parents=True, exist_ok=True)
        line = assistant(f"msg_{self._lines}", f"req_{self._lines}", time_ms, usage=HUNDRED_THOUSAND, model=model)
        with log.open("a") as stream:
            stream.write(json.dumps(line) + "\n")

    def run(self, answer: Answer, provider: str = "anthropic", *words: str) -> tuple[int, str, str]:
        """Exit code, output and errors. The key is in neither."""
        with BillServer(answer) as server:
            done = self.asked(server, provider, *words)
            self.requests = server.requests
        return done.exit_code, done.stdout, done.stderr

    def asked(self, server: BillServer, provider: str = "anthropic", *words: str) -> Result:
        """What the command came to; the key is not in it."""
        environ = self.environ | {"TOKCOST_RECONCILE_URL": server.url}
        more = words if "--month" in words else (*MONTH, *words)
        done = CliRunner(env=CLEAN | environ).invoke(tokcost, ["reconcile", provider, *more])
        assert KEY not in done.output
        assert "this is a bug" not in done.output
        return done

    def told(self, answer: Answer, provider: str = "anthropic", *words: str) -> dict[str, Any]:
        code, out, err = self.run(answer, provider, "--json", *words)
        assert (code, err) == (0, "")
        return json.loads(out)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def causes(told: dict[str, Any]) -> dict[str, str | None]:
    return {one["cause"]: one["amount"] for one in told["causes"]}


def test_a_bill_that_agrees_has_no_difference(office: Office) -> None:
    office.spend()
    told = office.told(always(anthropic_page(anthropic_row("2026-10-05", "claude-sonnet-4-5", "150.0", "120"))))
    (row,) = told["rows"]
    assert (row["day"], row["model"], row["tokens"], row["usage"]) == ("2026-10-05", "claude-sonnet-4-5", 100_000, 1)
    assert (row["list_cost"], row["provider_list_cost"], row["billed"]) == ("1.500000000", "1.500000000", "1.200000000")
    assert told["difference"] == "0.000000000"
    assert causes(told) == {"discount": None}
    assert (told["schema"], told["compared"], told["refreshed"]) == (
        "tokcost.reconcile/1",
        "list",
        "2026-11-02T04:00:00Z",
    )


def test_anthropic_is_asked_as_it_documents_and_never_by_person(office: Office) -> None:
    office.told(always(anthropic_page()))
    (request,) = office.requests
    assert request.path == "/v1/organizations/analytics/cost"
    assert request.headers["x-api-key"] == KEY
    assert request.headers["anthropic-beta"] == "analytics-usage-cost-2026-08-24"
    assert request.headers["anthropic-version"]
    assert request.query["starting_at"] == "2026-10-01T00:00:00Z"
    assert request.query["ending_at"] == "2026-11-01T00:00:00Z"
    assert (request.query["time_bucket_width"], request.query["group_by[]"]) == ("1d", "model")
    assert int(request.query["limit"]) <= 1000
    assert "actor" not in str(request.query)


def test_who_caused_a_cost_is_in_no_output_and_no_file(office: Office) -> None:
    page = anthropic_page(anthropic_row("2026-10-05", "claude-sonnet-4-5", "150"))
    for form in ([], ["--csv"], ["--json"]):
        _, out, _ = office.run(always(page), "anthropic", *form)
        assert "ann@x.org" not in out
        assert "apikey_1" not in out
    files = [path.read_bytes() for path in office.home.rglob("*") if path.is_file()]
    assert not any(b"ann@x.org" in data or KEY.encode() in data for data in files)


def test_all_pages_are_added_up(office: Office) -> None:
    def answer(request: Request) -> Reply:
        number = int(request.query.get("page", "p1")[1:])
        row = anthropic_row(f"2026-10-{number:02d}", "claude-opus-4-5", "100.000000001")
        return reply(anthropic_page(row, next_page=f"p{number + 1}" if number < 7 else None))

    told = office.told(answer)
    assert (len(office.requests), len(told["rows"])) == (7, 7)
    # A thousandth of a nano-dollar is rounded away once, on each line.
    assert told["provider_list_cost"] == "7.000000000"


@pytest.mark.parametrize(
    ("listed", "nano"),
    [("0.1", "0.001000000"), ("123.456789", "1.234567890"), ("0.00000005", "0.000000000"),
     ("0.00000015", "0.000000002"),
     ("-5", "-0.050000000"), ("1e2", "1.000000000"), ("99999999999", "999999999.990000000")],
)  # fmt: skip
def test_cents_become_nano_dollars_rounded_half_to_even(office: Office, listed: str, nano: str) -> None:
    told = office.told(always(anthropic_page(anthropic_row("2026-10-05", "m", listed))))
    assert told["provider_list_cost"] == nano


def openai_page(*buckets: tuple[str, str, str], next_page: str | None = None) -> bytes:
    """Buckets of a day, a line item and a value as it stands in the JSON."""
    data = [
        {
            "object": "bucket",
            "start_time": int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()),
            "results": [
                {"object": "organization.costs.result", "amount": {"value": f"#{value}#", "currency": "usd"},
                 "line_item": item, "user_id": "user_1"}
            ],
        }
        for day, item, value in buckets
    ]  # fmt: skip
    page = json.dumps({"object": "page", "data": data, "has_more": bool(next_page), "next_page": next_page})
    return page.replace('"#', "").replace('#"', "").encode()


def test_openais_numbers_are_decimal_from_the_first_byte(office: Office) -> None:
    # As floats these add up to 0.6000000000000001, and the last one is 8.
    items = [("gpt-5.1-codex, input_tokens", "0.1"), ("gpt-5.1-codex, output_tokens", "0.2"),
             ("gpt-5.1-codex, cached_input_tokens", "0.3"),
             ("web search tool calls", "8.000000000000000001")]  # fmt: skip
    body = openai_page(*(("2026-10-05", item, value) for item, value in items))
    told = office.told(lambda request: Reply(body), "openai")
    assert [(row["model"], row["billed"]) for row in told["rows"]] == [
        ("gpt-5.1-codex", "0.600000000"),
        ("web search tool calls", "8.000000000"),
    ]
    assert (told["provider_list_cost"], told["compared"]) == (None, "billed")
    (request,) = office.requests
    assert (request.path, request.headers["authorization"]) == ("/v1/organization/costs", f"Bearer {KEY}")
    assert request.query["start_time"] == str(int(datetime(2026, 10, 1, tzinfo=UTC).timestamp()))
    assert request.query["end_time"] == str(int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()))
    assert "user" not in str(request.query)


def test_a_line_of_openai_without_an_amount_is_said_and_not_zero(office: Office) -> None:
    body = openai_page(("2026-10-05", "gpt-5", "null"))
    told = office.told(lambda request: Reply(body), "openai")
    assert told["rows"] == []
    assert any("1 lines have no amount" in note for note in told["notes"])


def activity(day: str, model: str, usage: float, own: float = 0) -> dict[str, Any]:
    return {"date": day, "model": model, "model_permaslug": f"{model}-2026", "endpoint_id": "e", "usage": usage,
            "byok_usage_inference": own, "requests": 1, "prompt_tokens": 1, "completion_tokens": 1}  # fmt: skip


def test_openrouter_tells_thirty_days_and_both_sides_begin_there(office: Office) -> None:
    today = datetime.now(UTC).date()
    day = (today - timedelta(days=2)).isoformat()
    rows = [activity(day, "anthropic/claude-sonnet-4.5", 0.1), activity(day, "anthropic/claude-sonnet-4.5", 0.2, 3.5)]
    told = office.told(always({"data": rows}), "openrouter", "--month", day[:7])
    assert [(row["day"], row["model"], row["billed"]) for row in told["rows"]] == [
        (day, "anthropic/claude-sonnet-4.5", "0.300000000")
    ]
    assert any("3.500000000 USD" in note and "keys of your own" in note for note in told["notes"])
    code, out, err = office.run(always({"data": rows}), "openrouter", "--month", "2026-01")
    assert (code, out) == (2, "")
    assert "no day before" in err
    assert office.requests == []


def credit(model: str, gross: object, net: object) -> dict[str, Any]:
    return {"product": "Copilot", "sku": "Copilot AI Credit", "model": model, "unitType": "ai-credits",
            "pricePerUnit": 0.01, "grossQuantity": 1, "grossAmount": gross, "discountAmount": 1,
            "netAmount": net}  # fmt: skip


def test_copilot_is_asked_day_by_day_and_a_discount_may_be_above_the_gross_amount(office: Office) -> None:
    def answer(request: Request) -> Reply:
        day = int(request.query["day"])
        items = [credit("Auto: Claude Haiku 4.5", 0.3, -0.1), credit("Claude Haiku 4.5", 0.2, 0)] if day == 5 else []
        period = {name: int(value) for name, value in request.query.items()}
        return reply({"timePeriod": period, "organization": "my-org", "usageItems": items})

    told = office.told(answer, "copilot", "--org", "my-org")
    assert len(office.requests) == 31
    assert {one.path for one in office.requests} == {"/organizations/my-org/settings/billing/ai_credit/usage"}
    assert "user" not in office.requests[0].query
    (row,) = told["rows"]
    assert (row["model"], row["provider_list_cost"], row["billed"]) == (
        "Claude Haiku 4.5",
        "0.500000000",
        "-0.100000000",
    )
    assert sorted(row["names"]) == ["Auto: Claude Haiku 4.5", "Claude Haiku 4.5"]


@pytest.mark.parametrize("name", ["", "a/b", "../x", "a?b", "ü", "a b"])
def test_an_organization_that_is_none_is_not_asked_about(office: Office, name: str) -> None:
    code, _, err = office.run(always({}), "copilot", "--org", name)
    assert (code, office.requests) == (2, [])
    assert "--org" in err


def status(number: int, body: object = None, **headers: str) -> Answer:
    told = body if body is not None else {"error": {"message": f"Incorrect API key provided: {KEY}"}}
    return lambda request: reply(told, number, **headers)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (status(401), "does not accept the key"),
        (status(403), "does not let this key see bills"),
        (status(404), "no such bill"),
        (status(400, {"error": {"message": "not available to organizations with HIPAA readiness enabled"}}), "HIPAA"),
        (status(400), "does not understand"),
        (status(418), "HTTP 418"),
        (status(302, location="https://evil.example/"), "HTTP 302), which tokcost does not follow"),
        (status(301, location="/elsewhere"), "HTTP 301), which tokcost does not follow"),
        (status(429, retry_after="3600"), "requires a wait of 3,600 seconds"),
        (lambda request: Reply(b"<html>maintenance</html>"), "not JSON"),
        (lambda request: Reply(b'{"data": [{"cost"'), "not JSON"),
        (lambda request: Reply(b""), "not JSON"),
        (lambda request: Reply(b"[" * 100_000), "not JSON"),
        (lambda request: Reply(b'{"data": NaN}'), "not JSON"),
        (always([1]), "the answer is not an object"),
        (always({}), "data is not an array"),
        (always({"data": {}}), "data is not an array"),
        (always({"data": [1]}), "an element of data is not an object"),
        (always({"data": [{"cost": {}, "group": {}}]}), "US dollars"),
        (always({"data": [], "has_more": True, "next_page": None}), "does not name the next one"),
        (always({"data": [], "has_more": True, "next_page": 7}), "next_page is not a text"),
        (always({"data": [], "has_more": "yes"}), "has_more"),
        (always({"data": [], "has_more": True, "next_page": "p"}), "does not end"),
        (lambda request: Reply(b"x" * (17 << 20)), "more than 16 MiB"),
    ],
    ids=map(str, itertools.count()),
)  # fmt: skip
def test_what_a_provider_refuses_or_garbles_is_a_sentence_and_no_sum(
    office: Office, answer: Answer, words: str
) -> None:
    code, out, err = office.run(answer)
    assert (code, out) == (3, "")
    assert words in err
    assert "Incorrect" not in err


def broken_row(**cost: object) -> dict[str, Any]:
    row = anthropic_row("2026-10-05", "m", "1")
    return anthropic_page(row | {"cost": row["cost"] | cost})


@pytest.mark.parametrize(
    "cost",
    [{"amount": None}, {"amount": "x"}, {"amount": "NaN"}, {"amount": "Infinity"}, {"amount": True}, {"amount": [1]},
     {"list_amount": "1e999999"}, {"list_amount": "1_0"}, {"list_amount": "9" * 500}, {"amount": "١٢"},
     {"currency": "EUR"}, {"currency": 1}],
)  # fmt: skip
def test_an_amount_that_is_none_stops_the_comparison(office: Office, cost: dict[str, object]) -> None:
    code, out, err = office.run(always(broken_row(**cost)))
    assert (code, out) == (3, "")
    assert "amount" in err or "US dollars" in err or "currency" in err


def in_turn(*answers: Answer) -> Answer:
    left = list(answers)
    return lambda request: (left.pop(0) if len(left) > 1 else left[0])(request)


GOOD = always(anthropic_page(anthropic_row("2026-10-05", "claude-sonnet-4-5", "150")))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"])
def test_a_moment_that_is_in_no_year_in_utc_is_a_sentence_and_no_moment_of_a_refresh(
    office: Office, moment: str
) -> None:
    row = anthropic_row("2026-10-05", "claude-sonnet-4-5", "150")
    code, _, err = office.run(always({"data": [row | {"starting_at": moment}]}))
    assert (code, "starting_at is not a time" in " ".join(err.split())) == (3, True)
    code, out, _ = office.run(always({"data": [row], "data_refreshed_at": moment}), "anthropic", "--json")
    assert (code, moment[:4] in out) == (0, False)


def truncated(request: Request) -> Reply:
    return Reply(b'{"data": [', length=5000)


@pytest.mark.few
@pytest.mark.parametrize(
    "bad",
    [status(429, retry_after="0"), status(503, retry_after="0"), status(403, retry_after="0"), truncated],
    ids=["429", "503", "403 of GitHub", "cut off"],
)
def test_what_passes_by_is_tried_again(office: Office, bad: Answer) -> None:
    code, out, _ = office.run(in_turn(bad, GOOD), "anthropic", "--json")
    assert (code, len(office.requests)) == (0, 2)
    assert json.loads(out)["provider_list_cost"] == "1.500000000"


@pytest.mark.slow
def test_a_provider_that_asks_to_wait_is_waited_for(office: Office) -> None:
    began = time.monotonic()
    code, _, err = office.run(in_turn(status(429, retry_after="2"), GOOD))
    assert code == 0
    assert time.monotonic() - began >= 2
    assert "requires a wait of 2 seconds" in err


@pytest.mark.parametrize(
    ("bad", "words"),
    [(status(429, retry_after="0"), "too many requests"), (status(500, retry_after="0"), "has a problem")],
)
def test_what_does_not_pass_by_ends_after_some_tries(office: Office, bad: Answer, words: str) -> None:
    code, out, err = office.run(bad)
    assert (code, out) == (3, "")
    assert len(office.requests) == 5
    assert words in err


def test_pages_that_never_end_end(office: Office) -> None:
    numbers = iter(range(10_000))
    code, out, err = office.run(lambda request: reply(anthropic_page(next_page=f"p{next(numbers)}")))
    assert (code, out) == (3, "")
    assert "does not end" in err
    assert len(office.requests) <= 100


@pytest.mark.slow
@pytest.mark.parametrize("part", ["body", "headers"])
def test_an_answer_that_drips_is_given_up_and_its_connection_closed(office: Office, part: str) -> None:
    began, given_up = time.monotonic(), threading.Event()
    dripping = json.dumps(anthropic_page()).encode() + b" " * 1000
    told = (
        Reply(dripping, seconds_a_byte=0.5)
        if part == "body"
        else Reply(b"", drips_before=lambda: not given_up.is_set())
    )
    with BillServer(lambda request: told) as server:
        done = office.asked(server)
        assert time.monotonic() - began < 90
        given_up.set()
        assert server.hung_up.wait(60), "a connection that nobody uses is still open"
    assert (done.exit_code, done.stdout) == (3, "")
    assert "in time" in done.stderr


def test_a_server_that_is_not_there_is_a_sentence(office: Office) -> None:
    with BillServer(GOOD) as server:
        url = server.url
    done = piped(["reconcile", "anthropic", *MONTH], office.home, office.environ | {"TOKCOST_RECONCILE_URL": url})
    assert (done.returncode, done.stdout) == (3, "")
    assert "cannot be reached" in done.stderr


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1:1", "http://evil.example:80", "http://127.0.0.1", "http://127.0.0.1.evil.example:80", "ftp://::1",
     "http://user@127.0.0.1:80", "http://127.0.0.1:80/path", "http://10.0.0.1:80", "http://127.0.0.1:x", "x"],
)  # fmt: skip
def test_no_other_machine_can_be_asked_in_the_providers_place(office: Office, url: str) -> None:
    done = piped(["reconcile", "anthropic", *MONTH], office.home, office.environ | {"TOKCOST_RECONCILE_URL": url})
    assert (done.returncode, done.stdout) == (2, "")
    assert "only for tests" in done.stderr


def test_the_documented_host_is_asked_through_the_proxy_of_the_environment(office: Office) -> None:
    with BillServer(GOOD) as proxy:
        environ = office.environ | {"HTTPS_PROXY": proxy.url}
        for provider, host in (("anthropic", "api.anthropic.com"), ("openai", "api.openai.com")):
            done = piped(["reconcile", provider, *MONTH], office.home, environ)
            assert (done.returncode, done.stdout) == (3, "")
            assert "proxy" in done.stderr
            assert proxy.requests[-1].path == f"CONNECT {host}:443"
            assert KEY not in str(proxy.requests) + done.stderr


@pytest.mark.few
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("value", ["nonsense://x", "socks5://127.0.0.1:1"])
def test_a_proxy_that_cannot_be_used_is_a_sentence(office: Office, variable: str, value: str) -> None:
    done = piped(["reconcile", "anthropic", *MONTH], office.home, office.environ | {variable: value, "NO_PROXY": "x"})
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr
    assert "this is a bug" not in done.stderr


@pytest.mark.parametrize(
    "month", ["", "2026", "2026-13", "2026-1", "26-10", "2026-10-05", "٢٠٢٦-10", "2025-12", "9999-12"]
)
def test_a_month_that_no_bill_has_is_exit_2(office: Office, month: str) -> None:
    code, out, _ = office.run(GOOD, "anthropic", "--month", month)
    assert (code, out, office.requests) == (2, "", [])


@pytest.mark.parametrize(
    ("tolerance", "code"),
    [("2%", 1), ("9%", 1), ("11.1%", 1), ("11.2%", 0), ("50", 0), ("0.14USD", 1), ("$0.15", 0), ("0.15 USD", 0),
     ("x", 2), ("-1", 2), ("nan", 2), ("1e99", 2)],
)  # fmt: skip
def test_a_difference_above_the_tolerance_is_exit_1(office: Office, tolerance: str, code: int) -> None:
    office.spend()
    bill = always(anthropic_page(anthropic_row("2026-10-05", "claude-sonnet-4-5", "135")))
    assert office.run(bill, "anthropic", "--tolerance", tolerance)[0] == code


def test_a_bill_of_nothing_beside_usage_is_no_tolerance(office: Office) -> None:
    office.spend()
    assert office.run(always(anthropic_page()), "anthropic", "--tolerance", "50")[0] == 1


def test_the_parts_of_a_difference_add_up_to_it(office: Office) -> None:
    office.spend("claude-sonnet-4-5", NOON)
    office.spend("claude-sonnet-4-5", NOON + DAY)
    office.spend("claude-opus-4-5", NOON)
    rows = [
        anthropic_row("2026-10-05", "claude-sonnet-4-5", "100"),  # half a dollar is on the next day
        anthropic_row("2026-10-06", "claude-sonnet-4-5", "200.4"),
        anthropic_row("2026-10-09", "claude-sonnet-4-5", "77"),
        anthropic_row("2026-10-05", "claude-haiku-4-5", "33"),
        anthropic_row("2026-10-05", None, "11"),
    ]
    told = office.told(always(anthropic_page(*rows)))
    parts = causes(told)
    assert parts == {
        "beside_models": "0.110000000",
        "models_not_local": "0.330000000",
        "not_billed": "-2.500000000",
        "rounding": "0.004000000",
        "elsewhere": "0.770000000",
        "day_boundary": "0.000000000",
    }
    assert sum(round(float(part) * 1e9) for part in parts.values() if part) == round(float(told["difference"]) * 1e9)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
        ("claude-sonnet-4-5[1m]", "claude-sonnet-4-5"),
        ("claude-opus-4-5-thinking", "claude-opus-4-5"),
        ("claude-4.5-sonnet", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5", "Claude Sonnet 4.5"),
        ("claude-sonnet-4-5", "anthropic/claude-sonnet-4.5"),
    ],
)
def test_a_model_is_one_whatever_both_sides_call_it(office: Office, ours: str, theirs: str) -> None:
    office.spend(ours)
    told = office.told(always(anthropic_page(anthropic_row("2026-10-05", theirs, "100"))))
    (row,) = told["rows"]
    assert sorted(row["names"]) == sorted({ours, theirs})
    assert row["model"] == theirs


def test_models_that_differ_in_more_than_their_spelling_stay_apart(office: Office) -> None:
    office.spend("claude-sonnet-4-5")
    rows = [
        anthropic_row("2026-10-05", name, "100") for name in ("claude-sonnet-4", "claude-opus-4-5", "claude-sonnet-5")
    ]
    assert len(office.told(always(anthropic_page(*rows)))["rows"]) == 4


def test_usage_through_another_provider_is_not_on_this_bill(office: Office) -> None:
    office.spend("us.anthropic.claude-sonnet-4-5-20250929-v1:0")
    told = office.told(always(anthropic_page()))
    assert told["rows"] == []
    assert any("no usage of Anthropic" in note for note in told["notes"])


@pytest.mark.parametrize("moment", ["2026-10-05T02:00:00+02:00", "2026-10-05T00:00:00"])
def test_a_day_is_one_in_utc_on_both_sides(office: Office, moment: str) -> None:
    office.environ["TZ"] = "Pacific/Auckland"
    midnight = NOON - DAY // 2
    office.spend(time_ms=midnight)
    office.spend(time_ms=midnight - 1)
    office.spend(time_ms=int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000))
    row = anthropic_row("2026-10-05", "claude-sonnet-4-5", "150") | {"starting_at": moment}
    told = office.told(always(anthropic_page(row)))
    assert [(one["day"], one["list_cost"]) for one in told["rows"]] == [
        ("2026-10-04", "1.500000000"),
        ("2026-10-05", "1.500000000"),
    ]


def test_a_model_without_a_price_is_unpriced_and_never_zero(office: Office) -> None:
    office.spend("claude-mystery-9")
    told = office.told(always(anthropic_page(anthropic_row("2026-10-05", "claude-mystery-9", "10"))))
    assert (told["rows"][0]["list_cost"], told["rows"][0]["unpriced_tokens"]) == (None, 100_000)
    assert "unpriced" in causes(told)
    _, out, _ = office.run(always(anthropic_page(anthropic_row("2026-10-05", "claude-mystery-9", "10"))))
    assert "unpriced" in out.split("total")[0]


def test_the_rows_of_csv_add_up_to_the_totals(office: Office) -> None:
    office.spend()
    page = anthropic_page(
        anthropic_row("2026-10-05", "claude-sonnet-4-5", "1"), anthropic_row("2026-10-06", "=cmd()", "2")
    )
    code, out, _ = office.run(always(page), "anthropic", "--csv")
    rows = list(csv.DictReader(out.splitlines()))
    assert code == 0
    assert [row["provider_list_cost"] for row in rows] == ["0.010000000", "0.020000000"]
    assert rows[1]["model"] == "'=cmd()"
    assert (rows[0]["list_cost"], rows[1]["list_cost"]) == ("1.500000000", "")


def test_a_hostile_name_of_a_model_moves_no_cursor(office: Office) -> None:
    page = anthropic_page(anthropic_row("2026-10-05", "\x1b[2J\u202emodel" + "x" * 5000, "1"))
    for form in ([], ["--csv"], ["--json"]):
        code, out, _ = office.run(always(page), "anthropic", *form)
        assert code == 0
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert len(out) < 20_000


@pytest.mark.parametrize("words", [["--json", "--csv"], ["--bogus"]])
def test_a_command_line_that_makes_no_sense_asks_nobody(office: Office, words: list[str]) -> None:
    assert office.run(GOOD, "anthropic", *words)[0] == 2
    assert office.requests == []


@pytest.mark.parametrize("key", ["two words", "line\nend", "k\x00ey"[:1] + "\x07", "ключ"])
def test_a_variable_that_holds_no_key_is_not_sent(office: Office, key: str) -> None:
    office.environ["TOKCOST_ANTHROPIC_KEY"] = key
    code, _, err = office.run(GOOD)
    assert (code, office.requests) == (2, [])
    assert key not in err


def test_ctrl_c_ends_a_request_that_hangs(office: Office) -> None:
    reached = threading.Event()

    def hang(request: Request) -> Reply:
        reached.set()
        return Reply(b"{}", seconds_before=20)

    with BillServer(hang) as server:
        command = [
            sys.executable,
            "-P",
            "-c",
            "from tokcost.cli.start import main; main()",
            "reconcile",
            "anthropic",
            *MONTH,
        ]
        environ = office.environ | {"TOKCOST_RECONCILE_URL": server.url}
        done = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert reached.wait(20)
        done.send_signal(signal.SIGINT)
        _, err = done.communicate(timeout=10)
    assert (done.returncode, err) == (130, b"")


def untrusted_proxy(folder: Path) -> tuple[str, list[bytes]]:
    """A proxy that lets through to a server of its own, whose certificate nobody trusts; and what that server got."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate),
         "-days", "2", "-subj", "/CN=api.anthropic.com", "-addext", "subjectAltName=DNS:api.anthropic.com"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))
    received: list[bytes] = []

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            while b"\r\n\r\n" not in connection.recv(65536):
                pass
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    received.append(secure.recv(65536))
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", received


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_a_certificate_that_nobody_trusts_gets_no_key(office: Office) -> None:
    url, received = untrusted_proxy(office.home)
    done = piped(["reconcile", "anthropic", *MONTH], office.home, office.environ | {"HTTPS_PROXY": url})
    assert (done.returncode, done.stdout) == (3, "")
    assert "certificate of api.anthropic.com is not trusted" in done.stderr
    assert not any(KEY.encode() in data for data in received)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_not_there_are_a_sentence(office: Office, variable: str) -> None:
    environ = office.environ | {variable: str(office.home / "missing"), "HTTPS_PROXY": "http://127.0.0.1:1"}
    done = piped(["reconcile", "anthropic", *MONTH], office.home, environ)
    assert (done.returncode, done.stdout) == (3, "")
    assert "this is a bug" not in done.stderr
