"""Inputs that no program writes: nothing crashes or hangs, no count is below zero, and memory stays flat.

TOKCOST_INPUTS says how many inputs each test makes, TOKCOST_SEED which ones.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from estimates import writing
from readers import (
    test_aider,
    test_amp,
    test_cline_tasks,
    test_copilot_chat,
    test_goose,
    test_grok,
    test_junie,
    test_kimi,
    test_mux,
    test_pi,
)
from readers.test_broken_lines import KINDS, raw
from support import samples
from support.boundaries import SEED, record_figures
from support.editor import Editor
from support.git_sandbox import GitSandbox
from support.hooked import Hooked
from support.mutations import Mutations
from support.opencode_store import T0, StoreOf, message
from tokcost.errors import TokcostError
from tokcost.files.toml import TomlDamaged, read_toml
from tokcost.guards.json_text import Entry, UnreadableJson, insertions, without
from tokcost.history.areas import by_owners
from tokcost.history.report_policy import area_of, read_report_policy
from tokcost.model.bounds import within_bounds
from tokcost.model.commit_message import drop_lines, lift_lines, lines_in, split_message
from tokcost.model.logs import Source
from tokcost.model.received import Received
from tokcost.model.trailer import format_line, highest, read_message
from tokcost.model.usage import Tokens
from tokcost.policy.budgets import read_budgets
from tokcost.policy.clone_state import read_state
from tokcost.policy.consent import read_policy
from tokcost.policy.repository_file import POLICY_FILE
from tokcost.policy.rules import read_rules
from tokcost.pricing.override_file import parse_overrides
from tokcost.readers.protocol import Reader
from tokcost.readers.registry import reader_named, readers
from tokcost.readers.sources.files import file_source
from tokcost.receivers.store import line_of
from tokcost.repo.config import read_config
from tokcost.repo.history import find_repository
from tokcost.repo.worktree import find_worktree

pytestmark = pytest.mark.slow
INPUTS = int(os.environ.get("TOKCOST_INPUTS", "1500"))
MOST_SECONDS = 5.0
"""Of the processor for one input of a few kilobytes."""
MOST_GROWTH = 40_000
"""Kilobytes that the process grows by after the first third."""

MESSAGES = (
    "Subject\n\nBody\n\nAI-Cost: ~2 USD list; ~1M tokens; claude-opus-4-5, gpt-5.1-codex; 7k3qf9x2m4tc\n",
    "Subject\n\nAI-Cost: 1.8432 USD list; 912345 tokens; claude-opus-4-5; 7k3qf9x2m4tc.2\n"
    "AI-Tokens: input=1 output=5 cache-read=2 cache-write-5m=3 cache-write-1h=4; 7k3qf9x2m4tc.2\n",
    "x\n\n* one\n\n    AI-Cost: unpriced; ~20k tokens; -; 7k3qf9x2m4ta\n\n# comment\nSigned-off-by: A <a@b.c>\n",
    "x\n\n> AI-Cost: ~2 USD list + unpriced; ~1M tokens; a-very-long-model-name-that-goes-on-and-on,\n"
    ">   another +3; 8k3qf9x2m4tc\nBREAKING CHANGE: all\nCo-authored-by: B <b@c.d>\n",
    "# ------------------------ >8 ------------------------\ndiff --git a b\nAI-Cost: 5 USD\n",
)
TOML = (
    b'[trailers]\npolicy = "recommend"\nprecision = "coarse"\nmodels = false\n[budget]\nbranch = "12.50"\nday = 3\n',
    b'[[rules]]\nname = "n"\nbranch = "feat/*"\nmodel = ["claude-opus-*"]\nover = "5"\nsubagent = true\nsay = "x"\n'
    b'[[rules]]\nname = "m"\ncontext = 200000\nkind = "compaction"\nper = "day"\narea = "src/**"\noutside = ["d/*"]\n',
    b'[report]\ncontributors = 4\n[areas]\nA = ["src/a/**", "b"]\nB = "docs/*"\n[types]\nfix = ["fix", "[bug]*"]\n',
    b'[[price]]\nmatch = "my-model"\ninput = "3"\noutput = "15.0"\ncache_read = "0.3"\nfrom = 2026-01-01\n'
    b'[[price]]\nmatch = "x"\ninput = "1.25"\nabove = 200000\ndiscount = "10"\nprovider = "p"\nnote = "n"\n',
)
OWNERS = (b"* @acme/all\n/docs/ @acme/docs a@b.c\n[Section][2] @acme/web\n*.js\n^[Opt]\n/a\\ b/ @acme/x # why\n",)
CONFIG = (
    b'[core]\n\trepositoryformatversion = 0\n\thooksPath = "a b"\n[branch "x"]\n\tremote = origin\n'
    b"[tokcost]\n\tenabled = true\n\tconsent = 0-00-1-2-3\n[include]\n\tpath = ../other\n"
    b'[tokcost "budget"]\n\tbranch = 5\n',
)
SETTINGS = ('{"model": "x", "hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": []}]}}\n', "{\n}\n", '{"hooks":{}}')


RECORDED = {"opencode", "qwen-code", "copilot-cli", "gemini-cli"}
"""Readers whose logs are recordings alone, of which a run takes some."""


class Log(NamedTuple):
    """A source of a reader, and what to make inputs of."""

    reader: Reader
    source: Source
    data: bytes


class Watch:
    """Counts inputs, and what they take."""

    def __init__(self, name: str, memory: Callable[[], int] = lambda: _memory("self")) -> None:
        """`memory` is that of the process which takes the inputs, in kilobytes."""
        self._memory = memory
        self.mutations = Mutations(f"{SEED} {name}")
        self._name, self._count, self._slowest, self._base = name, 0, 0.0, 0

    def inputs(self) -> Iterator[int]:
        """As many numbers as there are to be inputs."""
        for number in range(INPUTS):
            if number == INPUTS // 3:
                self._base = self._memory()
            yield number
            self._count += 1
        grown = self._memory() - self._base
        assert grown < MOST_GROWTH, f"{grown} kB more after {self._count} inputs"
        record_figures("fuzz", self._name, inputs=self._count, slowest_ms=round(self._slowest * 1000), grown_kb=grown)

    @contextmanager
    def one(self, data: object) -> Iterator[None]:
        """One input: whatever escapes is told with it."""
        begun = time.process_time()
        try:
            yield
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error} at input {self._count}: {data!r}") from error
        taken = time.process_time() - begun
        self._slowest = max(self._slowest, taken)
        assert taken < MOST_SECONDS, f"{taken} seconds for input {self._count}: {data!r}"


def _memory(process: int | str) -> int:
    """The largest memory of a process so far, in kilobytes."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def test_messages() -> None:
    """The claims that are read of a message are read again once it was lifted."""
    watch = Watch("messages")
    for _ in watch.inputs():
        text = watch.mutations.chance.choice(MESSAGES)
        text = watch.mutations.of_bytes(text.encode()).decode("utf-8", "surrogateescape")
        with watch.one(text):
            found = read_message(text)
            assert all(one.tokens >= 0 and one.version > 0 for one in found.lines)
            for line in found.lines:
                again = read_message(format_line(line)).lines
                assert [(one.id, one.version, one.tokens) for one in again] == [(line.id, line.version, line.tokens)]
            split_message(text)
            before = {name: (one.version, one.tokens) for name, one in highest(lines_in(text)).items()}
            for _ in range(2):
                text = lift_lines(text)
                assert {name: (one.version, one.tokens) for name, one in highest(lines_in(text)).items()} == before
            drop_lines(text)


