"""The pages of docs/ against the code: each setting and variable is explained, each command is understood."""

import re
import runpy
import shlex
from pathlib import Path

import click
import pytest

from tokcost.claims import commit_notes
from tokcost.cli.main import tokcost
from tokcost.policy.known_settings import (
    BRANCH,
    CI_ENVIRONMENT,
    CLONE,
    ENVIRONMENT,
    INTERNAL_ENVIRONMENT,
    REPOSITORY_TABLES,
    USER_CONFIG,
    USER_TABLES,
)

ROOT = Path(__file__).parent.parent.parent
SETTINGS = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in ("README.md", "vscode-client/README.md",
         "SECURITY.md", "CONTRIBUTING.md"))]  # fmt: skip
CODE = [path for root in ("lsp_server", "hooks") for path in (ROOT / root).rglob("*.py")]
FOREIGN = ("NO_COLOR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME",
           "OPENCODE_DB", "COPILOT_HOME", "QWEN_HOME", "QWEN_RUNTIME_DIR", "AMP_DATA_DIR", "CLINE_DIR",
           "CLINE_DATA_DIR", "CLINE_SESSION_DATA_DIR", "GOOSE_PATH_ROOT",
           "PI_CODING_AGENT_DIR", "KIMI_CODE_HOME", "KIMI_SHARE_DIR", "JUNIE_HOME", "GROK_HOME", "XUM_ROOT", "MUX_ROOT",
           "WATCHFILES_FORCE_POLLING", "SPARK_LOCAL_IP")  # fmt: skip
"""Variables of others that change what tokcost does; those of every program (HOME, PATH, TERM) are not explained."""
EVERYBODYS = {"HOME", "USERPROFILE", "PATH", "PATHEXT", "TERM", "PAGER", "GIT_PAGER", "LESS", "LV", "TZ", "LANG",
              "LC_ALL", "PYTHONPATH", "APPDATA", "ANDROID_ROOT", "DISPLAY", "COLUMNS"}  # fmt: skip


def table(heading: str, column: int = 0) -> list[str]:
    """What the backticks of a column hold, in the tables of a section."""
    section = SETTINGS.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    found = [re.findall(r"`([^`]+)`", row[column]) for row in rows if "`" in row[column]]
    return [names[0] for names in found]


def test_every_setting_of_a_clone_is_explained_and_no_other() -> None:
    named = table("A clone's git configuration")
    assert sorted(named) == sorted(["tokcost.", *CLONE, "branch.BRANCH.", *BRANCH])


def test_every_table_and_key_of_a_repositorys_file_is_explained_and_no_other() -> None:
    tables, keys = table("A repository's `.tokcost.toml`"), table("A repository's `.tokcost.toml`", 1)
    assert {name.strip("[]") for name in tables} == set(REPOSITORY_TABLES)
    known = {key for found in REPOSITORY_TABLES.values() for key in found}
    assert set(keys) == known
    assert {name.strip("[]") for name in table("The user's `prices.toml`")} == set(USER_TABLES)
    assert {name.strip("[]") for name in table("The user's `config.toml`")} == set(USER_CONFIG)
    assert set(table("The user's `config.toml`", 1)) == {key for found in USER_CONFIG.values() for key in found}


def test_every_variable_is_explained_and_no_other() -> None:
    assert sorted(table("Environment")) == sorted(
        [*ENVIRONMENT, *FOREIGN, *(f"TOKCOST_{name}" for name in CI_ENVIRONMENT)]
    )


def test_the_code_reads_no_variable_that_is_not_listed() -> None:
    access = re.compile(
        r"""environ(?:ment)?(?:\.get|\.pop|\.setdefault)?[\[(]\s*["']([A-Z][A-Z_0-9]+)["']|["']([A-Z][A-Z_0-9]+)["']\s+in\s+(?:os\.)?environ"""
    )
    found: set[str] = set()
    for path in CODE:
        for one, other in access.findall(path.read_text(encoding="utf-8")):
            found.add(one or other)
    ours = {name for name in found if not name.startswith(("GIT_", "PRE_COMMIT_"))} - EVERYBODYS
    assert ours >= {"TOKCOST_HOME", "CODEX_HOME"}
    assert ours - {*ENVIRONMENT, *INTERNAL_ENVIRONMENT, *FOREIGN} == set()


