"""Readers of other packages."""

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from threading import Thread

import pytest

from tokcost.model.logs import Batch
from tokcost.model.received import FROM_TEXT
from tokcost.readers import registry
from tokcost.readers.guarded import Guarded
from tokcost.readers.protocol import Reader, ReaderFailed, told_as
from tokcost.readers.registry import broken_readers, readers, readers_of_used, subagents_among
from tokcost.services.doctor import diagnose
from tokcost.waiting import told_of_waiting

OURS = [reader.name for reader in readers()]
ALWAYS = ["claude-code", "codex", "gemini-cli", "opencode"]

MODULE = """
from tokcost.model.logs import Batch, Location

class OtherReader:
    name = "other"
    def locations(self, environ): return [Location(environ["HOME"] + "/other")]
    def discover(self, location): return []
    def read(self, source, cursor): return [Batch(b"")]

class OldReader:
    name = "old"
    def roots(self, environ): return []
    def discover(self, root): return []
    def read(self, file, checkpoint): return None
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "site-packages"
    (folder / "other_reader-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(folder))
    registry.forget()
    yield folder
    for name in ("other_reader", "hanging_reader"):
        sys.modules.pop(name, None)
    registry.forget()


def register(packages: Path, target: str) -> None:
    text = f"[console_scripts]\nx = y:z\n\n[tokcost.readers]\nother = {target}\n"
    (packages / "other_reader-1.0.dist-info/entry_points.txt").write_text(text)


def test_ours_come_first() -> None:
    assert [reader.name for reader in readers()][:4] == ALWAYS


def test_a_reader_registered_by_another_package_is_used(packages: Path) -> None:
    (packages / "other_reader.py").write_text(MODULE)
    register(packages, "other_reader:OtherReader")
    assert [reader.name for reader in readers()] == [*OURS, "other"]


@pytest.mark.parametrize(
    "target", ["other_reader:Missing", "other_reader:OldReader", "no_such_module:Reader", "nonsense"]
)
def test_a_reader_that_cannot_be_used_stops_no_other(packages: Path, target: str) -> None:
    (packages / "other_reader.py").write_text(MODULE)
    register(packages, target)
    assert [reader.name for reader in readers()] == OURS
    (broken,) = broken_readers()
    assert broken.target == target
    assert broken.reason


@pytest.mark.parametrize(
    ("written", "broken"),
    [
        (b"no section\n[tokcost.readers", 1),
        (b"[tokcost.readers]\nother = \xe9t\xe9:Reader\n", 1),
        (b"[console_scripts]\n\xe9t\xe9 = x:y\n", 0),
    ],
)
def test_a_package_whose_registration_cannot_be_read_stops_nothing(packages: Path, written: bytes, broken: int) -> None:
    (packages / "other_reader-1.0.dist-info/entry_points.txt").write_bytes(written)
    registry.forget()
    assert [reader.name for reader in readers()] == OURS
    assert len(broken_readers()) == broken


def test_a_reader_is_found_as_soon_as_its_package_is_there(packages: Path) -> None:
    assert [reader.name for reader in readers()] == OURS
    (packages / "other_reader.py").write_text(MODULE)
    register(packages, "other_reader:OtherReader")
    registry.forget()
    assert [reader.name for reader in readers()][len(OURS) :] == ["other"]


@pytest.mark.few
@pytest.mark.parametrize(
    "variables",
    [
        (),
        ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "APPDATA"),
        ("CLINE_DIR",),
        ("CLINE_SESSION_DATA_DIR",),
        ("GOOSE_PATH_ROOT",),
        ("PI_CODING_AGENT_DIR",),
        ("KIMI_CODE_HOME", "KIMI_SHARE_DIR"),
        ("JUNIE_HOME",),
        ("GROK_HOME",),
        ("MUX_ROOT",),
        ("XUM_ROOT",),
    ],
)
def test_a_reader_is_used_as_soon_as_there_is_something_at_one_of_its_places(
    tmp_path: Path, variables: tuple[str, ...]
) -> None:
    home = tmp_path / "home"
    environ = {"HOME": str(home), **{variable: str(home / variable) for variable in variables}}
    for reader in (one for one in readers() if one.name not in FROM_TEXT):
        for location in reader.locations(environ):
            folder = Path(location.path) if location.kind == "folder" else Path(location.path).parent
            folder.mkdir(parents=True)
            (folder / Path(location.path).name).touch()
            assert reader.name in [one.name for one in readers_of_used(environ)], location
            rmtree(home)


def test_readers_of_assistants_that_were_never_used_are_passed_over(tmp_path: Path) -> None:
    assert [reader.name for reader in readers_of_used({"HOME": str(tmp_path)})] == ALWAYS


def test_readers_are_passed_over_where_their_folders_are_empty(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    for reader in readers():
        for location in reader.locations(environ):
            if location.kind == "folder" and reader.name not in ALWAYS:
                Path(location.path).mkdir(parents=True, exist_ok=True)
    used = {reader.name for reader in readers_of_used(environ)}
    assert used.isdisjoint({"copilot-cli", "qwen-code", "amp", "pi", "omp", "kimi", "junie", "grok", "mux"})


@pytest.mark.parametrize(
    ("assistant", "path", "is_of_subagent"),
    [
        ("claude-code", "projects/p/session.jsonl", False),
        ("claude-code", "projects/p/session/subagents/agent-1.jsonl", True),
        ("claude-code", "projects/p/session/subagents/workflows/w/agent-1.jsonl", True),
        ("claude-code", "projects/p/agent-1.jsonl", True),
        ("codex", "sessions/2026/11/28/rollout-1.jsonl", False),
        ("codex", "sessions/agent-1.jsonl", False),
        ("gemini-cli", "tmp/p/chats/session.jsonl", False),
        ("gemini-cli", "tmp/p/chats/session/agent.jsonl", True),
        ("gemini-cli", "tmp\\p\\chats\\session\\agent.jsonl", True),
        ("qwen-code", "projects/p/chats/session/agent.jsonl", False),
        ("cline", "sessions/s1/s1.messages.json", False),
        ("cline", "sessions/s1/agent_x1.messages.json", True),
        ("cline", "tasks/t1/ui_messages.json", False),
        ("kimi", "sessions/wd_shop_057f/session_1/agents/main/wire.jsonl", False),
        ("kimi", "sessions/wd_shop_057f/session_1/agents/agent-0/wire.jsonl", True),
        ("kimi", "sessions/wd_shop_057f/session_1/agents/mainly/wire.jsonl", True),
        ("kimi", "sessions/digest/session/wire.jsonl", False),
        ("kimi", "sessions/digest/session/subagents/a1/wire.jsonl", True),
        ("mux", "sessions/workspace/chat.jsonl", False),
        ("mux", "sessions/workspace/subagent-transcripts/a1/chat.jsonl", True),
        ("no longer installed", "session/subagents/agent-1.jsonl", False),
    ],
)
def test_logs_of_sub_agents_are_recognised_by_the_paths_that_their_assistant_gives_them(
    assistant: str, path: str, is_of_subagent: bool
) -> None:
    assert subagents_among([(7, assistant, f"/home/dev/{path}")]) == [7] * is_of_subagent


HOSTILE = """
import os, sqlite3, sys
from tokcost.model.logs import Batch, Capabilities, Location, Source

