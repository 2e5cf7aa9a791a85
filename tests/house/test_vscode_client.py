"""Both halves of the editor's protocol are one file each, and the extension says what its code does."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pygls.lsp.server import LanguageServer

from support.make_editor_states import states
from tokcost import __version__
from tokcost.lsp.protocol import FOLLOW, STATUS, FollowParams, status_params
from tokcost.lsp.server import TokcostServer
from tokcost.model.budget import Budget, Standing
from tokcost.model.status import Status
from tokcost.reports.drivers import LABELS
from tokcost.reports.page_json import budgets_shown
from tokcost.services.follow_folders import FolderStatus

CLIENT = Path(__file__).parent.parent.parent / "vscode-client"
MANIFEST: dict[str, Any] = json.loads((CLIENT / "package.json").read_text(encoding="utf-8"))
WORDS: dict[str, str] = json.loads((CLIENT / "package.nls.json").read_text(encoding="utf-8"))
SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted((CLIENT / "src").rglob("*.ts"))}
EVERYTHING = "\n".join(SOURCES.values())
PROTOCOL = SOURCES[CLIENT / "src/core/protocol.ts"]


def fields(name: str, *, needed: bool) -> set[str]:
    """The fields of an interface of the client: those always there, or those that may be missing."""
    (body,) = re.findall(rf"export interface {name}\b[^{{]*{{\n(.*?)^}}", PROTOCOL, re.MULTILINE | re.DOTALL)
    return set(re.findall(rf"^  readonly (\w+){'' if needed else '[?]'}:", body, re.MULTILINE))


@pytest.fixture(scope="module")
def server_commands(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    server: LanguageServer = TokcostServer(tmp_path_factory.mktemp("home"), {})
    return set(server.protocol.fm.commands)


def test_the_client_knows_the_fields_that_the_server_sends() -> None:
    nowhere = status_params("file:///x", FolderStatus("/x", None), importing=False)
    assert fields("Status", needed=True) == nowhere.keys()
    found = FolderStatus("/x", Status("main", "/x"))
    assert fields("Status", needed=False) <= status_params("file:///x", found, importing=False).keys()
    lines = status_params("file:///x", found, importing=False)["cost_lines"]
    assert fields("CostLines", needed=True) == lines.keys()
    budgets = budgets_shown(Status("main", "/x", budgets=(Standing(Budget("day"), 0, 0),)))
    assert fields("Budget", needed=True) <= budgets[0].keys()


def test_the_client_knows_what_the_server_tells_of_a_page() -> None:
    told: dict[str, Any] = states()[0]["status"]["page"]
    assert fields("BranchPage", needed=True) == told.keys()
    assert fields("Why", needed=True) <= told["why"].keys()
    branch = told["branch"]
    assert (
        fields("Figures", needed=True) | fields("Split", needed=True) | fields("Branch", needed=True) <= branch.keys()
    )
    assert fields("Commit", needed=True) <= branch["commits"][0].keys()
    (model,) = branch["models"].values()
    assert fields("Figures", needed=True) | fields("Model", needed=True) <= model.keys()
    lines = states()[0]["status"]["next"]
    assert fields("NextLines", needed=True) == lines.keys()
    follow = {field.name for field in dataclasses.fields(FollowParams)}
    assert fields("Follow", needed=True) == follow


def test_the_client_names_the_drivers_by_the_same_words() -> None:
    page = SOURCES[CLIENT / "src/webview/drivers.ts"]
    words = dict(re.findall(r'^  (\w+): \[t\("([^"]+)"\), "\w+"\],$', page, re.MULTILINE))
    assert words == {name: label[0].upper() + label[1:] for name, label in LABELS.items()}


def test_the_client_asks_what_the_server_answers(server_commands: set[str]) -> None:
    asked = set(re.findall(r'\.command(?:<[^(]*>)?\("(\w+)"', EVERYTHING))
    assert asked >= {"preview", "enable", "disable", "omit", "budget", "doctor", "report"}
    assert {f"tokcost.{name}" for name in asked} <= server_commands
    assert f'"{STATUS}"' in PROTOCOL
    assert f'"{FOLLOW}"' in PROTOCOL


def test_the_commands_of_the_manifest_are_those_of_the_code_and_none_of_the_servers(server_commands: set[str]) -> None:
    told = {command["command"] for command in MANIFEST["contributes"]["commands"]}
    (registered,) = (text for path, text in SOURCES.items() if path.name == "commands.ts")
    found = set(re.findall(r"^    (\w+)(?:: |,$)", registered, re.MULTILINE))
    assert told == {f"tokcost.{name}" for name in found}
    assert not told & server_commands  # vscode-languageclient registers those itself


def test_every_command_and_setting_that_is_named_is_there() -> None:
    told = {command["command"] for command in MANIFEST["contributes"]["commands"]}
    texts = EVERYTHING + json.dumps(MANIFEST["contributes"]) + json.dumps(WORDS)
    named = set(re.findall(r'(?:command:|"command": ?"|command: ")(tokcost\.\w+)', texts))
    assert named <= told
    settings = MANIFEST["contributes"]["configuration"]["properties"]
    assert all(setting["markdownDescription"] for setting in settings.values())


def test_what_the_manifest_says_can_be_translated() -> None:
    """VS Code takes `%key%` from package.nls.json, and from package.nls.LANGUAGE.json where there is one."""
    assert set(re.findall(r'"%([\w.]+)%"', json.dumps(MANIFEST))) == WORDS.keys()
    shown = ("title", "displayName", "description", "markdownDescription", "altText", "contents")
    plain = re.findall(rf'"({"|".join(shown)})": "(?!%)([^"]+)"', json.dumps(MANIFEST))
    assert plain == [("title", "tokcost")]  # a name is the same everywhere


def test_what_the_extension_says_can_be_translated() -> None:
    """Files that know the editor ask it for words, all others ask `core/words.ts`; `l10n/bundle.l10n.json` has all of
    them for translators."""
    everything = "\n".join(SOURCES.values())
    asked = {json.loads(text) for text in re.findall(r'\bt\(\s*("(?:[^"\\]|\\.)*")', everything)}
    assert asked == json.loads((CLIENT / "l10n/bundle.l10n.json").read_text(encoding="utf-8")).keys()
    assert MANIFEST["l10n"] == "./l10n"
    told = re.findall(
        r'(?:title|placeHolder|prompt|label|openLabel|description|detail|message): "([A-Za-z][^"]+)"', everything
    )
    assert told == []
    entry = next(text for path, text in SOURCES.items() if path.name == "extension.ts")
    assert re.findall(r"^import .*", entry, re.MULTILINE)[0].startswith('import "./server/language";')


def test_the_extension_has_the_version_of_the_server_that_it_carries() -> None:
    assert MANIFEST["version"] == __version__
    lock = json.loads((CLIENT / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["version"] == __version__
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


@pytest.mark.parametrize("path", SOURCES, ids=[str(path.relative_to(CLIENT)) for path in SOURCES])
def test_every_module_of_the_client_says_why_it_exists(path: Path) -> None:
    assert SOURCES[path].startswith("/**")


def test_only_the_parts_that_show_know_the_editor() -> None:
    pure = [path for path in SOURCES if path.parent.name in ("core", "disk", "webview")]
    assert len(pure) > 15
    assert not [path for path in pure if re.search(r'from "(vscode|\.\./(ui|server)/)', SOURCES[path])]


def test_nothing_in_the_client_goes_out() -> None:
    """No telemetry, no request: pip alone asks an index, when somebody agreed to it."""
    assert not re.search(r"\bfetch\(|XMLHttpRequest|node:https?|node:net|createTelemetryLogger", EVERYTHING)


def test_the_client_starts_programs_in_two_places_and_no_git() -> None:
    starts = {path.name for path, text in SOURCES.items() if re.search(r"child_process|command: launch", text)}
    assert starts == {"run.ts", "connection.ts"}
    assert not re.search(r"""["'`]git(\.exe)?["'`]""", EVERYTHING)
    assert "env: serverEnvironment(process.env)" in SOURCES[CLIENT / "src/server/connection.ts"]


def test_the_readme_of_the_client_names_its_settings() -> None:
    readme = (CLIENT / "README.md").read_text(encoding="utf-8")
    assert [name for name in MANIFEST["contributes"]["configuration"]["properties"] if f"`{name}`" not in readme] == []


def test_a_carried_server_can_be_run_as_the_client_runs_it() -> None:
    command = [sys.executable, "-m", "tokcost", "lsp", "--help"]
    assert '"-m", "tokcost", "lsp"' in EVERYTHING
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
