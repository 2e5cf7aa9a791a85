"""The readers on the page on readers work as they stand there, with the data shown beside them."""

import ast
import re
import sqlite3
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.git_sandbox import GitSandbox
from tokcost.model.figures import Summary
from tokcost.model.usage import Tokens
from tokcost.readers import registry
from tokcost.readers.registry import broken_readers, readers
from tokcost.services.refresh import refresh
from tokcost.services.summarise import LogOptions, summarise

PAGE = (Path(__file__).parent.parent.parent / "docs/readers.md").read_text(encoding="utf-8")
NAMES = ["alpha", "beta", "gamma"]
CODE = dict(zip(NAMES, re.findall(r"```python\n(\"\"\".*?)```", PAGE, re.DOTALL), strict=True))
(WRAPPED,) = re.findall(r"```python\n(    def .*?)```", PAGE, re.DOTALL)
JSON = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
(SQL,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
(PROJECT,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
MOST_LINES = 60


class Machine:
    """A home with the logs of the page, a repository where it says, and a ledger."""

    def __init__(self, path: Path) -> None:
        self.home, self.ledger = path / "home", path / "ledger"
        self.git = GitSandbox(path / "shop")
        self.git.commit()
        self.write(".alpha/sessions/s1.jsonl", JSON[0])
        self.write(".beta/threads/t1.json", JSON[1])
        self.store = self.home / ".gamma/gamma.db"
        self.run(SQL)

    def write(self, name: str, text: str) -> Path:
        """A file below the home folder, its paths rewritten."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.here(text))
        return path

    def here(self, text: str) -> str:
        """The repository's path instead of that on the page."""
        return text.replace("/home/dev/shop", str(self.git.path))

    def run(self, script: str) -> None:
        """Run SQL in the store."""
        self.store.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.store)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(self.here(script))

    def log(self) -> Summary:
        """Import and summarise."""
        report = refresh(self.ledger, {"HOME": str(self.home)})
        assert report.notes == []
        (summary,) = summarise(self.ledger, self.git.path, LogOptions())
        assert summary.conservation.closes
        return summary

    def tokens(self) -> dict[str, Tokens]:
        """What each assistant spent on `main`, where everything was."""
        (row,) = self.log().branches
        assert row.branch == "main"
        return {name: figures.tokens for name, figures in row.split.assistants.items()}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    packages = tmp_path / "site-packages"
    for name, code in CODE.items():
        info = packages / f"tokcost_{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (packages / f"{name}_reader.py").write_text(code)
        (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{name} = {target(name)}\n")
    monkeypatch.syspath_prepend(str(packages))
    registry.forget()
    yield Machine(tmp_path)
    for name in NAMES:
        sys.modules.pop(f"{name}_reader", None)
    registry.forget()


def target(name: str) -> str:
    return f"{name}_reader:{name.capitalize()}Reader"


TRUTH = {
    "alpha": Tokens(input=150, cache_read=4500, output=370),
    "beta": Tokens(input=300, cache_read=1200, output=550, reasoning=150),
    "gamma": Tokens(input=15, cache_read=8600, cache_write_5m=600, output=340),
}


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_one_short_file_that_says_what_it_is(name: str) -> None:
    assert len(CODE[name].splitlines()) <= MOST_LINES
    assert ast.get_docstring(ast.parse(CODE[name]))


def test_the_page_registers_a_reader_as_the_registry_looks_for_it() -> None:
    assert tomllib.loads(PROJECT)["project"]["entry-points"] == {registry.GROUP: {"alpha": target("alpha")}}


def test_the_examples_are_readers(machine: Machine) -> None:
    assert broken_readers() == []
    assert {one.name for one in readers()[-3:]} == set(NAMES)
    assert all(one.capabilities.versions for one in readers())
    assert machine.home.is_dir()


def test_the_data_on_the_page_is_imported_to_the_last_token(machine: Machine) -> None:
    assert machine.tokens() == TRUTH
    assert machine.tokens() == TRUTH


def test_what_is_added_is_found_at_the_second_look(machine: Machine) -> None:
    assert machine.tokens() == TRUTH
    more = JSON[0].splitlines()[-1].replace('"r2"', '"r3"')
    with (machine.home / ".alpha/sessions/s1.jsonl").open("a") as stream:
        stream.write(f"{more}\n")
    machine.write(".beta/threads/t1.json", JSON[1].replace('"completion": 400', '"completion": 450'))
    machine.run("INSERT INTO call VALUES (3, 'g1', 1790000052000, 1790000050000, 'claude-opus-4-5', 1, 2, 3, 4)")
    assert machine.tokens() == {
        "alpha": Tokens(input=200, cache_read=7000, output=440),
        "beta": Tokens(input=300, cache_read=1200, output=600, reasoning=150),
        "gamma": Tokens(input=16, cache_read=8602, cache_write_5m=603, output=344),
    }


def test_damage_beside_the_data_loses_nothing(machine: Machine) -> None:
    with (machine.home / ".alpha/sessions/s1.jsonl").open("a") as stream:
        stream.write('{"type": "reply", "usage": {"input": "many"}}\n{"usage"\n')
    machine.write(".beta/threads/t2.json", '{"messages": [{"role"')
    machine.run("INSERT INTO call VALUES (3, 'g1', 1790000042000, NULL, NULL, 'x', 2, 3, 4)")
    assert machine.tokens() == TRUTH
    machine.run("INSERT INTO call VALUES (4, 'g1', 1790000042000, 1790000050000, 'claude-opus-4-5', 0, 0, 0, 1)")
    assert machine.tokens()["gamma"] == Tokens(input=15, cache_read=8600, cache_write_5m=600, output=341)
    assert machine.log().skipped.records == {
        "alpha: damaged record": 2,
        "beta: damaged document": 1,
        "gamma: record with impossible values": 1,
    }


def test_a_response_that_still_streams_is_counted_when_it_is_whole(machine: Machine) -> None:
    machine.run("INSERT INTO call VALUES (3, 'g1', 1790000052000, 1790000050000, 'claude-opus-4-5', 1, 2, 3, 0)")
    assert machine.tokens() == TRUTH
    machine.run("UPDATE call SET output = 4, changed = 1790000053000 WHERE id = 3")
    assert machine.tokens()["gamma"] == Tokens(input=16, cache_read=8602, cache_write_5m=603, output=344)


def test_a_row_with_the_id_of_a_deleted_one_counts_beside_it(machine: Machine) -> None:
    assert machine.tokens() == TRUTH
    machine.run("DELETE FROM call WHERE id = 2")
    machine.run("INSERT INTO call VALUES (2, 'g1', 1790000052000, 1790000050000, 'claude-opus-4-5', 1, 2, 3, 4)")
    assert machine.tokens()["gamma"] == Tokens(input=16, cache_read=8602, cache_write_5m=603, output=344)


def names_on_the_page(table: str) -> set[str]:
    """The first column of the table below a heading line."""
    rows = PAGE.partition(table)[2].partition("\n\n")[2].partition("\n\n")[0]
    return set(re.findall(r"^\| `(\w+)`", rows, re.MULTILINE))


def test_the_page_explains_every_field_of_a_batch(machine: Machine) -> None:
    from tokcost.model.logs import Batch

    fields: Any = Batch._fields
    assert names_on_the_page("The fields of a `Batch`:") == set(fields)
    assert machine.home.is_dir()


def test_a_wrapped_read_tells_what_the_path_alone_says(machine: Machine) -> None:
    machine.write(".alpha/sessions/agents/s2.jsonl", JSON[0].replace('"id": "r', '"id": "a'))
    code = CODE["alpha"].replace("Mapping, Sequence", "Iterator, Mapping, Sequence")
    code = code.replace("import Capabilities,", "import Batch, Capabilities, Source,") + "\n" + WRAPPED
    module: dict[str, Any] = {}
    exec(compile(code, "alpha", "exec"), module)
    reader = module["AlphaReader"]()
    (location,) = reader.locations({"HOME": str(machine.home)})
    batches = [batch for source in reader.discover(location) for batch in reader.read(source, None)]
    assert {one.key: one.subagent for batch in batches for one in batch.usage} == {
        "alpha:r1": False,
        "alpha:r2": False,
        "alpha:a1": True,
        "alpha:a2": True,
    }