class Sound:
    name = "other"
    def locations(self, environ): return [Location(environ["HOME"])]
    def discover(self, location): return [Source(location.path + "/a", 1, 1)]
    def read(self, source, cursor): return [Batch(b"")]

class Number(Sound): name = 5
class Nameless(Sound): name = ""
class Escaping(Sound): name = "o\\x1b[31m"
class Ours(Sound): name = "codex"
class Boastful(Sound): capabilities = {"versions": "1"}
class Vague(Sound): capabilities = Capabilities(versions=None, classes=None, folder=None)
class Sometimes(Sound): capabilities = Capabilities(folder="sometimes")
class Somewhere(Sound): capabilities = Capabilities(branch="project")
class Weird(Sound): capabilities = Capabilities(record="weird")
class Wordy(Sound): capabilities = Capabilities(record=["turn"])
class Classless(Sound): capabilities = Capabilities(classes=())
class Classed(Sound): capabilities = Capabilities(classes=("input", "cache_write"))
class OneClass(Sound): capabilities = Capabilities(classes="input")
class Silent(Sound): capabilities = Capabilities(gaps=None)
class Full(Sound):
    capabilities = Capabilities(
        versions="1", classes=("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning"),
        folder="project", branch="session", retention="30 days", exactness="at least", record="turn", gaps="titles",
    )
