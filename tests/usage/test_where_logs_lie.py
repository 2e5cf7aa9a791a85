"""Logs are found behind links and in the folders of desktop apps, each once; what is not read is named."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.claude_lines import append, assistant, encode, write
from tokcost.ledger.open import open_ledger
from tokcost.ledger.query import span
from tokcost.readers.registry import readers
from tokcost.services import doctor
from tokcost.services.refresh import refresh

T0 = 1_790_000_000_000
DESKTOP = "Claude/local-agent-mode-sessions/account/organisation/local_1"


class Home:
    """A home folder, a ledger, and an environment."""

    def __init__(self, path: Path) -> None:
        self.path, self.ledger = path / "home", path / "ledger"
        self.elsewhere = path / "elsewhere"
        self.projects, self.sessions = self.path / ".claude/projects", self.path / ".codex/sessions"
        self.environ = {"HOME": str(self.path)}
        self.projects.mkdir(parents=True)
        self.written = 0

    def say(self, path: Path) -> None:
        """Another response in a transcript."""
        self.written += 1
        line = assistant(f"msg_{self.written}", f"req_{self.written}", T0 + self.written)
        (append if path.exists() else write)(path, line)

    def look(self) -> tuple[int, int]:
        """Import; how many files there are, and how much usage the ledger has."""
        files = refresh(self.ledger, self.environ).found_files
        with open_ledger(self.ledger) as ledger:
            return files, span(ledger)[0]

    def doctor(self) -> str:
        """What `tokcost doctor` says of the logs."""
        checks = doctor.diagnose(self.ledger, self.environ, self.path).parts["logs"]
        return "\n".join(f"{check.subject} {check.found}" for check in checks)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def link(at: Path, to: Path) -> None:
    at.parent.mkdir(parents=True, exist_ok=True)
    at.symlink_to(to)


def project(home: Home) -> Path:
    link(home.projects / "-app", home.elsewhere / "app")
    return home.elsewhere / "app/s.jsonl"


def all_projects(home: Home) -> Path:
    home.projects.rmdir()
    link(home.projects, home.elsewhere / "projects")
    return home.elsewhere / "projects/-app/s.jsonl"


def configuration_folder(home: Home) -> Path:
    home.projects.rmdir()
    home.projects.parent.rmdir()
    link(home.projects.parent, home.elsewhere / "claude")
    return home.elsewhere / "claude/projects/-app/s.jsonl"


def links_in_links(home: Home) -> Path:
    link(home.projects / "-app", home.elsewhere / "one")
    link(home.elsewhere / "one/two", home.elsewhere / "two")
    link(home.elsewhere / "two/three", home.elsewhere / "three")
    return home.elsewhere / "three/four/s.jsonl"


def transcript(home: Home) -> Path:
    link(home.projects / "-app/s.jsonl", home.elsewhere / "s.jsonl")
    return home.elsewhere / "s.jsonl"


@pytest.mark.parametrize("make", [project, all_projects, configuration_folder, links_in_links, transcript])
def test_what_stands_behind_a_link_is_read_and_so_is_what_comes_later(home: Home, make: Callable[[Home], Path]) -> None:
    log = make(home)
    home.say(log)
    assert (home.look(), home.look()) == ((1, 1), (1, 1))
    home.say(log)
    assert home.look() == (1, 2)
    if make is not transcript:
        home.say(log.parent / "t.jsonl")
        home.say(log.parent / "deeper/u.jsonl")
        assert home.look() == (3, 4)


@pytest.mark.parametrize("levels", [("2026",), ("2026", "10"), ("2026", "10", "07"), ("2026", "*10", "*07")])
def test_folders_of_years_months_and_days_may_be_links(home: Home, levels: tuple[str, ...]) -> None:
    day = home.sessions / "2026/10/07"
    day.mkdir(parents=True)
    thread = "019a0000-0000-7000-8000-000000000001"
    usage = {"input_tokens": 100, "cached_input_tokens": 0, "output_tokens": 5}
    records = [
        ("session_meta", {"id": thread, "cwd": "/r"}),
        ("turn_context", {"turn_id": "t", "model": "gpt-5.5"}),
        ("token_usage_record", {"thread_id": thread, "turn_id": "t", "response_id": "resp_1", "usage": usage}),
    ]
    lines = [{"timestamp": "2026-10-07T10:00:00.000Z", "type": kind, "payload": payload} for kind, payload in records]
    (day / f"rollout-2026-10-07T10-00-00-{thread}.jsonl").write_bytes(b"".join(map(encode, lines)))
    folders = [home.sessions.joinpath(*(name.strip("*") for name in levels[: n + 1])) for n in range(len(levels))]
    home.elsewhere.mkdir()
    linked = [folder for folder, name in zip(folders, levels, strict=True) if "*" in name] or folders[-1:]
    for n, folder in enumerate(reversed(linked)):
        folder.rename(home.elsewhere / str(n))
        folder.symlink_to(home.elsewhere / str(n))
    assert home.look() == (1, 1)


def test_one_folder_under_several_names_counts_once_whenever_the_names_were_made(home: Home) -> None:
    home.say(home.elsewhere / "app/s.jsonl")
    link(home.projects / "a", home.elsewhere / "app")
    link(home.projects / "b", home.elsewhere / "app")
    assert home.look() == (1, 1)
    home.say(home.projects / "c/s.jsonl")
    assert home.look() == (2, 2)
    link(home.projects / "c/again", home.elsewhere / "app")
    assert home.look() == (2, 2)
    home.say(home.elsewhere / "app/s.jsonl")
    assert home.look() == (2, 3)


def test_one_place_under_two_names_is_one_place(home: Home) -> None:
    home.say(home.projects / "-app/s.jsonl")
    link(home.path / ".config/claude", home.path / ".claude")
    assert home.look() == (1, 1)
    link(home.elsewhere / "same", home.path / ".claude")
    home.environ["CLAUDE_CONFIG_DIR"] = f"{home.path}/.claude,{home.elsewhere}/same, ~/.claude/ ,{home.projects}"
    assert home.look() == (1, 1)


def test_links_that_lead_in_circles_end(home: Home) -> None:
    home.say(home.elsewhere / "one/s.jsonl")
    home.say(home.elsewhere / "two/s.jsonl")
    link(home.projects / "-app", home.elsewhere / "one")
    link(home.elsewhere / "one/two", home.elsewhere / "two")
    link(home.elsewhere / "two/one", home.elsewhere / "one")
    link(home.elsewhere / "two/up", home.elsewhere)
    link(home.elsewhere / "two/here", home.elsewhere / "two")
    link(home.elsewhere / "two/home", home.path)
    link(home.projects / "loop", home.projects / "loop")
    home.say(home.elsewhere / "private.jsonl")  # what a link leads to may link to all that contains it
    assert home.look() == (2, 2)


@pytest.mark.few
@pytest.mark.parametrize("settings", [".config", "Library/Application Support", "xdg"])
def test_the_desktop_apps_agent_mode_is_read(home: Home, settings: str) -> None:
    home.environ |= {"XDG_CONFIG_HOME": str(home.path / "xdg")} if settings == "xdg" else {}
    session = home.path / settings / DESKTOP
    home.say(session / ".claude/projects/-app/s.jsonl")
    home.say(session / ".claude/projects/-app/s/subagents/agent-1.jsonl")
    write(session / "audit.jsonl", assistant("msg_a", "req_a", T0))
    write(session / ".claude/history.jsonl", assistant("msg_b", "req_b", T0))
    assert (home.look(), home.look()) == ((2, 2), (2, 2))
    home.say(session.parent / "local_2/.claude/projects/-app/s.jsonl")
    write(session.parent / "local_2/audit.jsonl", assistant("msg_c", "req_c", T0))
    assert home.look() == (3, 3)
    assert f"claude-code {session.parents[2]}: 3 files" in home.doctor()


@pytest.mark.skipif(sys.platform == "win32", reason="APPDATA is set there anyway")
def test_the_desktop_apps_agent_mode_is_read_on_windows(home: Home) -> None:
    home.environ["APPDATA"] = str(home.path / "AppData/Roaming")
    home.say(home.path / "AppData/Roaming" / DESKTOP / ".claude/projects/-app/s.jsonl")
    assert home.look() == (1, 1)


def test_agent_mode_is_read_wherever_claude_code_itself_was_told_to_keep_its_logs(home: Home) -> None:
    home.environ["CLAUDE_CONFIG_DIR"] = str(home.path / "moved")
    home.say(home.path / ".config" / DESKTOP / ".claude/projects/-app/s.jsonl")
    home.say(home.path / "moved/projects/-app/s.jsonl")
    assert home.look() == (2, 2)


def test_the_usual_folder_is_named_where_the_environment_names_another(home: Home) -> None:
    home.say(home.projects / "-app/s.jsonl")
    home.sessions.mkdir(parents=True)
    assert "not read" not in home.doctor()
    home.environ |= {"CLAUDE_CONFIG_DIR": str(home.path / "moved"), "CODEX_HOME": str(home.path / "moved")}
    said = home.doctor()
    assert f"claude-code {home.projects}: found, but not read: an environment variable names another folder" in said
    assert f"codex {home.sessions}: found, but not read: an environment variable names another folder" in said


PLACES = {
    ".cursor/projects": "cursor",
    ".config/Cursor/User/globalStorage/state.vscdb": "cursor",
    "Library/Application Support/Cursor/User/globalStorage/state.vscdb": "cursor",
    ".config/Code/User/globalStorage/saoudrizwan.claude-dev": "cline",
    ".cline/data": "cline",
    ".config/VSCodium/User/globalStorage/rooveterinaryinc.roo-cline": "roo-code",
    ".aider.chat.history.md": "aider",
    ".local/share/goose/sessions": "goose",
    "Library/Application Support/goose/sessions": "goose",
    ".local/share/crush/projects.json": "crush",
    ".local/share/zed/threads": "zed",
    ".factory/sessions": "droid",
    ".gemini/antigravity": "antigravity",
    ".codeium/windsurf": "windsurf",
    ".kiro/sessions": "kiro",
    ".pi/agent/sessions": "pi",
}
SEEN = {path: name for path, name in PLACES.items() if name not in {reader.name for reader in readers()}}
"""Those without a reader."""


@pytest.mark.parametrize("path", SEEN)
def test_assistants_that_were_seen_and_are_not_read_are_named(home: Home, path: str) -> None:
    assert f"\n{SEEN[path]} " not in home.doctor()
    (home.path / path).mkdir(parents=True)
    (told,) = (line for line in home.doctor().splitlines() if line.startswith(f"{SEEN[path]} "))
    before, reason = told.split(f"{home.path / path}: found, but not read: ")
    assert before == f"{SEEN[path]} "
    assert len(reason) > len("it keeps no counts")


@pytest.mark.parametrize("user", [".config/Code/User", ".vscode-server/data/User"])
def test_an_assistant_that_counts_only_where_it_is_told_to_is_named_with_what_to_switch_on(
    home: Home, user: str
) -> None:
    folder = home.path / user / "globalStorage/github.copilot-chat"
    folder.mkdir(parents=True)
    assert f"copilot-chat {folder}: found, but not read: it logs counts only while github.copilot.chat" in home.doctor()
    (folder / "agent-traces.db").write_bytes(b"")
    assert "it logs counts only while" not in home.doctor()


def test_each_of_them_is_named_once(home: Home) -> None:
    for path, name in SEEN.items():
        if name == "cursor":
            (home.path / path).mkdir(parents=True)
    assert home.doctor().count("\ncursor ") == 1


def test_a_variable_of_their_own_is_heeded(home: Home) -> None:
    home.environ["CONTINUE_GLOBAL_DIR"] = str(home.elsewhere)
    (home.elsewhere / "sessions").mkdir(parents=True)
    assert f"continue {home.elsewhere}/sessions: found, but not read" in home.doctor()
