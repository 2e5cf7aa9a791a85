"""How the ledger is asked: every function that asks it uses an index where a table grows with use."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import NamedTuple

import pytest

import tokcost.ledger
from support.ledger_calls import ask_everything
from tokcost.ledger.open import Ledger, open_ledger
from tokcost.ledger.snapshot import FILE

ROOM = tokcost.ledger.__name__


class Step(NamedTuple):
    """A step of a query plan that reads all of a table, with the function that asks."""

    function: str
    table: str
    sql: str


class Asked:
    """What was asked: the functions of the ledger that were at work, and the plans of their statements."""

    def __init__(self, ledger: Ledger) -> None:
        self._db = ledger.db
        self._said: list[tuple[str, str]] = []
        self.functions: set[str] = set()
        self.scans: list[Step] = []
        self.steps: list[tuple[str, str]] = []
        self.empty: set[str] = set()
        self.nullable: list[tuple[str, str, str]] = []

    @contextmanager
    def recorded(self) -> Iterator[None]:
        self._db.set_trace_callback(self._record)
        yield
        self._db.set_trace_callback(None)

    def _record(self, sql: str) -> None:
        """SQLite calls this while a function waits for its statement."""
        names, frame = [], inspect.currentframe()
        while frame is not None:
            module = frame.f_globals.get("__name__", "")
            names.append(f"{module.removeprefix(ROOM)[1:]}.{frame.f_code.co_qualname}")
            frame = frame.f_back
        names = [name for name in names if name in EVERY]
        self.functions.update(names)
        self._said.append((names[0] if names else "", sql.strip()))

    def finish(self) -> None:
        """Evaluate what was asked in a transaction, before it ends."""
        self.look()
        self.explain()

    def look(self) -> None:
        """Note which columns hold an empty text, and which may be NULL."""
        self._db.set_trace_callback(None)
        for table, sql in self._db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall():
            for _, column, kind, is_required, *_ in self._db.execute(f"PRAGMA table_info({table})").fetchall():
                if kind in ("TEXT", "BLOB") and table[0] != "_":
                    self.nullable += [] if is_required else [(table, column, sql)]
                    query = f"SELECT 1 FROM {table} WHERE {column} IN ('', x'') LIMIT 1"
                    self.empty |= {f"{table}.{column}"} if self._db.execute(query).fetchone() else set()

    def explain(self) -> None:
        """Have SQLite make the plans, with the temporary tables that each statement found."""
        self._db.set_trace_callback(None)
        for function, sql in self._said:
            made = re.match(r"(?:CREATE TEMP|DROP) TABLE (?:IF EXISTS )?(?:temp\.)?(\w+)(?: AS )?", sql)
            if made:
                self._db.execute(f"DROP TABLE IF EXISTS temp.{made[1]}")
            asks = sql[made.end() :] if made else sql
            if asks.split()[:1] and asks.split()[0] in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE"):
                for *_, step in self._db.execute(f"EXPLAIN QUERY PLAN {asks}").fetchall():
                    self._keep(function, asks, step)
            if made and sql.startswith("CREATE"):
                self._db.execute(sql)
        self._said.clear()
        self._db.set_trace_callback(self._record)

    def _keep(self, function: str, sql: str, step: str) -> None:
        self.steps.append((sql, step))
        found = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step)
        if found and found[2] not in OF_FEW:
            named = re.search(rf"\b(\w+) AS {found[1]}\b", sql)
            table = named[1] if named else found[1]
            # A new row makes SQLite look for rows that refer to it, only if some refer to nothing.
            if table in GROWING and not (sql.startswith("INSERT") and not re.search(rf"\b{table}(_row)?\b", sql)):
                self.scans.append(Step(function, table, sql))


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    home: Path = tmp_path_factory.mktemp("asked")
    with open_ledger(home) as ledger:
        found = Asked(ledger)
        with found.recorded():
            ask_everything(ledger, home, found.finish)
    return found


GROWING = ("usage", "session_copy", "session_total", "source", "session", "rollup", "claim", "carrier", "observation")
OF_FEW = ("usage_estimated", "source_problem")
"""Indexes of the few rows that a question is about, which may be read from one end to the other."""


def functions_that_ask() -> Iterator[str]:
    """Every public function and method of the room that is given a ledger."""
    for found in pkgutil.iter_modules(tokcost.ledger.__path__):
        module = importlib.import_module(f"{ROOM}.{found.name}")
        for name, one in vars(module).items():
            if name.startswith("_") or getattr(one, "__module__", "") != module.__name__:
                continue
            if inspect.isfunction(one) and is_given_a_ledger(one):
                yield f"{found.name}.{name}"
            elif inspect.isclass(one):
                is_made_with = isinstance(one.__init__, FunctionType) and is_given_a_ledger(one.__init__)
                yield from (
                    f"{found.name}.{name}.{method}"
                    for method, code in vars(one).items()
                    if inspect.isfunction(code) and not method.startswith("_")
                    if is_made_with or is_given_a_ledger(code)
                )


def is_given_a_ledger(code: FunctionType) -> bool:
    return any(one.annotation in (Ledger, "Ledger") for one in inspect.signature(code).parameters.values())


EVERY = frozenset(functions_that_ask())


def test_every_function_that_asks_the_ledger_is_asked_here(asked: Asked) -> None:
    assert len(EVERY) > 110
    assert EVERY - asked.functions == set(), "add a call to tests/support/ledger_calls.py"


READS_ALL = {
    "a purge reads everything once for each kind of row, in a command that says so (docs/decisions.md)": {
        *(f"purging.delete_chosen {table}" for table in ("carrier", "observation", "session", "session_total")),
        *("purging.delete_chosen source", "purging.delete_chosen usage"),
        *("purging.choose usage", "purging.branches_left_empty usage", "purging.forget_repositories observation"),
        *("purging.own_session_names session", "purging.record_chosen session_total"),
    },
    "only for a file of which a purge left nothing and that has changed since (docs/decisions.md)": {
        "sources.has_usage usage",
        "sources.delete_source usage",
    },
    "`tokcost doctor` checks the whole file": {
        *(f"query.file_problem {table}" for table in ("usage", "rollup", "claim", "carrier", "observation")),
        *(f"query.file_problem {table}" for table in ("session", "session_copy", "session_total", "source")),
        *("rollup.disagreements usage", "rollup.disagreements rollup"),
        *("query.copies session_copy", "query.evidence_counts rollup", "sources.files_read source"),
    },
    "the question is about all usage: `tokcost why` without a scope, `tokcost prices` when rates change": {
        "requests.requests usage",
        "prices.usage_to_price usage",
    },
    "the answer is one for each source or session": {
        *("requests.source_paths source", "sources.sizes_read source", "query.session_names session"),
    },
    "a sum has one row for each place, series and version of a claim, however much usage": {
        *("prices.models_used rollup", "prices.price_states rollup", "query.span rollup", "rollup.Room.require rollup"),
    },
}
"""Questions that read all of a table that grows, by the reason why they may."""


def test_a_table_that_grows_is_read_by_an_index_unless_there_is_a_reason(asked: Asked) -> None:
    scans = {f"{one.function} {one.table}" for one in asked.scans}
    allowed = set().union(*READS_ALL.values())
    assert [one for one in asked.scans if f"{one.function} {one.table}" not in allowed] == []
    assert allowed - scans == set(), "no longer needed"


def test_rows_that_refer_to_a_deleted_one_are_searched_for_as_well(asked: Asked) -> None:
    plans = [step for sql, step in asked.steps if sql.startswith("DELETE FROM place WHERE id")]
    assert [step for step in plans if "SEARCH usage USING" in step]


def test_sums_are_added_up_by_claim_or_from_what_is_pending(asked: Asked) -> None:
    # Never by all usage of a place.
    steps = [step for sql, step in asked.steps if sql.startswith("INSERT INTO rollup") and "SEARCH usage" in step]
    assert {name for step in steps for name in step.split() if name[:6] == "usage_"} == {"usage_claim", "usage_pending"}


def test_none_is_null_in_every_column_but_keys(asked: Asked) -> None:
    """After calls in which logs said nothing that they may leave out."""
    assert asked.empty == {"session.name", "directory.path"}


def test_a_column_that_may_be_null_refuses_an_empty_text(asked: Asked) -> None:
    refused = (r"CHECK \({} != x?''\)", r"CHECK \({} IN \(", r"\n  {} TEXT REFERENCES")
    assert len(asked.nullable) > 20
    assert [
        (table, column)
        for table, column, sql in asked.nullable
        if not any(re.search(pattern.format(column), sql) for pattern in refused)
    ] == []


def test_the_schema_says_what_each_table_and_column_is() -> None:
    """Beside the column, or above the table; a reference is explained by the table that it names."""
    script = FILE.read_text()
    tables = re.findall(r'((?:^--.*\n)*)^CREATE TABLE "?([a-z]\w*)"? \((.*\n(?:.*\n)*?)\) STRICT', script, re.M)
    assert len(tables) == 23
    missing = []
    for above, table, body in tables:
        said = set(re.findall(r"^--   (\w+):", above, re.M))
        missing += [] if f"-- {table}: " in above or body.startswith(" -- ") else [table]
        text = re.sub(r"\n    ", " ", body)
        for line in text.splitlines()[1:]:
            for name in re.findall(r"(?:^  |, )(\w+) (?:INTEGER|TEXT|BLOB)", line):
                if not (name == "id" or name in said or " -- " in line or "REFERENCES" in line):
                    missing.append(f"{table}.{name}")
    assert missing == []
