"""One log line stops nothing: it is within bounds or counted as damaged, and a file that cannot be read is named while
all others are read."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zstandard

from support.claude_lines import append, assistant, cost_state, counts, encode, iso, write
from support.opencode_store import StoreOf, message
from support.tables import few
from tokcost.ledger.open import open_ledger
from tokcost.ledger.query import span
from tokcost.ledger.rollup import disagreements
from tokcost.ledger.sources import problems, tallies
from tokcost.model.logs import Source
from tokcost.readers import registry
from tokcost.readers.sources import files, new_lines
from tokcost.services import doctor
from tokcost.services.refresh import ImportReport, refresh
from tokcost.services.try_reader import try_reader
from tokcost.usage import change_detection, read

T0 = 1_790_000_000_000


class Home:
    """A home with one good transcript and what a test puts beside it, and a ledger."""

    def __init__(self, path: Path) -> None:
        self.path, self.ledger = path / "home", path / "ledger"
        self.projects = self.path / ".claude/projects"
        self.sessions = self.path / ".codex/sessions"
        write(self.projects / "p/good.jsonl", assistant("msg_good", "req_good", T0))

    def refresh(self) -> ImportReport:
        """Import; whatever the logs say, every kept sum agrees with its rows."""
        report = refresh(self.ledger, {"HOME": str(self.path)})
        with open_ledger(self.ledger) as ledger:
            assert disagreements(ledger) == []
        return report

    @property
    def usage(self) -> int:
        with open_ledger(self.ledger) as ledger:
            return span(ledger)[0]

    @property
    def skipped(self) -> int:
        with open_ledger(self.ledger) as ledger:
            return sum(tallies(ledger, "skipped").values())

    @property
    def problems(self) -> dict[str, str]:
        with open_ledger(self.ledger) as ledger:
            return {Path(path).name: problem for path, problem in problems(ledger)}

    def doctor(self) -> list[str]:
        """What `tokcost doctor` finds wrong in the logs."""
        found = doctor.diagnose(self.ledger, {"HOME": str(self.path)}, self.path).parts
        return [f"{check.found} {check.hint}" for part in ("logs", "records") for check in found[part] if check.finding]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def deep(levels: int) -> str:
    text = json.dumps(assistant("msg_deep", "req_deep", T0))
    return text.replace('"content": [', '"content": [' + "[" * levels + "]" * levels + ",", 1)


def searches(count: int) -> dict[str, Any]:
    return assistant("msg_1", "req_1", T0, usage=counts(server_tool_use={"web_search_requests": count}))


def thinking(count: int) -> dict[str, Any]:
    return assistant("msg_1", "req_1", T0, usage=counts(output_tokens_details={"thinking_tokens": count}))


DAMAGED = {
    "nested 100,000 deep": deep(100_000),
    "thinking tokens of 2^63": thinking(2**63),
    "negative thinking tokens": thinking(-1),
    "web searches of 2^63": searches(2**63),
    "a thousand million negative searches": searches(-(10**9)),
    "a million searches": searches(10**6),
    "a number of 5,000 digits": json.dumps(assistant()).replace(
        '"output_tokens": 200', '"output_tokens": ' + "9" * 5000
    ),
    "a truth value for a count": assistant(usage=counts(output=True)),
    "a fraction of a token": assistant(usage=counts(output=1.5)),  # type: ignore[arg-type]
    "year 1": assistant(timestamp="0001-01-01T00:00:00+23:59"),
    "year 9999": assistant(timestamp="9999-12-31T23:59:59.999999-23:59"),
    "the year 1970": assistant(timestamp="1970-01-01T00:00:00Z"),
    "a model's name of 100,000 letters": assistant(model="m" * 100_000),
    "a session's name of 100,000 letters": assistant(sessionId="s" * 100_000),
    "a folder of 100,000 letters": assistant(cwd="/" + "c" * 100_000),
    "a branch of 100,000 letters": assistant(gitBranch="b" * 100_000),
    "a message id of 100,000 letters": assistant("m" * 100_000),
    "a NUL in the folder": assistant(cwd="/a\0b"),
    "a NUL in the model": assistant(model="a\0b"),
    "ten thousand parts": assistant(usage=counts(iterations=[{"type": "advisor_message"}] * 10_000)),
    "ten thousand models in a total": cost_state("session-1", **{f"m{n}": {"input": 1} for n in range(10_000)}),
    "a total of 2^63": cost_state(a={"input": 2**63}),
    "a total of -5": cost_state(a={"input": -5}),
    "a total that thought 2^63": {**cost_state(), "modelUsage": {"a": {"thinkingTokens": 2**63}}},
    "a total of 2^63 searches": cost_state(a={"web_searches": 2**63}),
    "a total of -10^9 searches": cost_state(a={"web_searches": -(10**9)}),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_record_that_cannot_be_true_is_counted_as_damaged(home: Home, what: str) -> None:
    write(home.projects / "p/bad.jsonl", DAMAGED[what], assistant("msg_after", "req_after", T0 + 1))
    home.refresh()
    assert (home.usage, home.skipped, home.problems) == (2, 1, {})


@pytest.mark.parametrize("levels", [900, 970, 1_100, 5_000, 9_900])
def test_a_record_as_deep_as_some_pythons_can_read_is_read_or_counted_as_damaged(home: Home, levels: int) -> None:
    write(home.projects / "p/bad.jsonl", deep(levels), assistant("msg_after", "req_after", T0 + 1))
    home.refresh()
    # Python 3.11 gives up at a thousand frames, the depth of its own stack included; later ones have other limits.
    assert (home.usage, home.skipped, home.problems) in [(2, 1, {}), (3, 0, {})]


def rollout(*payloads: dict[str, Any], time: str = iso(T0)) -> list[dict[str, Any]]:
    kinds = ["session_meta", "turn_context", *(["event_msg"] * len(payloads))]
    thread = "019a0000-0000-7000-8000-000000000001"
    begin = [{"id": thread, "timestamp": iso(T0), "cwd": "/r"}, {"turn_id": "t", "model": "gpt-5-codex", "cwd": "/r"}]
    return [{"timestamp": time, "type": k, "payload": p} for k, p in zip(kinds, [*begin, *payloads], strict=True)]


def total(**tokens: int) -> dict[str, Any]:
    return {"type": "token_count", "info": {"total_token_usage": {f"{name}_tokens": n for name, n in tokens.items()}}}


@pytest.mark.parametrize(
    "lines",
    [
        rollout(total(input=2**63)),
        rollout(total(input=-5)),
        rollout(total(output=10**12)),
        rollout(total(input=5), time="9999-12-31T23:59:59Z"),
        rollout(total(input=5), time="0001-01-01T00:00:00Z"),
    ],
)
def test_a_running_total_that_cannot_be_true_is_counted_as_damaged(home: Home, lines: list[dict[str, Any]]) -> None:
    write(home.sessions / "2026/rollout-x.jsonl", *lines)
    home.refresh()
    assert (home.usage, home.skipped, home.problems) == (1, 1, {})


def test_a_record_that_was_passed_over_is_a_finding_as_it_is_where_one_log_is_tried(home: Home) -> None:
    damaged = write(home.projects / "p/bad.jsonl", '{"type": "assistant", "usage": broken', assistant("msg_2", "req_2"))
    home.refresh()
    assert (home.usage, home.skipped) == (2, 1)
    (found,) = home.doctor()
    assert found.startswith("1 x claude-code: ")
    assert try_reader("claude-code", damaged).findings == 1


def test_without_such_a_record_there_is_no_finding(home: Home) -> None:
    home.refresh()
    assert home.doctor() == []
    assert try_reader("claude-code", home.projects / "p/good.jsonl").findings == 0


def test_doctor_names_the_files_whose_records_were_passed_over(home: Home) -> None:
    for number in range(5):
        whole = encode(assistant(f"msg_{number}", f"req_{number}", T0))
        (home.projects / f"p/{number}.jsonl").write_bytes(whole[:200] + whole)
    home.refresh()
    home.refresh()
    found = doctor.diagnose(home.ledger, {"HOME": str(home.path)}, home.path).parts["records"]
    (said,) = [check.found for check in found if check.subject == "skipped"]
    where = ", ".join(str(home.projects / f"p/{number}.jsonl") for number in range(3))
    assert said == f"5 x claude-code: damaged record, in {where} and 2 more"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_log_of_utf_16_is_named_until_it_is_converted(home: Home, encoding: str) -> None:
    path = home.projects / "p/copied.jsonl"
    text = encode(assistant("msg_1", "req_1", T0)).decode()
    path.write_bytes(text.encode(encoding))
    home.refresh()
    home.refresh()
    assert (home.usage, list(home.problems)) == (1, ["copied.jsonl"])
    assert "UTF-16" in home.problems["copied.jsonl"]
    path.write_bytes(text.encode())
    home.refresh()
    assert (home.usage, home.problems) == (2, {})


def test_an_odd_folder_name_is_no_folder_and_stops_nothing(home: Home) -> None:
    write(
        home.projects / "p/odd.jsonl", *(assistant(f"m{n}", f"r{n}", T0, cwd="/" + "c" * n) for n in (255, 300, 4000))
    )
    home.refresh()
    assert (home.usage, home.skipped, home.problems) == (4, 0, {})


def test_a_key_written_twice_counts_once(home: Home) -> None:
    twice = json.dumps(assistant("msg_1", "req_1", T0)).replace(
        '"usage": {', '"usage": {"input_tokens": 9}, "usage": {'
    )
    write(home.projects / "p/twice.jsonl", twice)
    home.refresh()
    assert (home.usage, home.skipped) == (2, 0)


def test_a_lines_time_that_cannot_be_true_does_not_become_that_of_the_next_total(home: Home) -> None:
    late = assistant("msg_1", "req_1", timestamp="9999-12-31T23:59:59Z")
    right = assistant("msg_2", "req_2", T0 + 1, model="claude-sonnet-4-5")
    state = cost_state(
        claude_sonnet_4_5={"input": 104, "output": 260, "cache_read": 10_000, "write_5m": 500, "write_1h": 700}
    )
    write(home.projects / "p/a.jsonl", late, right, state)
    home.refresh()
    assert (home.usage, home.skipped) == (3, 1)


READER = """
import os
from collections import Counter
from itertools import count
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from tokcost.model.logs import Batch, Location, SessionTotal
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.sources.files import sources_in