def settings_read(repo: GitSandbox, home: Path, data: bytes) -> list[object]:
    """What each parser of settings makes of a file: of the user, and of the repository."""
    (repo.path / POLICY_FILE).write_bytes(data)
    (home / "config.toml").write_bytes(data)
    worktree = find_worktree(str(repo.path))
    assert worktree is not None
    here = read_state(worktree)
    readings: list[Callable[[], object]] = [
        lambda: read_toml(data),
        lambda: parse_overrides(Path("prices.toml"), data),
        lambda: read_rules(home, here).found,
        lambda: [one for one in read_budgets(here, "main").found if one.source == "repository"],
        lambda: read_policy(here).coarse_only,
    ]
    found: list[object] = []
    for read in readings:
        try:
            found.append(read())
        except (TomlDamaged, TokcostError):
            found.append(None)
    return found


@pytest.fixture
def settings(tmp_path: Path) -> tuple[GitSandbox, Path]:
    home = tmp_path / "ledger"
    home.mkdir()
    return GitSandbox(tmp_path / "repo"), home


def test_settings_in_toml(settings: tuple[GitSandbox, Path]) -> None:
    watch = Watch("toml")
    of_seeds = [settings_read(*settings, data) for data in TOML]
    assert all(map(any, zip(*of_seeds, strict=True))), of_seeds
    for _ in watch.inputs():
        data = watch.mutations.of_bytes(watch.mutations.chance.choice(TOML))
        with watch.one(data):
            settings_read(*settings, data)


