"""Commands of an assistant's tools: which of them move HEAD of its own worktree."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import assistant, write
from support.codex_lines import counters, meta, record, turn
from support.codex_lines import line as codex_line
from support.opencode_store import T0, StoreOf, message
from tokcost.model.logs import Batch
from tokcost.readers.claude_code.reader import ClaudeCodeReader
from tokcost.readers.codex.reader import CodexReader
from tokcost.readers.opencode.reader import OpencodeReader
from tokcost.readers.sources.files import file_source, store_source
from tokcost.readers.sources.git_commands import moves_of_head

FOLDER = "/src/app"

MOVES = [
    "git switch x",
    "git switch -",
    "git checkout -",
    "git checkout HEAD~1",
    "git checkout --detach",
    "git checkout -b x origin/x",
    "git checkout -B x main",
    "git checkout --orphan x",
    "git checkout -t origin/x",
    "git checkout -f x",
    'git checkout "x"',
    "git checkout main 2>&1 | tail -3",
    "git checkout main > /dev/null",
    "git checkout main # back again",
    "git checkout $(cat next)",
    "git checkout main; git checkout -- file",
    "git checkout -- file && git checkout main",
    "git checkout \\\n  main",
    "git switch -q main 2>/dev/null || true",
    "if git switch x; then make; fi",
    'bash -c "git switch x"',
    "git.exe switch x",
    "/usr/bin/git switch x",
    "GIT_EDITOR=true git rebase -i main",
    "git rebase --continue",
    "git rebase --abort",
    "git bisect good",
    "git bisect run make",
    "git stash branch x",
    "git stash && git switch x && git stash pop",
    "git -C . switch x",
    "git -C .. switch x",
    "git -C /src/app switch x",
    "git -C /src switch x",
    "git -C / switch x",
    "git -C /src/app/ switch x",
    'git -C "/src/app" switch x',
    "git -C $PWD switch x",
    "git -C ~/app switch x",
    "git --git-dir=.git switch x",
    "cd /src/app && git switch x",
    "cd /src/app/src && git switch x",
    "cd src; git switch x",
    "cd /src/app; git switch x",
    "cd /src/app;git switch x",
    "cd /src/app&&git switch x",
    "cd /src/app || exit\ngit switch x",
    "cd /src/app\ngit switch x",
    "(cd ../other); git switch x",
    "cd $ROOT && git switch x",
    "(cd ../other && make); git switch x",
    "cd ../other && make; cd /src/app && git switch x",
]

STAYS = [
    "git switch --help",
    "git switch -h",
    "git switch --help | head",
    "git checkout -h",
    "git rebase --help",
    "git help switch",
    "git checkout -- file",
    "git checkout HEAD -- file",
    "git checkout .",
    "git checkout ./src",
    "git checkout src/",
    "git checkout '*.py'",
    "git checkout main file.py",
    "git checkout HEAD~1 src/",
    "git checkout -p",
    "git checkout --patch main",
    "git checkout --ours file",
    "git checkout --theirs -- file",
    "git checkout --pathspec-from-file=list",
    "git checkout",
    "git checkout-index -a",
    "git switch-board",
    "git rebase --edit-todo",
    "git rebase --show-current-patch",
    "git bisect log",
    "git bisect view",
    "git stash",
    "git stash pop",
    "git stash push -m 'switch'",
    "git branch checkout",
    'grep -rn "git checkout" .',
    "git -C other switch x",
    "git -C ../other switch x",
    "git -C /src/other switch x",
    "git -C /src/app-2 checkout x",
    'git -C "/src/other" -c a.b=c switch x',
    "git --git-dir=/src/other/.git switch x",
    "cd ../other && git switch x",
    "cd ../other;git switch x",
    "cd ../other\ngit switch x",
    "cd /src/other && git switch x",
    "git worktree add ../other && cd ../other && git switch x",
    "make\ncd '/src/other'\ngit checkout x",
]


def only(batch: Batch) -> bool:
    (usage,) = batch.usage
    return usage.moves_head


def in_claude_code(folder: Path, command: str, **_: Any) -> bool:
    path = write(folder / "s.jsonl", assistant(command=command, cwd=FOLDER))
    (batch,) = ClaudeCodeReader().read(file_source(str(path), path.stat()), None)
    return only(batch)


def in_codex(folder: Path, command: str, *, words: bool = False, workdir: str = "") -> bool:
    more = {"workdir": workdir} if workdir else {}
    said = json.dumps({"command": command.split()} if words else {"cmd": command, **more})
    call = codex_line("response_item", T0 + 110, type="function_call", call_id="c", name="shell", arguments=said)
    lines = (meta(cwd=FOLDER), turn(cwd=FOLDER), call, record("one", counters(10), T0 + 120))
    path = write(folder / "rollout-x.jsonl", *lines)
    (batch,) = CodexReader().read(file_source(str(path), path.stat()), None)
    return only(batch)


def in_opencode(folder: Path, command: str, *, workdir: str = "") -> bool:
    store = StoreOf(folder / "opencode/opencode.db", wal=True)
    store.session()
    times = {"created": T0 + 50, "completed": T0 + 1950}  # a reply within a second is before any move of it
    store.say("msg_1", message(T0 + 50, time=times, path={"cwd": FOLDER, "root": FOLDER}))
    store.call("msg_1", command, T0 + 500, workdir=workdir)
    source = store_source(str(store.path))
    assert source is not None
    (batch,) = OpencodeReader().read(source, None)
    return only(batch)


@pytest.mark.parametrize("tells", [in_claude_code, in_codex])
@pytest.mark.parametrize("command", MOVES)
def test_a_command_that_goes_to_a_branch_or_commit_moves_head(tmp_path: Path, tells: Any, command: str) -> None:
    assert tells(tmp_path, command) is True


@pytest.mark.parametrize("tells", [in_claude_code, in_codex])
@pytest.mark.parametrize("command", STAYS)
def test_a_command_that_looks_restores_files_or_runs_elsewhere_moves_nothing(
    tmp_path: Path, tells: Any, command: str
) -> None:
    assert tells(tmp_path, command) is False


@pytest.mark.parametrize(
    ("command", "moves"),
    [
        ("git switch x", True),
        ("git checkout x", True),
        ("git -C /src/app checkout -b x main", True),
        ("git switch --help", False),
        ("git checkout -- x", False),
        ("git checkout main file", False),
        ("git -C ../other switch x", False),
    ],
)
def test_a_command_given_as_a_list_of_words_is_read_like_one_given_as_text(
    tmp_path: Path, command: str, moves: bool
) -> None:
    assert in_codex(tmp_path, command, words=True) is moves


@pytest.mark.parametrize(
    ("command", "moves"),
    [("git stash branch x", True), ('git -C "/src/app" switch x', True), ("git -C /src/other switch x", False)],
)
def test_a_command_in_a_store_is_read_alike(tmp_path: Path, command: str, moves: bool) -> None:
    assert in_opencode(tmp_path, command) is moves


@pytest.mark.parametrize("tells", [in_codex, in_opencode])
@pytest.mark.parametrize(
    ("workdir", "moves"), [("/src/app", True), ("/src/app/src", True), ("src", True), ("/src/other", False)]
)
def test_the_folder_that_a_tool_is_told_to_run_in_decides(
    tmp_path: Path, tells: Any, workdir: str, moves: bool
) -> None:
    assert tells(tmp_path, "git switch x", workdir=workdir) is moves


MANY = 1 << 20
SWITCH = b"git switch x;"
HOSTILE = {
    "backslashes behind a command": (SWITCH + b"\\" * MANY, 1),
    "backslashes behind the name of a folder": (SWITCH + (b'"workdir' + b"\\" * 100) * (MANY // 108), 1),
    "backslashes between words": (SWITCH + b"git" + b"\\" * MANY + b" switch x", 1),
    "backslashes before an option's value": (SWITCH + b"git -c " + b"\\" * MANY + b" switch x", 1),
    "backslashes for arguments": ((b"git switch " + b"\\" * 400) * (MANY // 411), MANY // 411),
    "spaces behind a quote": (b'"' + b" " * MANY + b"cd" + b" " * MANY + b";" + SWITCH, 1),
    "commands": (SWITCH * (MANY // 13), MANY // 13),
    "commands behind a change of folder": (b";cd /src/other;" + SWITCH * (MANY // 13), 0),
    "commands behind a subshell": (b"(cd /src/other);" + SWITCH * (MANY // 13), MANY // 13),
    "commands and changes of folder": (
        b";cd /src/other;git switch x;cd /src/app;git switch x" * (MANY // 52),
        MANY // 52,
    ),
    "changes of folder": (b";cd /src/other" * (MANY // 14) + b";" + SWITCH, 0),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_takes_more_than_time_in_proportion_to_its_length(name: str) -> None:
    """Any of these would take minutes if each part were compared with all others."""
    text, moves = HOSTILE[name]
    assert moves_of_head(text, 0, len(text), FOLDER) == moves


@pytest.mark.parametrize(
    ("command", "moves"),
    [
        ("cd /src/other && git switch x && cd /src/app && git switch y", 1),
        ("(cd /src/other; git switch x); git switch y", 1),
        ("(cd /src/other; git switch x) && cd /src/other && git switch y", 0),
        ("git switch x; cd /src/other; git switch y; git switch z", 1),
        ("cd /src/other\ngit switch x\ncd /src/app\ngit switch y", 1),
        ("cd '/src/other'; git switch x; cd \"/src/app\"; git switch y", 1),
    ],
)
def test_each_command_runs_where_the_last_change_of_folder_before_it_leads(command: str, moves: int) -> None:
    text = command.encode()
    assert moves_of_head(text, 0, len(text), FOLDER) == moves