class OtherReader:
    name = "other"
    def locations(self, environ):
        return [Location(environ["HOME"] + "/other")]
    def discover(self, location):
        if (Path(location.path) / "no-listing").exists():
            raise KeyError("listing")
        return sources_in(location, (".log",))
    def read(self, file, checkpoint):
        given = Path(file.path).read_text()
        with (Path(file.path).parent / "asked").open("a") as stream:
            stream.write(Path(file.path).name + " ")
        known = b"cursor %d" % file.size
        def usage(key="k", time_ms=1790000000000, model="m", tokens=Tokens(5), **more):
            return Usage("other", Path(file.path).name + key, time_ms, model, tokens, **more)
        names = globals() | locals() | {"numbers": count()}  # also for comprehensions in it
        found = eval(given, names)
        return found if isinstance(found, list) else [found]
"""

ESCAPES = {
    "RecursionError": "(lambda f: f(f))(lambda f: f(f))",
    "OverflowError": "(2**70).to_bytes(8, 'little')",
    "KeyError": "{}['CANARY']",
    "MemoryError": "exec('raise MemoryError')",
    "AttributeError": "None.nothing",
    "ValueError": "Batch(known, position=-1)",
    "TypeError": "Batch(1)",
}


@pytest.fixture(params=["here", "in forked processes"])
def other(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Path]:
    """The folder of logs of a reader that another package brings, which does what its logs say."""
    packages = tmp_path / "site-packages"
    (packages / "other_reader-1.0.dist-info").mkdir(parents=True)
    (packages / "other_reader.py").write_text(READER)
    text = "[tokcost.readers]\nother = other_reader:OtherReader\n"
    (packages / "other_reader-1.0.dist-info/entry_points.txt").write_text(text)
    monkeypatch.syspath_prepend(str(packages))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    if request.param != "here":
        monkeypatch.setattr(read, "SIDE_BY_SIDE", 0)
        monkeypatch.setattr(read, "can_fork", lambda: True)
        monkeypatch.setattr(os, "cpu_count", lambda: 2)
    registry.forget()
    folder = home.path / "other"
    folder.mkdir()
    (folder / "good.log").write_text("Batch(known, [usage()])")
    yield folder
    sys.modules.pop("other_reader", None)
    registry.forget()


@pytest.mark.few
@pytest.mark.parametrize("error", ESCAPES)
def test_whatever_escapes_a_reader_is_the_problem_of_that_file_alone(home: Home, other: Path, error: str) -> None:
    (other / "bad.log").write_text(ESCAPES[error])
    (other / "zz.log").write_text("Batch(known, [usage()])")
    home.refresh()
    assert home.usage == 3
    assert home.problems.keys() == {"bad.log"}
    assert [text for text in home.doctor() if "bad.log" in text and "reader failed" in text and "CANARY" not in text]


def test_a_file_that_its_reader_failed_on_is_tried_again_once_it_changes(home: Home, other: Path) -> None:
    (other / "bad.log").write_text("1 / 0")
    for _ in range(3):
        home.refresh()
    assert (other / "asked").read_text().split().count("bad.log") == 1
    (other / "bad.log").write_text("Batch(known, [usage(), usage('2')])")
    home.refresh()
    assert (home.usage, home.problems) == (4, {})


def test_and_after_an_upgrade(home: Home, other: Path) -> None:
    (other / "bad.log").write_text("1 / 0")
    home.refresh()
    (other.parent.parent / "site-packages/other_reader.py").write_text(
        READER.replace("eval(given, names)", "Batch(known, [usage()])")
    )
    sys.modules.pop("other_reader", None)
    registry.forget()
    home.refresh()
    assert home.problems.keys() == {"bad.log"}
    (other.parent.parent / "site-packages/other_reader-1.1.dist-info").mkdir()
    home.refresh()
    assert (home.usage, home.problems) == (3, {})


def test_what_a_reader_remembers_of_a_file_may_be_damaged(home: Home, other: Path) -> None:
    (other / "a.log").write_text("Batch(known, [usage()]) if checkpoint is None else 1 / 0")
    home.refresh()
    with (other / "a.log").open("a") as stream:
        stream.write(" ")
    home.refresh()
    assert (home.usage, home.problems) == (3, {})


BEYOND = {
    "-5 tokens": "[usage(tokens=Tokens(-5))]",
    "2^63 tokens": "[usage(tokens=Tokens(0, 2**63))]",
    "half a token": "[usage(tokens=Tokens(0.5))]",
    "True tokens": "[usage(tokens=Tokens(True))]",
    "-1 reasoning": "[usage(tokens=Tokens(5, reasoning=-1))]",
    "-10^9 searches": "[usage(web_searches=-10**9)]",
    "the year 1": "[usage(time_ms=-62135596800000)]",
    "an unknown kind": "[usage(kind='gift')]",
    "no key": "[usage()._replace(key='')]",
    "a key that is not a text": "[usage()._replace(key=5)]",
    "the name of another reader": "[usage()._replace(assistant='codex')]",
    "half a character": "[usage(model='\\ud800')]",
    "a NUL": "[usage(session='a\\0')]",
    "a rank of 9": "[usage(copy_rank=9)]",
    "half a character in a folder": "[usage(cwd='/\\ud800')]",
    "a rank that is a truth value": "[usage(copy_rank=True)]",
    "tokens that are any tuple": "[usage(tokens=(5, 0, 0, 0, 0, 0))]",
    "usage that is any list": "[list(usage())]",
    "no usage at all": "['usage']",
    "too few fields": "[usage()[:5]]",
    "nothing": "[None]",
    "a total of -5": "(), [SessionTotal('s', 'm', 1790000000000, Tokens(-5))]",
    "a total in the year 9999": "(), [SessionTotal('s', 'm', 253402300799999, Tokens(5))]",
    "a total of a million parents": "(), [SessionTotal('s', 'm', 1790000000000, Tokens(5), parents=('p',) * 10**6)]",
    "a total of any tuple": "(), [SessionTotal('s', 'm', 1790000000000, (5, 0, 0, 0, 0, 0))]",
    "a total whose parents are a text": "(), [SessionTotal('s', 'm', 1790000000000, Tokens(5), parents='p')]",
    "a worktree without a name": "(), (), [(None, 'b', 'c', 'd')]",
    "a worktree that is any tuple": "(), (), [('/a', 'b', '/c', 'd')]",
}


@pytest.mark.few
@pytest.mark.parametrize("what", few(BEYOND, 14))
def test_no_reader_puts_anything_impossible_into_the_ledger(home: Home, other: Path, what: str) -> None:
    (other / "bad.log").write_text(f"Batch(known, {BEYOND[what]})")
    home.refresh()
    assert (home.usage, home.skipped, home.problems) == (2, 1, {})


NO_BATCHES = ("more=1", "restarted='yes'", "position=True", "cursor='text'", "skipped=[('x', 1)]", "duplicates={5: 1}")


@pytest.mark.parametrize("what", few(NO_BATCHES, 3))
def test_a_batch_whose_parts_are_of_another_kind_is_the_problem_of_its_file_alone(
    home: Home, other: Path, what: str
) -> None:
    (other / "bad.log").write_text(f"Batch(known, [usage()])._replace({what})")
    home.refresh()
    assert home.usage == 2
    assert home.problems.keys() == {"bad.log"}
    assert "its reader failed" in home.problems["bad.log"]


def test_counts_of_a_reader_may_be_any_mapping(home: Home, other: Path) -> None:
    (other / "odd.log").write_text("Batch(known, skipped=MappingProxyType({'a': 1}), duplicates=Counter(b=2))")
    home.refresh()
    assert (home.usage, home.skipped, home.problems) == (2, 1, {})


def test_what_a_reader_says_of_an_unreadable_file_is_kept_whatever_characters_it_has(home: Home, other: Path) -> None:
    (other / "bad.log").write_text("exec(r'raise OSError(\"/\\udcff cannot be read\")')")
    home.refresh()
    assert (home.usage, home.problems) == (2, {"bad.log": r"/\udcff cannot be read"})


def test_a_reader_that_never_moves_on_or_finds_nothing_where_it_fails_stops_no_other(home: Home, other: Path) -> None:
    (other / "stuck.log").write_text("Batch(known, more=True)")
    home.refresh()
    assert (home.usage, home.problems.keys()) == (2, {"stuck.log"})
    (other / "no-listing").touch()
    assert [note for note in home.refresh().notes if "other" in note and "KeyError" in note]
    assert [text for text in home.doctor() if "KeyError" in text]


def test_the_doctor_tells_a_log_that_a_reader_cannot_read_from_one_that_nobody_may_read(
    home: Home, other: Path
) -> None:
    (other / "stuck.log").write_text("Batch(known, more=True)")
    home.refresh()
    (found,) = [text for text in home.doctor() if "stuck.log" in text]
    assert "unknown to the reader of other" in found
    (other / "stuck.log").unlink()
    (gone,) = [text for text in home.doctor() if "stuck.log" in text]
    assert "`ls -l " in gone


DEAR = '[[price]]\nmatch = "dear"\ninput = "10000"\noutput = "10000"\n'
"""The highest price that is believed: 10^9 tokens cost 10^16 nano-dollars."""


def dear(count: int) -> str:
    """So many responses as text for the reader; 462 of them add up to more than a ledger can keep."""
    return f"[usage(str(n), model='dear', tokens=Tokens(10**9 - 1)) for n in range({count})]"


def test_usage_that_adds_up_beyond_64_bits_is_left_out_with_its_file(home: Home, other: Path) -> None:
    home.ledger.mkdir()
    (home.ledger / "prices.toml").write_text(DEAR)
    for number in range(6):
        (other / f"{number}.log").write_text(f"Batch(known, {dear(100)})")
    home.refresh()
    left_out = home.problems
    assert {*left_out.values()} == {"its records cannot be stored (OverflowError)"}
    assert (home.usage, len(left_out)) == (2 + 400, 2)
    assert home.refresh().new_usage == 0


@pytest.mark.few
@pytest.mark.parametrize("bad", [0, 1, 2])
def test_what_follows_a_part_that_cannot_be_added_up_waits_with_it(home: Home, other: Path, bad: int) -> None:
    home.ledger.mkdir()
    (home.ledger / "prices.toml").write_text(DEAR)

    def whole(*, is_mended: bool) -> str:
        counts = (500 if part == bad and not is_mended else 1 for part in range(3))
        parts = (f"Batch(b'{part}', {dear(count)}, more={part < 2})" for part, count in enumerate(counts))
        return f"[{', '.join(parts)}]".replace("str(n)", "str(next(numbers))")

    (other / "bad.log").write_text(whole(is_mended=False))
    (other / "zz.log").write_text("Batch(known, [usage()])")
    for _ in range(2):
        home.refresh()
        assert home.problems == {"bad.log": "its records cannot be stored (OverflowError)"}
        assert home.usage == 3 + bad
    (other / "bad.log").write_text(whole(is_mended=True))
    home.refresh()
    assert (home.usage, home.problems) == (6, {})


def test_what_is_no_file_is_passed_over_and_the_rest_of_its_folder_is_read(home: Home) -> None:
    folder = home.projects / "p"
    (folder / "a-loop.jsonl").symlink_to("a-loop.jsonl")
    (folder / "b-loop.jsonl").symlink_to("c-loop.jsonl")
    (folder / "c-loop.jsonl").symlink_to("b-loop.jsonl")
    (folder / "gone.jsonl").symlink_to("nowhere")
    (folder / "folder.jsonl").mkdir()
    (folder / "device.jsonl").symlink_to("/dev/zero")
    (folder / "under-a-file.jsonl").symlink_to(folder / "good.jsonl/x")
    (folder / "long.jsonl").symlink_to("/" + "x" * 300)
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "to-pipe.jsonl").symlink_to("pipe.jsonl")
    assert (home.refresh().found_files, home.usage, home.problems) == (1, 1, {})


@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_what_takes_the_place_of_a_file_once_it_is_listed_is_not_waited_for(tmp_path: Path, put: Any) -> None:
    path = write(tmp_path / "a.jsonl", assistant())
    listed = files.file_source(str(path), path.stat())
    path.unlink()
    put(str(path))
    (outcome,) = read.read_here(read.Job("claude-code", listed, None))
    assert (outcome.batch, bool(outcome.problem), outcome.passing) == (None, True, True)


def test_a_folder_that_is_a_link_is_followed_once_and_leads_nowhere_else(home: Home, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    write(shared / "s/1.jsonl", assistant("msg_1", "req_1", T0))
    (home.projects / "q").symlink_to(shared)
    (home.projects / "r").symlink_to(shared)
    (home.projects / "p/up").symlink_to(home.projects)
    (home.projects / "p/root").symlink_to("/")
    (home.projects / "p/here").symlink_to(".")
    (shared / "elsewhere").symlink_to(tmp_path)
    assert (home.refresh().found_files, home.usage) == (2, 2)
    write(shared / "s/2.jsonl", assistant("msg_2", "req_2", T0))
    assert (home.refresh().found_files, home.usage) == (3, 3)


def test_very_many_files_are_looked_at_in_portions(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_detection, "_PORTION", 10)
    for number in range(34):
        write(home.projects / f"q{number % 3}/{number}.jsonl", assistant(f"m{number}", f"r{number}", T0))
    assert (home.refresh().found_files, home.usage) == (35, 35)
    append(home.projects / "q0/33.jsonl", assistant("late", "late", T0))
    report = home.refresh()
    assert (report.found_files, report.new_usage, home.refresh().new_usage) == (35, 1, 0)


def test_an_import_that_is_killed_in_the_middle_of_a_file_goes_on_there(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_lines, "MAX_RECORDS", 2)
    monkeypatch.setattr(new_lines, "CHUNK", 2000)
    monkeypatch.setattr("tokcost.usage.importing._TRANSACTION_FILES", 1)
    write(home.projects / "p/a.jsonl", *(assistant(f"m{n}", f"r{n}", T0 + n) for n in range(30)))
    whole = read.read_here
    taken = 0

    def killed(job: read.Job) -> Iterator[read.Outcome]:
        nonlocal taken
        for outcome in whole(job):
            taken += 1
            if taken == 4:
                raise KeyboardInterrupt
            yield outcome

    monkeypatch.setattr(read, "read_here", killed)
    with pytest.raises(KeyboardInterrupt):
        home.refresh()
    assert 0 < home.usage < 31
    home.refresh()
    assert home.usage == 31


def test_times_and_numbers_of_a_file_beyond_64_bits_can_be_kept() -> None:
    status: Any = SimpleNamespace(st_size=5, st_mtime_ns=10**21)
    file = files.file_source("x", status)
    assert all(-(2**63) < number < 2**63 for number in file[1:])


@pytest.mark.parametrize("seconds", [-5, 2**33])
def test_a_file_from_before_1970_or_the_future_is_read_once(home: Home, seconds: int) -> None:
    os.utime(write(home.projects / "p/odd.jsonl", assistant("msg_1", "req_1", T0)), (seconds, seconds))
    assert (home.refresh().new_usage, home.refresh().new_usage) == (2, 0)


MEASURED = (
    "import sys, pathlib, resource; from tokcost.services.refresh import refresh;"
    "refresh(pathlib.Path(sys.argv[1]), {'HOME': sys.argv[2]});"
    "status = pathlib.Path('/proc/self/status').read_text();"
    "own = int(status.partition('VmHWM:')[2].split()[0]);"
    "print(max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) >> 10)"
)
"""Not `ru_maxrss` of the process itself: that begins with what the process that started it had (getrusage(2))."""


@pytest.fixture
def measurable() -> None:
    """Linux tells the largest memory of a process since its program began."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs /proc")


