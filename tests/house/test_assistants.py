"""The page on assistants says what their readers declare."""

import ast
import re
from itertools import takewhile
from pathlib import Path

import pytest

from tokcost.model.logs import Capabilities
from tokcost.model.received import FROM_TEXT
from tokcost.model.usage import Tokens
from tokcost.readers.environment import editor_users
from tokcost.readers.guarded import Guarded
from tokcost.readers.known_places import known_places
from tokcost.readers.protocol import Reader
from tokcost.readers.registry import readers

ROOT = Path(__file__).parent.parent.parent
HEAD = (
    "| assistant | checked with | counts | the counts are | names a folder for | names a branch for "
    "| keeps its logs | billed but not logged |"
)
PLACES = "| assistant | looks for logs in |"

BY_THEIR_SOURCE = {"roo-code", "kilo-code", "goose", "pi", "omp", "amp", "kilo", "kimi", "junie", "grok", "mux", "otel"}
"""The assistants of which there is no sample: they run in an editor alone, come from no registry, or (Kilo) write what
another's sample has. Real telemetry is in `tests/receivers/sent`."""


def row(name: str, can: Capabilities) -> str:
    cells = (
        f"`{name}`",
        can.versions,
        ", ".join(can.classes).replace("_", " "),
        can.exactness,
        can.folder if can.folder != "none" else "nothing",
        can.branch if can.branch != "none" else "nothing",
        can.retention or "for ever",
        can.gaps or "nothing known",
    )
    return f"| {' | '.join(cells)} |"


def ours() -> dict[str, Capabilities]:
    # Another test of this process may have installed a package with a reader, which is wrapped in a class of ours.
    return {one.name: one.capabilities for one in readers() if not isinstance(one, Guarded)}


def places(reader: Reader) -> str:
    """The row of a reader's places on Linux, without variables: an editor's folder for all of its kin."""
    environ = {"HOME": "~", "TOKCOST_HOME": "/TOKCOST_HOME"}
    paths = [location.path.replace("/TOKCOST_HOME", "$TOKCOST_HOME") for location in reader.locations(environ)]
    for user in editor_users({"HOME": "~"}):
        paths = [path.replace(user, "EDITOR") for path in paths]
    shown = dict.fromkeys(path for path in paths if not path.startswith("~/Library/"))
    return f"| `{reader.name}` | {', '.join(f'`{path}`' for path in shown)} |"


def table_below(head: str) -> list[str]:
    lines = (ROOT / "docs/assistants.md").read_text(encoding="utf-8").splitlines()
    begin = lines.index(head)
    return list(takewhile(lambda line: line.startswith("|"), lines[begin + 2 :]))


def test_the_page_on_assistants_has_the_row_of_each_reader() -> None:
    assert table_below(HEAD) == [row(name, can) for name, can in ours().items()]


def test_the_page_on_assistants_has_the_places_of_each_reader() -> None:
    assert table_below(PLACES) == [places(one) for one in readers() if one.name in ours()]


def test_the_page_on_assistants_tells_why_an_assistant_is_not_read() -> None:
    page = (ROOT / "docs/assistants.md").read_text(encoding="utf-8")
    names = {name for name, _ in known_places({"HOME": "~"}, "~")} - set(ours())
    assert {name for name in names if f"| `{name}` |" not in page} == set()


NAME_NO_ASSISTANT = ("usage", "placement", "claims", "drivers", "services", "policy", "repo", "reports", "lsp")
"""Packages that treat all assistants alike."""
ALSO_IN_MODELS = {("drivers/family.py", "codex")}


def texts(path: Path) -> set[str]:
    """The texts in a file's code, without docstrings."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    docs = {id(one.value) for one in nodes if isinstance(one, ast.Expr)}
    found = [one.value for one in nodes if isinstance(one, ast.Constant) and id(one) not in docs]
    return {one for one in found if isinstance(one, str)}


def folders_of_assistants() -> set[str]:
    """The hidden folders of assistants in a home: `.claude`."""
    known = (path for _, path in known_places({"HOME": "~"}))
    found = (location.path for one in readers() if one.name in ours() for location in one.locations({"HOME": "~"}))
    parts = {path.split("/")[1] for path in (*known, *found) if path.startswith("~/.")}
    return parts - {".config", ".local"}


def test_what_is_particular_to_one_assistant_is_in_its_reader() -> None:
    code = ROOT / "lsp_server/tokcost"
    folders = folders_of_assistants()
    assert {".claude", ".codex", ".gemini"} <= folders
    named = {
        (str(path.relative_to(code)), text)
        for package in NAME_NO_ASSISTANT
        for path in (code / package).rglob("*.py")
        for text in texts(path)
        if text in set(ours()) - {"otel"} or not folders.isdisjoint(re.split(r"[/\\]", text))
    }
    assert named == ALSO_IN_MODELS


def test_a_reader_declares_what_it_was_checked_with_and_classes_that_there_are() -> None:
    for can in ours().values():
        assert can.versions
        assert set(can.classes) <= set(Tokens._fields)


NAMES = {
    "claude-code": "Claude Code",
    "codex": "Codex CLI",
    "gemini-cli": "Gemini CLI",
    "opencode": "opencode",
    "cline": "Cline",
    "roo-code": "Roo Code",
    "kilo-code": "Kilo Code",
    "goose": "Goose",
    "pi": "pi",
    "aider": "aider",
    "copilot-cli": "GitHub Copilot CLI",
    "qwen-code": "Qwen Code",
    "copilot-chat": "Copilot Chat",
    "amp": "Amp",
    "kilo": "Kilo",
    "omp": "OMP",
    "kimi": "Kimi Code",
    "junie": "Junie",
    "grok": "Grok Build",
    "mux": "Mux",
    "otel": "`tokcost otel`",
}
"""Assistants and telemetry, as texts name them."""


def test_every_assistant_is_named_in_the_readme_and_has_a_sample() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(NAMES) == set(ours()) - set(FROM_TEXT)
    assert all(name in readme for name in NAMES.values())
    samples = {path.name.partition("-")[0] for path in (ROOT / "tests/samples").iterdir()}
    assert {name for name in NAMES if name.partition("-")[0] not in samples} == BY_THEIR_SOURCE


@pytest.mark.parametrize("page", ["docs/faq.md", "vscode-client/README.md", "vscode-client/package.nls.json"])
def test_whatever_lists_assistants_lists_all_or_says_how_many_others_there_are(page: str) -> None:
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    spoken = {name for key, name in NAMES.items() if key != "otel"}
    begin = text.index("Claude Code, Codex CLI")
    sentence = text[begin : text.index(".", begin)]
    named = {name for name in spoken if name in sentence}
    others = re.search(r"and (\d+) other assistants", sentence)
    assert len(spoken) == len(named) + (int(others[1]) if others else 0)
