"""What is in exported files and where they go: nobody's name, no formula, no $0, and no file of somebody else gone."""

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exports.conftest import Work, table
from support.guesser import COST, TOKENS
from support.hooked import Hooked
from support.terminal import on_terminal
from tokcost.model.money import decimal_string

CLASSES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
EVERY = [
    ("usage", "--format", "csv"),
    ("usage", "--format", "jsonl"),
    ("usage", "--format", "parquet"),
    ("metrics", "--format", "openmetrics"),
    ("metrics", "--format", "otlp-json"),
    *(("focus", "--version", version, "--profile", profile, "--format", form)
      for version in ("1.4", "1.2") for profile in ("ledger", "history") for form in ("csv", "parquet")),
]  # fmt: skip


def written(work: Work, words: tuple[str, ...], folder: Path) -> list[bytes]:
    """The bytes of all files that a command writes."""
    more = () if "history" in words else ("--all-repos",)
    done = work.repo.tokcost("export", *words, *more, "-o", str(folder / "file"))
    assert done.returncode == 0, done
    return [path.read_bytes() for path in folder.iterdir()]


@pytest.mark.few
@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_no_file_says_who_where_or_in_which_session(work: Work, words: tuple[str, ...], tmp_path: Path) -> None:
    repo = work.repo
    fingerprint = str(repo.common_dir.stat().st_ino)
    secrets = ["CANARY", "session-1", "author@example.com", "A U Thor", "C O Mitter", str(repo.path), str(repo.home)]
    if "metrics" not in words:  # a count of tokens may have the same digits
        secrets.append(fingerprint)
    for data in written(work, words, tmp_path):
        assert data
        texts = [data] if b"PAR1" not in data[:4] else [json.dumps(read(data), default=str).encode()]
        assert [one for one in secrets if one.encode() in texts[0]] == []


def read(data: bytes) -> list[dict[str, Any]]:
    return parquet.read_table(BytesIO(data)).to_pylist()


@pytest.mark.few
@pytest.mark.parametrize("words", [one for one in EVERY if "history" in one], ids=" ".join)
def test_the_history_names_no_branch(work: Work, words: tuple[str, ...], tmp_path: Path) -> None:
    for data in written(work, words, tmp_path):
        assert b"feat" not in (json.dumps(read(data), default=str).encode() if data[:4] == b"PAR1" else data)


@pytest.mark.few
@pytest.mark.parametrize(
    "words",
    [pytest.param(one, marks=[] if "1.4" in one or one[0] != "focus" else pytest.mark.slow) for one in EVERY],
    ids=" ".join,
)
def test_the_same_ledger_gives_the_same_bytes(work: Work, words: tuple[str, ...], tmp_path: Path) -> None:
    found: list[bytes] = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        found += [data for data in written(work, words, tmp_path / name) if len(data)]
    half = len(found) // 2
    assert sorted(found[:half]) == sorted(found[half:])


def test_all_formats_of_usage_say_the_same(work: Work, tmp_path: Path) -> None:
    rows = table(work.export("usage", "--estimates"))
    lines = [json.loads(line) for line in work.export("usage", "--estimates", "--format", "jsonl").splitlines()]
    work.export("usage", "--estimates", "-o", str(tmp_path / "u.parquet"))
    columns = read((tmp_path / "u.parquet").read_bytes())
    assert len(rows) == len(lines) == len(columns) == 6
    for row, line, of_parquet in zip(rows, lines, columns, strict=True):
        nano = of_parquet.pop("list_cost_nano")
        assert (row["list_cost"] or None) == line["list_cost"] == (None if nano is None else decimal_string(nano))
        assert int(row["tokens"]) == line["tokens"] == of_parquet["tokens"]
        assert row["branch"].removeprefix("'") == line["branch"] == of_parquet["branch"]
        assert line["time"] == row["time"]
        assert of_parquet["time"].isoformat(timespec="milliseconds") == row["time"].replace("Z", "+00:00")


def test_usage_has_every_state_and_what_has_no_price_has_no_amount(work: Work) -> None:
    rows = table(work.export("usage", "--estimates"))
    assert [row["state"] for row in rows] == ["carried", "withheld", "pending", "pending", "pending", "unplaced"]
    (unpriced,) = [row for row in rows if row["model"] == "homegrown-7"]
    assert (unpriced["list_cost"], unpriced["price_state"]) == ("", "unpriced")
    assert int(unpriced["tokens"]) > 0
    assert [row["estimated_counts"] for row in rows].count("true") == 1


def test_a_branch_that_is_a_formula_is_none_in_csv(work: Work) -> None:
    assert {row["branch"] for row in table(work.export("usage"))} == {"main", "'=feat,x", ""}


@pytest.mark.few
@pytest.mark.parametrize("what", ["usage", "metrics", "focus"])
def test_estimated_counts_are_exported_only_when_asked_for(work: Work, what: str, tmp_path: Path) -> None:
    more = ("--unpriced", str(tmp_path / "u")) if what == "focus" else ()
    done = work.repo.tokcost("export", what, *more)
    assert f"1 response with {TOKENS:,} tokens left out: no provider reported the counts" in done.stderr
    assert "guesser" not in done.stdout
    asked = work.repo.tokcost("export", what, *more, "--estimates")
    assert "left out" not in asked.stderr
    assert "guesser" in asked.stdout
    if what == "focus":
        rows = [row for row in table(asked.stdout) if row["x_EstimatedCounts"] == "true"]
        assert sum(Decimal(row["ListCost"]) for row in rows) == Decimal(COST) / 10**9