def megabytes(home: Home) -> int:
    """The largest memory of an import's processes."""
    command = [sys.executable, "-P", "-c", MEASURED, str(home.ledger), str(home.path)]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


@pytest.mark.usefixtures("measurable")
def test_a_small_compressed_file_that_expands_to_gigabytes_is_read_in_pieces(home: Home) -> None:
    home.sessions.mkdir(parents=True)
    with (home.sessions / "rollout-x.jsonl.zst").open("wb") as stream:
        with zstandard.ZstdCompressor().stream_writer(stream) as plain:
            *begin, last = (encode(line) for line in rollout(total(input=5)))
            plain.write(b"".join(begin))
            plain.write(b'{"type":"response_item","payload":{"text":"')
            for _ in range(400):
                plain.write(bytes(b"x" * (1 << 20)))
            plain.write(b'"}}\n' + last)
    assert (home.sessions / "rollout-x.jsonl.zst").stat().st_size < 100_000
    assert megabytes(home) < 200
    assert (home.usage, home.skipped) == (2, 0)


def chat(*lines: dict[str, Any] | str) -> list[dict[str, Any] | str]:
    return [{"sessionId": "s", "projectHash": "ab"}, gemini_message("m1"), *lines, gemini_message("m2")]


def gemini_message(name: str, **more: Any) -> dict[str, Any]:
    said = {"id": name, "type": "gemini", "timestamp": iso(T0), "model": "gemini-2.5-pro"}
    return {**said, "tokens": {"input": 10, "output": 5, "total": 15}, **more}


