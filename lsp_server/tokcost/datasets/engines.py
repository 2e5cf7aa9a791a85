"""An organisation's own engines: a dataset's rows are loaded for one session, and queried by Ibis.

DuckDB, PostgreSQL and Spark are tested with the real ones. Users query other engines themselves: `sql_for` writes the
queries in their dialect.
"""

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tokcost.datasets.checks import ClaimSum
from tokcost.datasets.columns import CELLS, CLAIMS, month_of
from tokcost.datasets.expressions import grouped_cells, summed_claims
from tokcost.datasets.folder import read_files
from tokcost.errors import EnvironmentProblem, UsageError
from tokcost.files.parquet import Column
from tokcost.installation import installation
from tokcost.model.changes import Grouping
from tokcost.model.dataset import CELL_GROUPINGS, Bounds, CellGroup

NEEDED = ("ibis-framework[duckdb,postgres]>=12,<13", "sqlglot<30.11")
DIALECTS = (
    *("bigquery", "clickhouse", "databricks", "duckdb", "mysql", "postgres", "pyspark", "snowflake", "sqlite"),
    "trino",
)
_IBIS = {"text": "string", "integer": "int64", "date": "date", "truth": "boolean"}
_SCHEMES = {"duckdb": "duckdb", "postgres": "postgres", "postgresql": "postgres", "spark": "pyspark"}
# Spark otherwise listens where other machines reach it, and serves a page about its queries there.
_SPARK = {
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


def check_available() -> None:
    """Raise `EnvironmentProblem` if Ibis is not installed."""
    from importlib.util import find_spec

    if find_spec("ibis") is None:
        raise EnvironmentProblem(
            "--engine and --emit-sql need Ibis, which is not installed", f"Run `{installation().adding(NEEDED)}`."
        )


def check_engine(url: str) -> None:
    """Raise `UsageError` for an unknown engine."""
    if _scheme(url) not in _SCHEMES:
        raise UsageError(
            f"--engine {url.partition('://')[0]}: unknown engine",
            "For example duckdb, postgres://user@host/database, or spark. --emit-sql writes SQL for others.",
        )


@contextmanager
def connected(url: str) -> Generator["Engine"]:
    """An engine. Raises `UsageError`, `EnvironmentProblem`, which quotes the engine's message without passwords."""
    check_available()
    check_engine(url)
    backend: Any = None
    try:
        session = _spark_session(url) if _SCHEMES[_scheme(url)] == "pyspark" else None
        backend = _connect(url, session)
        yield Engine(backend, session)
    except (UsageError, EnvironmentProblem):
        raise
    except Exception as error:  # each engine and each driver has errors of its own
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        # Drivers quote the whole address in some of their messages.
        password = urlsplit(url).password
        said = said.replace(unquote(password), "…") if password else said
        raise EnvironmentProblem(
            f"--engine {_scheme(url)}: the engine failed: {said}",
            "Check its address and that it runs; without --engine, DuckDB answers in this process.",
        ) from error
    finally:
        if backend is not None:
            with suppress(Exception):
                backend.disconnect()


class Engine:
    """A connection to one engine."""

    def __init__(self, backend: Any, session: Any) -> None:
        self._backend = backend
        self._session = session
        """The session of Spark; `None` for other engines."""

    @property
    def version(self) -> str:
        """The name of the engine and its version."""
        return f"{self._backend.name} {self._backend.version} by Ibis"

    def groups(self, files: Sequence[str], bounds: Bounds) -> dict[Grouping, list[CellGroup]]:
        """Sums of the cells in some files, by all their groupings."""
        with self._loaded(files, CELLS) as table:
            return {by: self._groups(table, by, bounds) for by in CELL_GROUPINGS}

    def sums(self, folder: Path) -> list[ClaimSum]:
        """Sums of the newest claims of a dataset."""
        with self._loaded(read_files(folder, "claims").counted, CLAIMS) as table:
            rows = self._rows(summed_claims(table), ("month", "area", "model", "list_cost", "tokens", "claims"))
        return [ClaimSum(month_of(day), area, model, _int(cost), int(tokens), int(claims)) for
                day, area, model, cost, tokens, claims in rows]  # fmt: skip

    def _groups(self, table: Any, by: Grouping, bounds: Bounds) -> list[CellGroup]:
        names = (by, "list_cost", "tokens", "claims", "unpriced", "exact")
        rows = self._rows(grouped_cells(table, by, bounds), names)
        return [
            CellGroup(
                month_of(name) if by == "month" else name, int(cost), int(tokens), int(claims), bool(more), bool(exact)
            )
            for name, cost, tokens, claims, more, exact in rows
        ]

    def _rows(self, expression: Any, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """The rows of an Arrow result: pandas would turn integers into floating-point numbers."""
        table = self._backend.to_pyarrow(expression)
        return list(zip(*(table.column(name).to_pylist() for name in names), strict=True))

    @contextmanager
    def _loaded(self, files: Sequence[str], columns: Sequence[Column]) -> Generator[Any]:
        """The rows of files as a private table that exists as long as the session."""
        name = f"tokcost_{os.urandom(6).hex()}"
        if self._session is not None:
            yield self._of_spark(files, columns)
            return
        if self._backend.name == "postgres":
            yield self._copied(name, files, columns)
            return
        rows: Any = self._backend.create_table(name, _arrow(files, columns), schema=_schema(columns), temp=True)
        yield rows

    def _copied(self, name: str, files: Sequence[str], columns: Sequence[Column]) -> Any:
        """Load rows by PostgreSQL's COPY, which is twenty times as fast as Ibis's inserts."""
        table = self._backend.create_table(name, schema=_schema(columns), temp=True)
        connection = self._backend.con
        with connection.cursor() as cursor:
            with cursor.copy(f'COPY "{name}" FROM STDIN') as copy:
                for row in _rows(files, columns):
                    copy.write_row(row)
            # PostgreSQL's autovacuum never analyzes a temporary table
            # (postgresql.org/docs/current/routine-vacuuming.html).
            cursor.execute(f'ANALYZE "{name}"')
        connection.commit()
        return table

    def _of_spark(self, files: Sequence[str], columns: Sequence[Column]) -> Any:
        """Load rows by Spark, which reads the files itself, in parallel."""
        ibis: Any = import_module("ibis")
        if not files:
            return ibis.memtable(_arrow(files, columns), schema=_schema(columns))
        name = f"tokcost_{os.urandom(6).hex()}"
        self._session.read.parquet(*files).createTempView(name)
        return self._backend.table(name)


def sql_for(dialect: str, bounds: Bounds, by: Sequence[Grouping] = CELL_GROUPINGS) -> str:
    """The queries of the report in the dialect of an engine whose table `cells` has the rows of a dataset. Raises
    `UsageError`, `EnvironmentProblem`."""
    check_available()
    name = {"postgresql": "postgres", "spark": "pyspark"}.get(dialect.lower(), dialect.lower())
    if name not in DIALECTS:
        raise UsageError(f"--emit-sql {dialect}: unknown dialect", f"The dialects are {', '.join(DIALECTS)}.")
    ibis: Any = import_module("ibis")
    cells = ibis.table(_schema(CELLS), name="cells")
    parts = [f"-- by {one}\n{ibis.to_sql(grouped_cells(cells, one, bounds), dialect=name)};" for one in by]
    return "\n\n".join(parts) + "\n"


def _scheme(url: str) -> str:
    return url.partition(":")[0].lower()


def _connect(url: str, session: Any) -> Any:
    ibis: Any = import_module("ibis")
    match _SCHEMES[_scheme(url)]:
        case "duckdb":
            # As in duck.py: nothing is fetched.
            off = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
            return ibis.duckdb.connect(":memory:", **off)
        case "postgres":
            return ibis.postgres.connect(**_postgres(url))
        case _:
            return ibis.pyspark.connect(session)


def _postgres(url: str) -> dict[str, Any]:
    """The parts of an address; a folder as `host` is that of a socket: `postgres:///costs?host=/run/postgresql`."""
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    host = asked.pop("host", parts.hostname)
    found = {"host": host, "port": parts.port, "user": parts.username, "password": parts.password}
    found["database"] = unquote(parts.path.lstrip("/")) or None
    given = {name: unquote(value) if isinstance(value, str) else value for name, value in found.items() if value}
    return given | asked


def _spark_session(url: str) -> Any:
    """`spark` on this machine, `spark://host:7077` on a cluster; `SPARK_LOCAL_IP` decides where it listens."""
    try:
        sql: Any = import_module("pyspark.sql")
    except ImportError as error:
        raise EnvironmentProblem(
            "--engine spark needs PySpark and Java: pip install 'ibis-framework[pyspark]'",
            f"Here: {installation().adding(['pyspark>=3.5,<4.1'])}",
        ) from error
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = sql.SparkSession.builder.appName("tokcost").master(url if "://" in url else "local[*]")
    # The executors of a cluster have to reach the driver, which loopback would prevent.
    for name, value in _SPARK.items() if "://" not in url else ():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _arrow(files: Sequence[str], columns: Sequence[Column]) -> Any:
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    types = {"text": arrow.string(), "integer": arrow.int64(), "date": arrow.date32(), "truth": arrow.bool_()}
    schema = arrow.schema([arrow.field(one.name, types[one.kind]) for one in columns])
    tables = [parquet.read_table(path, columns=schema.names).cast(schema) for path in files]
    return arrow.concat_tables(tables) if tables else schema.empty_table()


def _rows(files: Sequence[str], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    """The rows of some files, of which only a portion is in memory."""
    parquet: Any = import_module("pyarrow.parquet")
    for path in files:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=[one.name for one in columns]):
                yield from zip(*(batch.column(one.name).to_pylist() for one in columns), strict=True)


def _schema(columns: Sequence[Column]) -> Any:
    ibis: Any = import_module("ibis")
    return ibis.schema({one.name: _IBIS[one.kind] for one in columns})


def _int(value: Any) -> int | None:
    return None if value is None else int(value)