def test_our_shell_and_the_jobs_of_forges_read_no_variable_that_is_not_listed() -> None:
    notes = {value for name, value in vars(commit_notes).items() if name.isupper() and isinstance(value, str)}
    known = (
        {*ENVIRONMENT, *INTERNAL_ENVIRONMENT, *(f"TOKCOST_{name}" for name in CI_ENVIRONMENT)}
        | notes
        | {"TOKCOST_GONE"}
    )
    files = [ROOT / "hooks/tokcost_hooks/installation/scripts.py", ROOT / "action.yml", *(ROOT / "ci").iterdir()]
    found = {
        name for path in files for name in re.findall(r"\bTOKCOST(?:_[A-Z]+)*\b", path.read_text(encoding="utf-8"))
    }
    assert found - known == set()


def test_the_code_reads_no_setting_of_a_clone_that_is_not_listed() -> None:
    read = re.compile(r"""(?:said|section\("tokcost"\)|"tokcost"\))\.get\("(\w+)\"""")
    written = re.compile(r"""\btokcost\.(budget[A-Za-z]+|enabled|precision|models|consent|[a-z]+[A-Z][A-Za-z]+)\b""")
    low = {name.lower() for name in (*CLONE, *BRANCH)}
    for path in CODE:
        text = path.read_text(encoding="utf-8")
        if "/policy/" in str(path) or "/installation/" in str(path) or "/services/" in str(path):
            assert {name.lower() for name in read.findall(text)} - low - {"url", "vcs_info", "dir_info"} == set(), path
            assert {name.lower() for name in written.findall(text)} - low == set(), path


def commands(text: str) -> list[str]:
    """Every command of ours on a page that can be run as it stands: in a block, or between backticks."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("tokcost ")]
    return [*lines, *re.findall(r"`(tokcost [a-z]+[^`]*)`", text)]


@pytest.mark.parametrize(
    ("page", "words"),
    sorted(
        {(str(path.relative_to(ROOT)), words) for path in PAGES for words in commands(path.read_text(encoding="utf-8"))}
    ),
)
def test_every_command_on_a_page_is_understood(page: str, words: str) -> None:
    """Words in capitals stand for something, and what is named without its arguments is a command's name alone: there
    the commands and options must exist. All else must be a whole command line."""
    command: click.Command = tokcost
    name, more = "tokcost", shlex.split(re.split(r"\s+(?:\|+|>+|#|2>)", words)[0])[1:]
    while isinstance(command, click.Group) and more and not more[0].startswith("-"):
        name = more.pop(0)
        found = command.get_command(click.Context(command), name)
        assert found is not None, words
        command = found
    options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
    assert [word for word in more if word.startswith("--") and word.partition("=")[0] not in options] == []
    required = [one for one in command.params if isinstance(one, click.Argument) and one.required]
    is_name = isinstance(command, click.Group) or bool(required)
    stands_for = any(re.search(r"[A-Z]{2}|…", word) for word in more) or "--help" in more or more[-1:] == ["--html"]
    if not stands_for and not (is_name and not more):
        command.make_context(name, list(more))


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_links_of_a_page_lead_to_files_and_headings_that_are_there(path: Path) -> None:
    for link in re.findall(r"\]\(([^):]+)\)", path.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        target = path if not file else path.parent / file
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, link


@pytest.mark.parametrize(
    "name",
    [
        "index.md",
        "concepts.md",
        "install.md",
        "faq.md",
        "troubleshooting.md",
        "settings.md",
        "budgets.md",
        "teams.md",
        "performance.md",
        "works-agreement.md",
        "decisions.md",
        "privacy.md",
    ],
)
def test_the_readme_leads_to_the_page(name: str) -> None:
    assert f"docs/{name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_tests_that_the_page_on_security_names_are_there() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests|vscode-client)/[^`]+)`", text)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_drawing_of_growth_shows_the_figures_of_its_table() -> None:
    drawing = runpy.run_path(str(ROOT / "benchmarks/draw_growth.py"))["drawing"]
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    assert (ROOT / "docs/pictures/growth.svg").read_text(encoding="utf-8") == drawing(page)