def turn(**context: str) -> dict[str, Any]:
    return {"timestamp": iso(T0), "type": "turn_context", "payload": context}


def write_each(home: Home, *, claude: Any = (), codex: Any = (), gemini: Any = ()) -> None:
    """Lines of each assistant between good ones: two responses of each."""
    *begin, last = rollout(total(input=5), total(input=10))
    write(home.projects / "p/bad.jsonl", assistant("msg_a", "req_a", T0), *claude, assistant("msg_b", "req_b", T0))
    write(home.sessions / "rollout-x.jsonl", *begin, *codex, last)
    write(home.path / ".gemini/tmp/p/chats/session-x.jsonl", *chat(*gemini))


@pytest.mark.parametrize("length", few([600, 9_000_000, 17_000_000], 1))
def test_a_text_beyond_its_bounds_loses_its_own_record_and_neither_those_behind_it_nor_the_file(
    home: Home, length: int
) -> None:
    text = "x" * length
    write_each(
        home,
        claude=[assistant("msg_x", "req_x", T0, requestSessionId=text)],
        codex=[turn(model=text, turn_id="t"), turn(turn_id=text)],
        gemini=[{"sessionId": text}, {"$set": {"sessionId": text}}, {"projectHash": text, "sessionId": "s"}],
    )
    home.refresh()
    assert (home.usage, home.skipped, home.problems) == (7, 6, {})