def test_usage_without_a_price_is_in_a_file_beside_and_never_a_charge_of_nothing(work: Work, tmp_path: Path) -> None:
    path = tmp_path / "focus.csv"
    done = work.repo.tokcost("export", "focus", "-o", str(path))
    beside = tmp_path / "focus.unpriced.csv"
    (row,) = table(beside.read_text())
    tokens = int(row["x_ConsumedTokens"])
    assert (row["x_Model"], row["x_PriceState"], row["x_Responses"]) == ("homegrown-7", "unpriced", "1")
    parts = ("Input", "CacheRead", "CacheWrite5m", "CacheWrite1h", "Output")
    assert sum(int(row[f"x_{one}Tokens"]) for one in parts) == tokens > 0
    assert f"{tokens:,} tokens have no known price and are in no charge: they are in {beside}" in done.stderr
    assert "homegrown-7" not in path.read_text()
    assert [one for one in table(path.read_text()) if Decimal(one["ListCost"]) == 0] == []


def test_where_there_is_no_place_for_usage_without_a_price_the_exit_code_says_so(work: Work, tmp_path: Path) -> None:
    done = work.repo.tokcost("export", "focus")
    assert done.returncode == 1
    assert "tokens have no known price and are in no charge" in done.stderr
    assert "--unpriced FILE" in done.stderr
    assert work.repo.tokcost("export", "focus", "--branch", "main").returncode == 0
    assert work.repo.tokcost("export", "focus", "--unpriced", str(tmp_path / "x.parquet")).returncode == 0
    assert read((tmp_path / "x.parquet").read_bytes())[0]["x_Model"] == "homegrown-7"