def test_settings_of_reports(tmp_path: Path) -> None:
    """Areas and types as a commit has them, and the owners that a forge knows."""
    watch = Watch("settings of reports")
    repo = GitSandbox(tmp_path / "repo")
    tables = [one for one in TOML if b"areas" in one]
    assert by_owners(OWNERS[0].decode())("docs/a") == "acme/docs"
    for number in watch.inputs():
        owners = watch.mutations.of_bytes(watch.mutations.chance.choice(OWNERS)).decode("utf-8", "replace")
        with watch.one(owners), suppress(ValueError):
            by_owners(owners)("docs/a b/c.js")
        if number % 25 == 0:  # as slow as many others
            (repo.path / POLICY_FILE).write_bytes(
                data := watch.mutations.of_bytes(watch.mutations.chance.choice(tables))
            )
            repo.git("add", "-A")
            repo.git("commit", "-q", "--allow-empty", "-m", "x")
            repository = find_repository(str(repo.path))
            with watch.one(data), suppress(TokcostError):
                area = area_of(repository, repo.head(), read_report_policy(repository, repo.head()), [])("src/a/b")
                assert number or area == "A"


def test_configuration_of_git(tmp_path: Path) -> None:
    watch = Watch("git configuration")
    (tmp_path / "config").touch()
    for _ in watch.inputs():
        data = watch.mutations.of_bytes(watch.mutations.chance.choice(CONFIG))
        (tmp_path / "config").write_bytes(data)
        with watch.one(data):
            config = read_config(str(tmp_path))
            config.section("tokcost")
            config.section("branch", "x")


def test_settings_of_assistants() -> None:
    """An entry that is put in is taken out to the character."""
    watch = Watch("settings of assistants")
    entry = Entry(("hooks", "PreToolUse"), {"hooks": [{"command": "tokcost guard check x"}]})
    for _ in watch.inputs():
        text = watch.mutations.of_line(watch.mutations.chance.choice(SETTINGS).encode()).decode("utf-8", "replace")
        with watch.one(text):
            try:
                after, pieces = insertions(text, [entry])
            except UnreadableJson:
                continue
            json.loads(after)
            assert without(after, pieces) == text


def recorded(folder: Path, is_wanted: Callable[[Path], bool]) -> list[Log]:
    """Small logs of real assistants."""
    found: list[Log] = []
    chance = Mutations(f"{SEED} homes").chance
    names = [(name, samples.RECORDED) for name in samples.names(samples.RECORDED)]
    names += [(name, samples.SAMPLES) for name in samples.names()]
    for name, root in chance.sample(names, min(40, len(names))):
        sample = samples.unpack(name, folder, root)
        for reader in readers():
            for source in (one for place in reader.locations(sample.environ) for one in reader.discover(place)):
                path = Path(source.path)
                if path.is_file() and source.path.startswith(str(folder)) and is_wanted(path):
                    found.append(Log(reader, source, path.read_bytes()))
    return found