def test_many_long_texts_together_are_not_remembered(home: Home) -> None:
    text = "x" * 8_000_000
    write_each(
        home,
        claude=[assistant(f"msg_{n}", f"req_{n}", T0, requestSessionId=f"{n}{text}") for n in range(3)],
        codex=[turn(model=text), turn(cwd=text), turn(turn_id=text)],
    )
    home.refresh()
    assert (home.usage, home.skipped, home.problems) == (7, 6, {})


def test_a_text_with_a_nul_does_not_damage_what_follows_it(home: Home) -> None:
    write_each(
        home,
        claude=[assistant("msg_x", "req_x", T0, cwd="/a\0b"), cost_state(a={"input": 1})],
        codex=[turn(model="a\0b", turn_id="t"), turn(cwd="/a\0b", turn_id="t")],
        gemini=[{"sessionId": "a\0b"}],
    )
    home.refresh()
    assert (home.usage, home.skipped, home.problems) == (7, 4, {})


def test_a_service_tier_beyond_its_bounds_does_not_damage_what_follows_it(home: Home) -> None:
    settings = {"type": "thread_settings_applied", "thread_settings": {"service_tier": "x" * 600}}
    write_each(home, codex=[{"timestamp": iso(T0), "type": "event_msg", "payload": settings}])
    home.refresh()
    assert (home.usage, home.skipped, home.problems) == (7, 1, {})