class Exits(Sound):
    def __init__(self): sys.exit(0)

class LocatesWords(Sound):
    def locations(self, environ): return [environ["HOME"]]
class LocatesNumbers(Sound):
    def locations(self, environ): return [Location(5)]
class LocatesKinds(Sound):
    def locations(self, environ): return [Location(environ["HOME"], "banana")]
class NamesEnd(Sound):
    @property
    def name(self): sys.exit(0)
class CanEnd(Sound):
    @property
    def capabilities(self): sys.exit(0)
class LocatesNothing(Sound):
    def locations(self, environ): return None
class LocatesEnd(Sound):
    def locations(self, environ): sys.exit(0)
class LocatesStore(Sound):
    def locations(self, environ): raise sqlite3.OperationalError("disk I/O error")
class FindsWords(Sound):
    def discover(self, location): return ["words"]
class FindsSizes(Sound):
    def discover(self, location): yield Source(location.path, "1", 1)
class FindsEnd(Sound):
    def discover(self, location): sys.exit(0); yield
class FindsStore(Sound):
    def discover(self, location): raise sqlite3.DatabaseError("malformed")
class ReadsEnd(Sound):
    def read(self, source, cursor): sys.exit(0); yield

class Prints(Sound):
    def locations(self, environ): print("words"); return super().locations(environ)
    def discover(self, location): print("words"); yield from super().discover(location)
    def read(self, source, cursor): print("words"); yield Batch(b"")
"""


def the_other(packages: Path, name: str) -> Reader:
    (packages / "other_reader.py").write_text(HOSTILE)
    register(packages, f"other_reader:{name}")
    return readers()[-1]


@pytest.mark.parametrize(
    "name",
    [
        *("Number", "Nameless", "Escaping", "Ours", "Boastful", "Vague", "Exits", "NamesEnd", "CanEnd"),
        *("Sometimes", "Somewhere", "Weird", "Wordy", "Classless", "Classed", "OneClass", "Silent"),
    ],
)
def test_a_reader_that_says_of_itself_what_no_reader_can_is_not_used(packages: Path, name: str) -> None:
    the_other(packages, name)
    assert [reader.name for reader in readers()] == OURS
    (broken,) = broken_readers()
    assert broken.target == f"other_reader:{name}"


@pytest.mark.parametrize(
    ("name", "wrong"), [("Sometimes", "folder"), ("Classed", "classes"), ("Boastful", "capabilities")]
)
def test_the_capability_that_a_reader_cannot_have_is_named(packages: Path, name: str, wrong: str) -> None:
    the_other(packages, name)
    assert readers()
    assert [one.reason.partition(" (")[0] for one in broken_readers()] == [
        f"its {wrong} has a value that is not allowed"
    ]


@pytest.mark.parametrize("name", ["Sound", "Full"])
def test_a_reader_that_says_of_itself_nothing_or_everything_is_used(packages: Path, name: str) -> None:
    the_other(packages, name)
    assert [reader.name for reader in readers()] == [*OURS, "other"]


def test_a_package_that_ends_the_program_where_it_is_imported_ends_nothing(packages: Path) -> None:
    (packages / "other_reader.py").write_text("import sys; sys.exit(0)")
    register(packages, "other_reader:Reader")
    assert [reader.name for reader in readers()] == OURS
    assert broken_readers() == [("other_reader:Reader", "SystemExit", "other_reader")]


def test_the_first_of_two_readers_with_one_name_is_used(packages: Path) -> None:
    (packages / "other_reader.py").write_text(MODULE)
    text = "[tokcost.readers]\na = other_reader:OtherReader\nb = other_reader:OtherReader\n"
    (packages / "other_reader-1.0.dist-info/entry_points.txt").write_text(text)
    assert [reader.name for reader in readers()] == [*OURS, "other"]
    assert [broken.reason for broken in broken_readers()] == ["another reader already has the name other"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("LocatesWords", "TypeError"),
        ("LocatesNumbers", "TypeError"),
        ("LocatesKinds", "TypeError"),
        ("LocatesNothing", "TypeError"),
        ("LocatesEnd", "SystemExit"),
        ("LocatesStore", "OperationalError"),
        ("FindsWords", "TypeError"),
        ("FindsSizes", "TypeError"),
        ("FindsEnd", "SystemExit"),
        ("FindsStore", "DatabaseError"),
        ("ReadsEnd", "SystemExit"),
    ],
)
def test_whatever_a_reader_of_another_package_does_is_an_error_of_its_own(
    packages: Path, tmp_path: Path, name: str, told: str
) -> None:
    reader = the_other(packages, name)
    with pytest.raises(ReaderFailed) as failed:
        for location in reader.locations({"HOME": str(tmp_path)}):
            for source in reader.discover(location):
                list(reader.read(source, None))
    assert told_as(failed.value) == told


def test_what_a_reader_of_another_package_prints_never_mixes_with_an_answer(
    packages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reader = the_other(packages, "Prints")
    (location,) = reader.locations({"HOME": str(tmp_path)})
    (source,) = reader.discover(location)
    assert list(reader.read(source, None)) == [Batch(b"")]
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
    assert isinstance(reader, Guarded)
    assert reader.prints


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Number", "cannot be used"),
        ("Boastful", "cannot be used"),
        ("LocatesWords", "its reader failed (TypeError)"),
        ("LocatesEnd", "its reader failed (SystemExit)"),
        ("FindsSizes", "its reader failed (TypeError)"),
        ("FindsEnd", "its reader failed (SystemExit)"),
        ("Prints", "its reader prints"),
    ],
)
def test_the_doctor_names_a_reader_of_another_package_that_does_not_behave(
    packages: Path, tmp_path: Path, name: str, told: str
) -> None:
    the_other(packages, name)
    found = diagnose(tmp_path / "ledger", {"HOME": str(tmp_path)}, tmp_path)
    findings = [check for check in found.parts["logs"] if check.finding]
    assert len(findings) == 1
    assert told in findings[0].found
    assert "package other_reader" in findings[0].hint


HANGING = """
import time
from tokcost.model.logs import Batch, Location, Source