def made(folder: Path) -> list[Log]:
    """Logs of assistants that were never run here, as our other tests write them."""
    found: list[Log] = []
    for number, kind in enumerate(KINDS.values()):
        path = folder / str(number) / kind.name
        path.parent.mkdir(parents=True)
        lines = [*kind.first, *(kind.reply(one) for one in range(5)), kind.other]
        path.write_bytes(kind.pack(b"".join(raw(one) + b"\n" for one in lines)))
        found.append(_log(kind.reader, path))
    replies = [test_pi.reply(name) for name in "abc"]
    others = {
        test_pi.session(folder, test_pi.HEAD, *replies): test_pi.READER,
        test_junie.events(folder, test_junie.moved(), test_junie.response(), test_junie.response()): test_junie.READER,
        test_kimi.wire(folder, test_kimi.request(), test_kimi.used(), test_kimi.used(600)): test_kimi.READER,
        test_grok.session(folder, test_grok.turn(), test_grok.turn("p-2")): test_grok.READER,
        test_mux.chat(folder, test_mux.message(), test_mux.message("assistant-2-b")): test_mux.READER,
        test_amp.thread(folder, test_amp.message(2, test_amp.usage()), events=[test_amp.event()]): test_amp.READER,
    }
    for name in ("cline", "roo-code", "kilo-code"):
        requests = [test_cline_tasks.request(at, provider="anthropic") for at in (0, 5)]
        others[test_cline_tasks.task(folder, name, *requests)] = reader_named(name)
    copilot = writing.Copilot(folder / "copilot", folder)
    others |= {
        test_pi.session(folder / "omp", test_pi.HEAD, *replies): reader_named("omp"),
        test_aider.history(folder, test_aider.session(), *(test_aider.turn() for _ in range(3))): reader_named("aider"),
        copilot.keeps(writing.request(1, T0), writing.request(2, T0)): reader_named("copilot-chat-text"),
        _received(folder): reader_named("otel"),
    }
    return [*found, *(_log(reader, path) for path, reader in others.items())]


def _received(folder: Path) -> Path:
    """The file of responses that assistants have sent."""
    path = folder / "received.jsonl"
    sent = [Received("claude-code", str(number), T0, "claude-opus-4-5", "s", Tokens(5)) for number in range(3)]
    path.write_bytes(b"".join(map(line_of, sent)))
    return path


def made_stores(folder: Path) -> list[Log]:
    """Stores of assistants that were never run here."""
    goose = test_goose.Store(folder)
    goose.session()
    goose.call()
    opencode = StoreOf(folder / "opencode.db")
    opencode.session()
    opencode.say("m", message())
    cursor = writing.Cursor(folder, folder)
    cursor.says(1, T0)
    spans = test_copilot_chat.store(folder, test_copilot_chat.span())
    of = {goose.path: "goose", opencode.path: "kilo", cursor.path: "cursor-text", spans: "copilot-chat"}
    return [_log(reader_named(name), path) for path, name in of.items()]


def _log(reader: Reader, path: Path) -> Log:
    """A log, which tells of usage as it stands: inputs made of another one would end at its first line."""
    source = file_source(str(path), os.stat(path))
    assert any(batch.usage for batch in reader.read(source, None)), (reader.name, path)
    return Log(reader, source, path.read_bytes())


def read_twice(log: Log, data: bytes, watch: Watch) -> None:
    """Read an input whole, and go on from where that ended; and all of it again as another reader's cursor has it."""
    path = Path(log.source.path)
    path.write_bytes(data)
    source = log.source._replace(size=len(data), mtime_ns=log.source.mtime_ns + watch.mutations.chance.randrange(99))
    with watch.one((log.reader.name, data)), suppress(OSError):  # the source cannot be read, and says why
        cursor: bytes | None = None
        for _ in range(2):
            for batch in log.reader.read(source, cursor):
                sound = within_bounds(batch, log.reader.name)
                assert all(min(one.tokens) >= 0 for one in sound.usage)
                cursor = batch.cursor
        if watch.mutations.chance.random() < 0.1:
            list(log.reader.read(source, watch.mutations.of_bytes(cursor or b"{}")))