@pytest.mark.parametrize("root", ["x" * 5_000, "/a\0b", "pipe", "device"])
@pytest.mark.parametrize("name", ["tmp/p/.project_root", "projects.json"])
def test_what_gemini_says_of_a_project_is_neither_waited_for_nor_believed_blindly(
    home: Home, name: str, root: str
) -> None:
    write_each(home)
    path = home.path / ".gemini" / name
    if root == "pipe":
        os.mkfifo(path)
    elif root == "device":
        path.symlink_to("/dev/zero")
    else:
        path.write_text(json.dumps({"projects": {root: "p"}}) if name.endswith("json") else root)
    home.refresh()
    assert (home.usage, home.problems) == (7, {})


def dense(before: str, value: str, count: int, after: str) -> str:
    return f"{before}{f'{value},' * count}{value}{after}"


def many_keys(before: str, value: str, count: int, after: str) -> str:
    return before + ",".join(f'"{n:x}":{value}' for n in range(count)) + after


# Made when a test asks for one: each has millions of values.
DENSE: dict[str, Callable[[], str]] = {
    "a kind that is a list": lambda: dense('{"a":"cost-state","type":[', "{}", 9_000_000, "]}"),
    "a kind of 31 MB": lambda: '{"a":"cost-state","type":"\U0001f600' + "x" * 31_000_000 + '"}',
    "a worktree of many fields": lambda: many_keys('{"type":"worktree-state",', "1", 750_000, "}"),
    "a total of many models": lambda: many_keys(
        '{"type":"cost-state","sessionId":"s","modelUsage":{', "{}", 650_000, "}}"
    ),
    "many parts": lambda: json.dumps(assistant("msg_x", "req_x", T0, usage=counts(iterations="X"))).replace(
        '"X"', dense("[", "{}", 2_600_000, "]")
    ),
}