def test_a_file_that_the_user_did_not_name_is_replaced_only_where_it_is_ours(work: Work, tmp_path: Path) -> None:
    path, beside = tmp_path / "focus.csv", tmp_path / "focus.unpriced.csv"
    beside.write_text("my notes\n")
    done = work.repo.tokcost("export", "focus", "-o", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "already exists and is not a file of this kind" in done.stderr
    assert beside.read_text() == "my notes\n"
    assert not path.exists()
    beside.unlink()
    work.export("focus", "-o", str(path))
    assert "homegrown-7" in beside.read_text()
    work.export("focus", "--branch", "main", "-o", str(path))
    assert table(beside.read_text()) == []


def test_a_named_file_is_replaced_whole_and_keeps_its_mode_and_its_link(work: Work, tmp_path: Path) -> None:
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    work.export("usage", "-o", str(target))
    assert target.stat().st_mode & 0o777 == 0o600
    target.write_text("old\n")
    target.chmod(0o640)
    link.symlink_to(target)
    work.export("usage", "-o", str(link))
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert target.read_text() == work.export("usage")
    assert [one.name for one in tmp_path.iterdir() if one.name not in ("target.csv", "link.csv")] == []


def test_a_history_is_readable_by_others_and_a_ledger_is_not(work: Work, tmp_path: Path) -> None:
    for profile, mode in (("ledger", 0o600), ("history", 0o644)):
        work.export("focus", "--profile", profile, "-o", str(tmp_path / profile))
        assert (tmp_path / profile).stat().st_mode & 0o777 == mode


@pytest.mark.few
@pytest.mark.parametrize("where", ["/dev/full", "", "gone/x.csv"])
def test_a_place_that_takes_no_file_is_told_in_one_sentence(work: Work, where: str, tmp_path: Path) -> None:
    done = work.repo.tokcost("export", "usage", "-o", where if where.startswith("/") else str(tmp_path / where))
    assert (done.returncode, done.stdout) == (3, "")
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_device_is_written_to_and_not_replaced(work: Work) -> None:
    assert "claude-code" in work.repo.tokcost("export", "usage", "-o", "/dev/stdout").stdout
    work.export("usage", "-o", os.devnull)
    assert not Path(os.devnull).is_file()


def test_parquet_is_not_written_to_a_terminal(work: Work) -> None:
    environ = work.repo.environ | {"PATH": os.environ["PATH"]}
    assert "this format is binary" in on_terminal(["export", "usage", "--format", "parquet"], work.repo.path, environ)


@pytest.mark.few
@pytest.mark.parametrize(
    ("words", "because"),
    [
        (("usage", "--repository", ".", "--all-repos"), "cannot be used together"),
        (("usage", "--since", "2026-02-02", "--until", "2026-02-01"), "is not before"),
        (("focus", "v1..v2"), "RANGE is for --profile history"),
        (("focus", "--all"), "--all is for --profile history"),
        (("focus", "-o", "x.jsonl"), "FOCUS files are csv or parquet"),
        (("focus", "--profile", "history", "--branch", "main"), "--branch is for --profile ledger"),
        (("focus", "--profile", "history", "--all", "main"), "RANGE and --all cannot be used together"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(work: Work, words: tuple[str, ...], because: str) -> None:
    done = work.repo.tokcost("export", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert because in done.stderr


def test_another_repository_is_exported_by_its_folder(work: Work, tmp_path: Path) -> None:
    expected = work.export("usage")
    done = work.repo.tokcost("export", "usage", "--repository", str(work.repo.path), cwd=tmp_path)
    assert done.stdout == expected
    done = work.repo.tokcost("export", "usage", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "--repository" in done.stderr


def test_a_repository_that_is_gone_and_one_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    one, other = (Hooked(tmp_path / name, rooted=True, forks=True) for name in ("one", "other"))
    other.home, other.ledger_home = one.home, one.ledger_home
    one.spend()
    other.spend(number=7)
    one.tokcost("log")
    shutil.rmtree(other.path)
    rows = table(one.tokcost("export", "usage", "--all-repos").stdout)
    assert sorted(row["repository"] for row in rows) == ["repo", "repo (2)"]
    (row,) = table(one.tokcost("export", "usage", "--repository", str(other.path), cwd=tmp_path).stdout)
    assert row["repository"] == "repo (2)"
    done = one.tokcost("export", "usage", "--repository", str(tmp_path / "never"))
    assert (done.returncode, done.stdout) == (3, "")


def test_openmetrics_is_read_by_its_own_parser(work: Work) -> None:
    log = json.loads(work.repo.tokcost("log", "--json").stdout)["totals"]
    found = {one.name: one for one in text_string_to_metric_families(work.export("metrics", "--estimates"))}
    assert set(found) == {
        "tokcost_usage_tokens",
        "tokcost_list_cost_usd",
        "tokcost_unpriced_tokens",
        "tokcost_responses",
    }
    assert {one.type for one in found.values()} == {"counter"}
    cost = sum(Decimal(str(sample.value)) for sample in found["tokcost_list_cost_usd"].samples)
    assert cost == Decimal(log["list_cost"])
    tokens = sum(sample.value for sample in found["tokcost_usage_tokens"].samples)
    assert tokens == sum(log["tokens"][name] for name in CLASSES)
    assert {sample.labels["branch"] for sample in found["tokcost_responses"].samples} == {"main", "=feat,x", ""}
    assert "homegrown-7" not in {one.labels["model"] for one in found["tokcost_list_cost_usd"].samples}
    (unpriced,) = found["tokcost_unpriced_tokens"].samples
    assert unpriced.labels["model"] == "homegrown-7"


def test_otlp_is_read_by_the_messages_of_opentelemetry(work: Work) -> None:
    log = json.loads(work.repo.tokcost("log", "--json").stdout)["totals"]
    request = Parse(work.export("metrics", "--format", "otlp-json", "--estimates"), ExportMetricsServiceRequest())
    (scope,) = request.resource_metrics[0].scope_metrics
    found = {one.name: one.sum for one in scope.metrics}
    assert all(one.is_monotonic and one.aggregation_temporality == 2 for one in found.values())
    nano = sum(point.as_int for point in found["tokcost.list_cost"].data_points)
    assert decimal_string(nano) == log["list_cost"]
    point = found["tokcost.responses"].data_points[0]
    assert 0 < point.start_time_unix_nano < point.time_unix_nano
    assert sum(one.as_int for one in found["tokcost.responses"].data_points) == log["usage"]


def test_before_anything_was_used_the_files_have_no_rows(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, rooted=True, forks=True)
    for words in (("usage",), ("focus",), ("focus", "--profile", "history"), ("metrics",)):
        done = repo.tokcost("export", *words)
        assert done.returncode == 0, done
        assert len([line for line in done.stdout.splitlines() if not line.startswith("#")]) <= 1


def test_without_pyarrow_one_sentence_says_what_to_install(work: Work, tmp_path: Path) -> None:
    code = "import sys; sys.modules['pyarrow'] = None; from tokcost.cli.start import main; main()"
    path = tmp_path / "u.parquet"
    for words in (["usage"], ["focus"], ["focus", "--profile", "history"]):
        done = subprocess.run(
            [sys.executable, "-P", "-c", code, "export", *words, "-o", str(path)],
            cwd=work.repo.path,
            env=work.repo.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (3, "")
        assert "Parquet needs pyarrow" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_names_that_are_no_utf8_or_move_a_cursor_are_escaped_in_every_format(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, rooted=True, forks=True)
    repo.switch("-c", "caf\u202e\u00e9")
    repo.spend(model="claude-opus-4-5\x1b[2J")
    for words in EVERY:
        if "history" not in words:
            (folder := tmp_path / "-".join(words)).mkdir()
            done = repo.tokcost("export", *words, "-o", str(folder / "file"))
            assert done.returncode == 0, done
            for path in folder.iterdir():
                data = path.read_bytes()
                text = json.dumps(read(data), default=str, ensure_ascii=False) if data[:4] == b"PAR1" else data.decode()
                assert not {"\x1b", "\u202e"} & set(text)
                assert "u202e" in text