def test_logs_of_lines_and_documents(tmp_path: Path) -> None:
    watch = Watch("logs")
    logs = [one for one in recorded(tmp_path / "r", lambda path: path.suffix != ".db") if 0 < len(one.data) < 200_000]
    logs += made(tmp_path / "m") * 3
    names = {one.reader.name for one in logs}
    others = names | {one.reader.name for one in made_stores(tmp_path / "s")}
    assert {one.name for one in readers()} - others <= RECORDED, others
    for _ in watch.inputs():
        log = watch.mutations.chance.choice(logs)
        lines = log.data.splitlines() if log.source.path.endswith(".jsonl") else []
        data = watch.mutations.of_lines(lines) if lines else watch.mutations.of_line(log.data[:20_000])
        read_twice(log, data, watch)


def test_stores(tmp_path: Path) -> None:
    """Damaged pages of SQLite; a store that cannot be read says so with an `OSError`."""
    watch = Watch("stores")
    logs = recorded(tmp_path / "r", lambda path: path.suffix == ".db")
    logs += made_stores(tmp_path / "m") * max(1, len(logs) // 4)
    for number in watch.inputs():
        if number % 10:
            continue  # as slow as ten others
        log = watch.mutations.chance.choice(logs)
        data = bytearray(log.data)
        for _ in range(watch.mutations.chance.choice((1, 5, 50))):
            data[watch.mutations.chance.randrange(len(data))] = watch.mutations.chance.randrange(256)
        read_twice(log, bytes(data), watch)


ASKED = (
    (
        "textDocument/didOpen",
        {"textDocument": {"uri": "file:///x", "languageId": "git-commit", "version": 1, "text": ""}},
    ),
    ("textDocument/didChange", {"textDocument": {"uri": "file:///x", "version": 2}, "contentChanges": [{"text": "a"}]}),
    ("textDocument/hover", {"textDocument": {"uri": "file:///x"}, "position": {"line": 0, "character": 0}}),
    ("textDocument/codeLens", {"textDocument": {"uri": "file:///x"}}),
    ("textDocument/completion", {"textDocument": {"uri": "file:///x"}, "position": {"line": 0, "character": 3}}),
    ("workspace/executeCommand", {"command": "tokcost.refresh", "arguments": [{"folder": "file:///x"}]}),
    ("workspace/didChangeWorkspaceFolders", {"event": {"added": [{"uri": "file:///y", "name": "y"}], "removed": []}}),
    ("tokcost/summary", {"uri": "file:///x"}),
    ("$/cancelRequest", {"id": 3}),
    ("$/setTrace", {"value": "off"}),
)


def test_messages_of_an_editor(tmp_path: Path) -> None:
    """One server takes them all, and answers the next one that is well-formed."""
    repo = Hooked(tmp_path, rooted=True)
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        watch = Watch("editor's messages", lambda: _memory(editor.process.pid))
        for number in watch.inputs():
            method, params = watch.mutations.chance.choice(ASKED)
            message = {"jsonrpc": "2.0", "method": method, "params": params}
            if watch.mutations.chance.random() < 0.6:
                message["id"] = 1_000_000 + number
            body = watch.mutations.of_line(json.dumps(message).encode())
            editor.bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            if number % 250 == 249:
                editor.request("workspace/executeCommand", {"command": "tokcost.refresh", "arguments": [{}]})
                editor.messages[:] = editor.messages[-50:]
                editor.raw = b""
        assert b"Traceback" not in editor.errors, editor.errors[-2000:]
        assert editor.quit() == 0