@pytest.mark.slow
@pytest.mark.usefixtures("measurable")
@pytest.mark.parametrize("what", few(DENSE))
def test_a_line_of_very_many_small_values_takes_little_memory(home: Home, what: str) -> None:
    write_each(home, claude=[DENSE[what]()])
    assert megabytes(home) < 200
    assert (home.usage, home.skipped, home.problems) == (7, 1, {})


WHOLE: dict[str, Callable[[], str]] = {
    "many messages that are none": lambda: dense('{"sessionId":"s","messages":[', "0", 8_000_000, "]}"),
    "as many as are read": lambda: dense('{"sessionId":"s","messages":[', "0", 1_500_000, f',"{"x" * 45_000_000}"]}}'),
    "a session of 48 MB": lambda: '{"sessionId":"\U0001f600' + "x" * 49_000_000 + '"}',
    "a message of 48 MB": lambda: '{"sessionId":"s","id":"\U0001f600' + "x" * 49_000_000 + '"}',
}


@pytest.mark.slow
@pytest.mark.usefixtures("measurable")
@pytest.mark.parametrize("what", few(WHOLE, 2))
def test_a_document_of_very_many_or_very_long_values_takes_little_memory(home: Home, what: str) -> None:
    write_each(home)
    (home.path / ".gemini/tmp/p/chats/session-y.json").write_text(WHOLE[what]())
    assert megabytes(home) < 200
    assert (home.usage, home.problems) == (7, {})


def test_totals_without_a_time_are_read_in_linear_time(home: Home) -> None:
    write(home.projects / "p/bad.jsonl", *[json.dumps({"type": "cost-state", "sessionId": "s"})] * 100_000)
    began = time.process_time()
    assert list(read.read_here(read.Job("claude-code", _listed(home.projects / "p/bad.jsonl"), None)))
    assert time.process_time() - began < 2


def _listed(path: Path) -> Source:
    return files.file_source(str(path), path.stat())


def test_a_compressed_file_of_very_many_responses_is_recorded_in_portions(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_lines, "MAX_RECORDS", 10)
    monkeypatch.setattr(new_lines, "CHUNK", 4000)
    lines = rollout(*(total(input=n) for n in range(1, 400)))
    home.sessions.mkdir(parents=True)
    path = home.sessions / "rollout-x.jsonl.zst"
    path.write_bytes(zstandard.compress(b"".join(map(encode, lines))))
    assert len(list(read.read_here(read.Job("codex", files.file_source(str(path), path.stat()), None)))) > 10
    assert (home.refresh().new_usage, home.refresh().new_usage) == (400, 0)
    path.write_bytes(zstandard.compress(b"".join(map(encode, [*lines, *rollout(total(input=500))[2:]]))))
    assert (home.refresh().new_usage, home.problems) == (1, {})


