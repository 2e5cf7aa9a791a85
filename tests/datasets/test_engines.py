"""The questions of a dataset on other engines: the same answers as from the embedded DuckDB, to the last digit."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shutil import which

import pytest
import sqlglot
from sqlglot import expressions

from support.organisation import environ_of, make_repository, team
from support.terminal import piped
from tokcost.datasets.engines import DIALECTS
from tokcost.services.collect import CollectOptions, collect

SIX = "abcdef"
PARSED_AS = {"pyspark": "spark"}


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two repositories, forks, three months, an unpriced claim and one that was raised."""
    folder = tmp_path_factory.mktemp("organisation")
    works = [*team(SIX, "2026-08-05", "api"), *team(SIX, "2026-09-05", "web", 5, "gpt-5.1-codex")]
    works += team("abcdefg", "2026-10-05", "Ünï 'code\"", 1)
    raised = [works[0]._replace(version=12, dollars=5), *works[1:6]]
    shop = make_repository(folder / "shop", [*works, works[0]._replace(dollars=None, id="zzzzzzzzzzzz")])
    fork = make_repository(folder / "fork", [*raised, *team("uvwxyz", "2026-10-06", "api", 20)])
    for months in ("2026-08", "2026-10"):
        collect([str(shop), str(fork)], CollectOptions(folder / "costs", folder / "cache", months), lambda *_: None)
    return folder / "costs"


def told(costs: Path, *more: str) -> dict[str, object]:
    """The report as JSON, without the name of the engine."""
    done = piped(["report", "--dataset", str(costs), "--json", *more], costs.parent, environ_of(costs.parent / "home"))
    assert (done.returncode, done.stderr if not more else "") == (0, ""), done.stderr
    found = json.loads(done.stdout)
    del found["engine"]
    return found


def checked(costs: Path, url: str) -> dict[str, object]:
    done = piped(["dataset", "check", str(costs), "--json", "--engine", url], costs.parent, environ_of(costs / ".."))
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


@pytest.mark.few
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_sql_for_every_dialect_is_understood_by_a_parser_of_it(dialect: str, tmp_path: Path) -> None:
    args = ["report", "--emit-sql", dialect, "--since", "2026-08", "--until", "2026-10"]
    done = piped(args, tmp_path, environ_of(tmp_path / "home"))
    assert done.returncode == 0, done.stderr
    parsed = [one for one in sqlglot.parse(done.stdout, read=PARSED_AS.get(dialect, dialect)) if one is not None]
    assert len(parsed) == 3
    for one in parsed:
        assert {table.name for table in one.find_all(expressions.Table)} == {"cells"}
        assert not list(one.find_all(expressions.Avg, expressions.Div))


@pytest.mark.slow
def test_ibis_on_duckdb_says_what_the_embedded_one_says(costs: Path) -> None:
    assert told(costs, "--engine", "duckdb") == told(costs)
    assert told(costs, "--engine", "duckdb", "--since", "2026-09") == told(costs, "--since", "2026-09")
    assert "duckdb" in str(checked(costs, "duckdb")["engine"])


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--emit-sql", "cobol"], "unknown dialect"),
        (["--engine", "oracle://x", "--dataset", "."], "is not a dataset"),
        (["--engine", "duckdb"], "--engine is for --dataset"),
        (["--emit-sql", "trino", "--by", "week"], "a dataset has no figures by week"),
    ],
)
def test_what_no_engine_can_answer_is_refused_with_a_reason(args: list[str], said: str, tmp_path: Path) -> None:
    done = piped(["report", *args], tmp_path, environ_of(tmp_path / "home"))
    assert done.returncode in (2, 3)
    assert said in done.stderr


def test_an_engine_that_cannot_be_reached_is_told_without_its_password(costs: Path) -> None:
    url = "postgres://me:hunter2@/costs?host=/nowhere"
    done = piped(["report", "--dataset", str(costs), "--engine", url], costs.parent, environ_of(costs.parent / "home"))
    assert done.returncode == 3
    assert "--engine postgres: the engine failed" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of Debian's PostgreSQL on a socket; it refuses to run as root."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not installed")
    folder = Path("/tmp") / f"tokcost-pg-{os.urandom(4).hex()}"  # the path of a socket must be short
    folder.mkdir(mode=0o700)
    as_other: list[str] = []
    if os.geteuid() == 0:
        subprocess.run(["chown", "postgres", str(folder)], check=True)
        as_other = ["runuser", "-u", "postgres", "--"]
    initdb, control = programs[-1] / "initdb", programs[-1] / "pg_ctl"
    command = [*as_other, str(initdb), "-D", f"{folder}/data", "-A", "trust", "-U", "tester", "--locale=C.UTF-8"]
    subprocess.run(command, check=True, capture_output=True, cwd="/")
    start = [*as_other, str(control), "-D", f"{folder}/data", "-l", f"{folder}/log", "-w"]
    subprocess.run([*start, "-o", f"-c listen_addresses='' -k {folder}", "start"], check=True, cwd="/",
                   stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        yield f"postgres://tester@/postgres?host={folder}"
    finally:
        subprocess.run([*start, "-m", "immediate", "stop"], check=False, cwd="/", capture_output=True)
        with suppress(OSError):
            subprocess.run(["rm", "-rf", str(folder)], check=False)


@pytest.mark.engines
def test_postgresql_says_what_duckdb_says_and_keeps_nothing(costs: Path, postgres: str) -> None:
    assert told(costs, "--engine", postgres) == told(costs)
    assert told(costs, "--engine", postgres, "--until", "2026-09") == told(costs, "--until", "2026-09")
    assert "postgres" in str(checked(costs, postgres)["engine"])
    import psycopg

    folder = postgres.partition("host=")[2]
    with psycopg.connect(host=folder, user="tester", dbname="postgres") as connection:
        asked = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'tokcost%'"
        assert connection.execute(asked).fetchone() == (0,)


@pytest.mark.engines
def test_spark_says_what_duckdb_says(costs: Path) -> None:
    if which("java") is None and not os.environ.get("CI"):
        pytest.skip("Java is not installed")
    assert told(costs, "--engine", "spark") == told(costs)
    assert "pyspark" in str(checked(costs, "spark")["engine"])