class HangingReader:
    name = "hanging"
    def locations(self, environ): return [Location(environ["HOME"] + "/hanging", "file")]
    def discover(self, location):
        time.sleep(0.3)
        return [Source(location.path, 1, 1)]
    def read(self, source, cursor):
        time.sleep(0.3)
        yield Batch(b"")
"""


@pytest.fixture
def hanging(packages: Path) -> Reader:
    (packages / "hanging_reader.py").write_text(HANGING)
    register(packages, "hanging_reader:HangingReader")
    return readers()[-1]


def test_whoever_waits_for_a_reader_of_another_package_is_told_once_which_one_and_how_to_do_without(
    hanging: Reader,
) -> None:
    said: list[tuple[str, str]] = []
    with told_of_waiting(lambda *told: said.append(told), seconds=0.05):
        (source,) = hanging.discover(hanging.locations({"HOME": "/h"})[0])
        assert list(hanging.read(source, None)) == [Batch(b"")]
    ((sentence, hint),) = said
    assert sentence == "a reader of the package other_reader has been running for 0.05 seconds"
    assert "Ctrl-C" in hint
    assert "uninstall other_reader" in hint


def test_nobody_is_told_of_a_reader_that_answers_in_time(packages: Path) -> None:
    (packages / "other_reader.py").write_text(MODULE)
    register(packages, "other_reader:OtherReader")
    reader, said = readers()[-1], list[tuple[str, str]]()
    with told_of_waiting(lambda *told: said.append(told), seconds=0.1):
        assert reader.locations({"HOME": "/h"})
        time.sleep(0.3)
    assert said == []


def test_an_alarm_that_somebody_else_has_set_is_left_alone(hanging: Reader) -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: rung.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with told_of_waiting(lambda *_: rung.append(0), seconds=0.05):
            list(hanging.discover(hanging.locations({"HOME": "/h"})[0]))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert rung == [signal.SIGALRM]


def test_a_reader_that_is_asked_in_a_thread_of_a_server_rings_no_alarm(hanging: Reader) -> None:
    said: list[tuple[str, str]] = []

    def ask() -> None:
        with told_of_waiting(lambda *told: said.append(told), seconds=0.05):
            list(hanging.discover(hanging.locations({"HOME": "/h"})[0]))

    thread = Thread(target=ask)
    thread.start()
    thread.join()
    assert said == []