@pytest.mark.usefixtures("measurable")
@pytest.mark.slow
def test_dense_replies_take_little_memory(home: Home) -> None:
    with (home.projects / "p/dense.jsonl").open("wb") as stream:
        line = encode(assistant("msg_N", "req_N", T0, text="")).replace(b"_N", b"_%d")
        for number in range(0, 120_000, 1000):
            stream.write(b"".join(line % ((n,) * line.count(b"%d")) for n in range(number, number + 1000)))
    assert megabytes(home) < 150
    assert home.usage == 120_001


@pytest.fixture
def opencode(home: Home) -> StoreOf:
    """A store of opencode with one good message."""
    store = StoreOf(home.path / ".local/share/opencode/opencode.db")
    store.session()
    store.say("msg_1", message())
    return store


@pytest.mark.usefixtures("measurable")
@pytest.mark.slow
def test_values_of_hundreds_of_megabytes_in_a_store_take_little_memory(home: Home, opencode: StoreOf) -> None:
    opencode.session("ses_2")
    for number, column in enumerate(("data", "id", "session_id"), 2):
        opencode.say(f"msg_{number}", message(T0 + number))
        opencode.run(f"UPDATE message SET {column} = CAST(zeroblob(200000000) AS TEXT) WHERE id = 'msg_{number}'")
    opencode.say("msg_5", message(T0 + 5), "ses_2")
    opencode.run("UPDATE session SET directory = CAST(zeroblob(200000000) AS TEXT) WHERE id = 'ses_2'")
    assert megabytes(home) < 150
    assert (home.usage, home.skipped, home.problems) == (3, 3, {})


@pytest.mark.usefixtures("measurable")
def test_the_longest_text_that_a_store_may_have_takes_little_memory(home: Home, opencode: StoreOf) -> None:
    opencode.say("msg_2", '{"a":"' + "x😀" * 3_000_000 + '"}')
    assert megabytes(home) < 200
    assert (home.usage, home.skipped, home.problems) == (2, 0, {})


def test_more_messages_that_never_end_than_can_be_remembered_lose_no_store(home: Home, opencode: StoreOf) -> None:
    with closing(opencode.open()) as db:
        db.execute("BEGIN")
        for number in range(9000):
            name = f"{number:05}".rjust(512, "\x01")
            data = json.dumps(message(T0 + number, done=False))
            db.execute("INSERT INTO message VALUES (?, 'ses_1', ?, ?, ?)", (name, T0, T0 + number, data))
        db.execute("COMMIT")
    home.refresh()
    assert (home.usage, home.skipped, home.problems) == (9001, 0, {})


@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_a_store_that_is_no_file_is_passed_over_and_stops_nothing(home: Home, put: Any) -> None:
    folder = home.path / ".local/share/opencode"
    folder.mkdir(parents=True)
    put(folder / "opencode.db")
    assert (home.refresh().found_files, home.usage, home.problems) == (1, 1, {})


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_a_store_beside_a_pipe_that_sqlite_would_open_is_named(home: Home, opencode: StoreOf, suffix: str) -> None:
    os.mkfifo(f"{opencode.path}{suffix}")
    home.refresh()
    assert (home.usage, home.problems) == (1, {"opencode.db": "not a regular file"})
    os.unlink(f"{opencode.path}{suffix}")
    home.refresh()
    assert (home.usage, home.problems) == (2, {})


@pytest.mark.parametrize("updated", [1 << 61, -5, 1.5e300, "later", b"x"])
def test_a_row_of_a_store_with_an_impossible_time_hides_no_later_one(
    home: Home, opencode: StoreOf, updated: object
) -> None:
    opencode.say("msg_2", message(T0 + 5), updated=updated)
    home.refresh()
    for number in range(3, 6):
        opencode.say(f"msg_{number}", message(T0 + number * 60_000))
        home.refresh()
    assert (home.usage, home.skipped, home.problems) == (5, 1, {})


def test_the_shape_of_what_is_still_written_is_no_problem(home: Home) -> None:
    path = write(home.projects / "p/a.jsonl", *(assistant(f"m{n}", f"r{n}", T0) for n in range(2000)))
    whole = path.read_bytes()
    stop = threading.Event()

    def rewrite() -> None:
        while not stop.is_set():
            for size in (0, len(whole) // 3, len(whole)):
                os.truncate(path, size)
                path.write_bytes(whole[:size])

    writer = threading.Thread(target=rewrite)
    writer.start()
    for _ in range(5):
        home.refresh()
    stop.set()
    writer.join()
    path.write_bytes(whole)
    os.utime(path, (1, 1))
    home.refresh()
    assert (home.usage, home.problems) == (2001, {})
