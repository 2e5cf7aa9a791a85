"""A message keeps its own words: titles that look like comments, messages that nobody wrote, hooks that rewrite."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.hooked import Hooked
from support.tables import few

CUT = 'sed -i -e "/^AI-/d" -e "/^  cache/d" "$1"'


def title(repo: Hooked) -> str:
    return repo.git("log", "-1", "--format=%s")


def trailers(repo: Hooked) -> int:
    text = repo.git("log", "-1", "--format=%(trailers:only,unfold)")
    return sum(line.startswith("AI-Cost: ") for line in text.splitlines())


def give(repo: Hooked, *args: str, text: str = "", settings: Sequence[str] = (), **env: str) -> bool:
    """Spend, and commit with this message; whether git made a commit."""
    repo.spend()
    repo.change()
    (repo.home.parent / "message").write_text(text)
    before = repo.id()
    repo.attempt(*settings, "commit", "-q", *args, env=env)
    repo.now += 1
    return repo.id() != before


FROM = {
    "-m": ("-m", "#12 title"),
    "several -m": ("-m", "#12 title", "-m", "#13 too"),
    "-F": ("-F", "../message"),
    "-C": ("-C", "hash"),
    "with a sign-off": ("-s", "-m", "#12 title"),
    "verbose": ("-v", "-m", "#12 title"),
    "whitespace": ("--cleanup=whitespace", "-m", "#12 title"),
    "verbatim": ("--cleanup=verbatim", "-m", "#12 title"),
    "scissors": ("--cleanup=scissors", "-m", "#12 title"),
    "without hooks that refuse": ("-n", "-m", "#12 title"),
}


@pytest.mark.few
@pytest.mark.parametrize("how", few(FROM, 4))
def test_a_title_that_begins_with_a_hash_stays_the_title(repo: Hooked, how: str) -> None:
    tree = repo.git("commit-tree", "HEAD^{tree}", "-m", "#12 title")
    repo.git("tag", "hash", tree)
    assert give(repo, *FROM[how], text="#12 title\n\n#13 closes it\n")
    assert (title(repo), trailers(repo)) == ("#12 title", 1)
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.few
@pytest.mark.parametrize("comment", [";", "auto", "#"])
@pytest.mark.parametrize("mode", ["default", "whitespace", "verbatim", "scissors"])
def test_no_setting_makes_a_comment_of_a_title_that_nobody_edits(repo: Hooked, comment: str, mode: str) -> None:
    repo.git("config", "core.commentChar", comment)
    repo.git("config", "commit.cleanup", mode)
    assert give(repo, "-m", ";12 title")
    assert (title(repo), trailers(repo)) == (";12 title", 1)
    assert repo.replies() == {"total": 1, "carried": 1}


STRIPS = {
    "option": ((), ("--cleanup=strip", "-m", "#12 title")),
    "option in two words": ((), ("--cleanup", "strip", "-m", "#12 title")),
    "setting of one command": (("-c", "commit.cleanup=strip"), ("-m", "#12 title")),
    "with a sign-off": ((), ("-s", "--cleanup=strip", "-m", "#12 title")),
    "a file of comments": ((), ("--cleanup=strip", "-F", "../message")),
    "an editor for a file of comments": ((), ("-e", "-F", "../message")),
    "that editor without hooks that refuse": ((), ("-n", "-e", "-F", "../message")),
    "an empty message": ((), ("-m", "")),
    "an empty message with a sign-off": ((), ("-s", "-m", "")),
}


@pytest.mark.few
@pytest.mark.parametrize("how", STRIPS)
def test_where_git_takes_all_of_a_message_for_comments_no_commit_is_made(repo: Hooked, how: str) -> None:
    settings, args = STRIPS[how]
    assert not give(repo, *args, text="# one\n# two\n", settings=settings, GIT_EDITOR="true")
    assert repo.replies() == {"total": 1, "pending": 1}


def test_a_clone_that_strips_comments_makes_no_commit_of_comments(repo: Hooked) -> None:
    repo.git("config", "commit.cleanup", "strip")
    assert not give(repo, "-m", "#12 title")
    assert give(repo, "-m", "Title", "-m", "# a comment")
    assert (title(repo), trailers(repo), "# a comment" in repo.message()) == ("Title", 1, False)


def test_a_comment_that_an_editor_makes_a_title_of_stands_above_the_line(repo: Hooked) -> None:
    editor = repo.editor('sed -i -e "1s/^#//" "$1"')
    assert give(repo, "-e", "-m", "#12 title", **editor)
    assert (title(repo), trailers(repo)) == ("12 title", 1)


@pytest.mark.parametrize("mode", ["--cleanup=scissors", "--cleanup=whitespace"])
def test_an_editor_that_keeps_comments_keeps_a_title_that_looks_like_one(repo: Hooked, mode: str) -> None:
    assert give(repo, mode, "-e", "-m", "#12 title", GIT_EDITOR="true")
    assert title(repo) == "#12 title"
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.few
@pytest.mark.parametrize("mode", ["whitespace", "verbatim", "scissors"])
@pytest.mark.parametrize("way_of_saying", ["option", "setting", "setting of one command"])
def test_a_title_written_in_an_editor_that_keeps_comments_may_begin_with_a_hash(
    repo: Hooked, mode: str, way_of_saying: str
) -> None:
    settings = ("-c", f"commit.cleanup={mode}") if way_of_saying == "setting of one command" else ()
    if way_of_saying == "setting":
        repo.git("config", "commit.cleanup", mode)
    args = (f"--cleanup={mode}",) if way_of_saying == "option" else ()
    assert give(repo, *args, settings=settings, **repo.editor('sed -i "1s/^/#12 title/" "$1"'))
    assert title(repo) == "#12 title"
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.parametrize("mode", ["whitespace", "verbatim"])
def test_an_editor_that_keeps_comments_and_leaves_nothing_makes_no_commit(repo: Hooked, mode: str) -> None:
    assert not give(repo, f"--cleanup={mode}", **repo.editor('sed -i "/^AI-/!d" "$1"'))
    assert repo.replies() == {"total": 1, "pending": 1}


def test_a_merge_and_a_squash_keep_their_titles(repo: Hooked) -> None:
    for way in ("merge", "squash"):
        repo.git("switch", "-q", "-c", way)
        repo.work("On the branch", name=way)
        repo.git("switch", "-q", "main")
        repo.spend()
        if way == "merge":
            repo.run("merge", "-q", "--no-ff", "-m", "#7 merge", way)
        else:
            repo.run("merge", "-q", "--squash", way)
            repo.hooked("-m", "#7 squash")
        assert title(repo) == f"#7 {way}"
        assert trailers(repo) >= 1
    assert repo.replies() == {"total": 4, "carried": 4}


@pytest.mark.few
@pytest.mark.parametrize("way_of_amending", [("--no-edit",), ("-C", "HEAD"), ("--no-edit", "-n")])
def test_an_amend_keeps_a_title_that_begins_with_a_hash(repo: Hooked, way_of_amending: tuple[str, ...]) -> None:
    give(repo, "-m", "#12 title")
    give(repo, "--amend", *way_of_amending)
    assert (title(repo), trailers(repo)) == ("#12 title", 1)
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.parametrize("more", [(), ("-n",)])
def test_an_amend_in_an_editor_that_strips_such_a_title_makes_no_commit(repo: Hooked, more: tuple[str, ...]) -> None:
    give(repo, "-m", "#12 title")
    assert not give(repo, "--amend", *more, GIT_EDITOR="true")
    assert title(repo) == "#12 title"
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}


NOT_WRITTEN = {
    "-n": ((), ("-n",)),
    "a cluster": ((), ("-nv",)),
    "the whole word": ((), ("--no-verify",)),
    "the beginning of it": ((), ("--no-veri",)),
    "a sign-off": ((), ("-n", "-s")),
    "scissors": ((), ("-n", "--cleanup=scissors")),
    "no status": ((), ("-n", "--no-status")),
    "verbose by setting": (("-c", "commit.verbose=true"), ("-n",)),
    "a template": (("-c", "commit.template=../message"), ("-n",)),
    "another comment character": (("-c", "core.commentChar=;"), ("-n",)),
    "verified": ((), ()),
    "verified after all": ((), ("-n", "--verify")),
    "verified with a template": ((), ("-t", "../message")),
}


@pytest.mark.few
@pytest.mark.parametrize("how", few(NOT_WRITTEN, 6))
@pytest.mark.parametrize("editor", ["true", ":"])
def test_whoever_writes_nothing_makes_no_commit(repo: Hooked, how: str, editor: str) -> None:
    settings, args = NOT_WRITTEN[how]
    assert not give(repo, *args, text="Ticket:\n\nWhy:\n", settings=settings, GIT_EDITOR=editor)
    assert repo.replies() == {"total": 1, "pending": 1}
    assert give(repo, "-m", "Title")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_an_alias_hides_no_option(repo: Hooked) -> None:
    repo.git("config", "alias.quick", "commit -q -n")
    repo.git("config", "alias.quicker", "!git quick")
    for alias in ("quick", "quicker"):
        repo.spend()
        repo.change()
        assert not repo.attempt(alias, env={"GIT_EDITOR": "true"})
    assert repo.replies() == {"total": 2, "pending": 2}


def test_a_title_that_is_written_without_commit_msg_leaves_the_spend_to_the_next_commit(repo: Hooked) -> None:
    write = repo.editor('sed -i "1s/^/Title/" "$1"')
    assert give(repo, "-n", **write)
    assert repo.message() == "Title"
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.work()
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.few
@pytest.mark.parametrize("option", [("-m", "-n"), ("-m", "Title", "--", "-n"), ("-m", "Title", "--author", "-n <a@b>")])
def test_a_word_that_only_looks_like_the_option_changes_nothing(repo: Hooked, option: tuple[str, ...]) -> None:
    (repo.path / "-n").write_text("a file")
    repo.git("add", "--", "-n")
    assert give(repo, "-e", *option, GIT_EDITOR="true")
    assert repo.replies() == {"total": 1, "carried": 1}


DELETED = {
    "the title, but not the line": 'sed -i "/^Title/d" "$1"',
    "everything but the line": 'grep ^AI- "$1" > x; mv x "$1"',
    "all": ': > "$1"',
}


@pytest.mark.few
@pytest.mark.parametrize("how", DELETED)
@pytest.mark.parametrize("amends", [False, True])
def test_who_deletes_the_words_makes_no_commit(repo: Hooked, how: str, amends: bool) -> None:
    if amends:
        repo.work("Title")
    assert not give(repo, *(["--amend"] if amends else ["-e", "-m", "Title"]), **repo.editor(DELETED[how]))
    assert repo.replies() == ({"total": 2, "carried": 1, "pending": 1} if amends else {"total": 1, "pending": 1})


@pytest.mark.few
@pytest.mark.parametrize("how", DELETED)
@pytest.mark.parametrize("args", [("-n", "-e", "-m", "Title"), ("--no-verify", "-e", "-F", "../message")])
def test_who_deletes_the_words_without_commit_msg_makes_no_commit(
    repo: Hooked, how: str, args: tuple[str, ...]
) -> None:
    assert not give(repo, *args, text="Title\n", **repo.editor(DELETED[how]))
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.work()
    assert repo.replies() == {"total": 2, "carried": 2}


def test_an_amend_without_commit_msg_raises_the_line_that_is_there(repo: Hooked) -> None:
    repo.work("Title")
    assert give(repo, "--amend", "-n", GIT_EDITOR="true")
    assert repo.replies() == {"total": 2, "carried": 2}
    assert give(repo, "--amend", "-n", **repo.editor('sed -i -e "/^AI-/d" -e "/^  cache/d" "$1"'))
    assert repo.replies() == {"total": 3, "withheld": 3}


PS = """#!{python} -I
import pathlib
for one in pathlib.Path("{proc}").glob("[0-9]*"):
    try:
        words = (one / "cmdline").read_bytes().split(b"\\0")[:-1]
        parent = (one / "stat").read_bytes().rpartition(b")")[2].split()[1]
    except OSError:
        continue
    print(one.name, parent.decode(), b" ".join(words).decode(errors="replace").replace("\\n", " "))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="only root can hide /proc")
@pytest.mark.parametrize("has_ps", [True, False])
def test_without_proc_no_line_becomes_a_title_either(repo: Hooked, tmp_path: Path, has_ps: bool) -> None:
    """As on systems that have none: there `ps` tells, and on Windows nothing does."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ps").write_text(
        PS.format(python=sys.executable, proc=tmp_path / "proc") if has_ps else "#!/bin/sh\nexit 1\n"
    )
    (tmp_path / "bin/ps").chmod(0o755)
    hide = f"mount --bind /proc {tmp_path}/proc && mount -t tmpfs none /proc"
    if subprocess.run(["unshare", "-m", "sh", "-c", hide], capture_output=True).returncode:
        pytest.skip("/proc cannot be hidden here")

    def commit(*args: str, editor: str = "true") -> bool:
        repo.spend()
        repo.change()
        words = ["unshare", "-m", "sh", "-c", f'{hide} && exec git commit -q "$@"', "sh", *args]
        environ = repo.environ | repo.editor(editor) | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
        return subprocess.run(words, cwd=repo.path, env=environ, capture_output=True).returncode == 0

    write = 'sed -i "1s/^/Written/" "$1"'
    assert [commit(*args) for args in ((), ("-n",), ("--no-verify", "-q"))] == [False] * 3
    assert [commit("-n", "-e", "-m", "Title", editor=DELETED[how]) for how in DELETED] == [False] * 3
    assert repo.replies() == {"total": 6, "pending": 6}
    assert commit("-n", editor=write)
    assert repo.replies() == {"total": 7, "pending": 7}
    assert commit(editor=write)
    assert repo.replies() == ({"total": 8, "carried": 8} if has_ps else {"total": 8, "pending": 8})
    assert commit("-m", "Title")
    assert repo.replies() == {"total": 9, "carried": 9}


def test_a_title_written_below_the_line_is_the_title(repo: Hooked) -> None:
    editor = repo.editor('grep ^AI- "$1" > x; printf "\\nTitle\\n\\nBody\\n" >> x; mv x "$1"')
    assert give(repo, **editor)
    assert (title(repo), trailers(repo)) == ("Title", 1)
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.parametrize("amends", [False, True])
def test_an_editor_that_deletes_the_empty_lines_leaves_the_title_alone(repo: Hooked, amends: bool) -> None:
    """git takes the whole first paragraph for the title."""
    if amends:
        repo.work("Title")
    assert give(repo, *(["--amend"] if amends else ["-e", "-m", "Title"]), **repo.editor('sed -i "/^$/d" "$1"'))
    assert (title(repo), trailers(repo)) == ("Title", 1)
    assert repo.replies() == {"total": 1 + amends, "carried": 1 + amends}


@pytest.mark.parametrize("more", [(), ("-m", "Body")])
def test_a_hook_that_deletes_the_empty_lines_makes_no_title_of_the_line(repo: Hooked, more: tuple[str, ...]) -> None:
    path = repo.common_dir / "hooks/commit-msg.before-tokcost"
    path.write_text('#!/bin/sh\nsed -i "/^$/d" "$1"\n')
    path.chmod(0o755)
    assert give(repo, "-m", "Title", *more)
    assert (title(repo), trailers(repo)) == (" ".join(["Title", *more[1:]]), 1)
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_change_that_quotes_a_line_carries_none(repo: Hooked) -> None:
    repo.work("One")
    quoted = repo.message()
    repo.hooked("--amend", "-m", "Its line is lost")
    (repo.path / "docs").write_text(quoted)
    repo.git("add", "docs")
    repo.hooked("-v", "-e", "-m", "Quote it", env={"GIT_EDITOR": "true"})
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.parametrize("option", [("--reference",), ()])
@pytest.mark.parametrize("edit", ["--edit", "--no-edit"])
def test_a_revert_proposes_nothing(repo: Hooked, option: tuple[str, ...], edit: str) -> None:
    repo.work("One")
    repo.spend()
    repo.run("revert", *option, edit, "HEAD", env=repo.editor('sed -i "1s/^# .*/Take it back/" "$1"'))
    assert "This reverts commit" in repo.message()
    assert repo.lines() == []
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}


HOOKS = {
    "fold": 'fold -s -w 72 "$1" >"$1.x" && mv "$1.x" "$1"',
    "narrow fold": 'fold -s -w 50 "$1" >"$1.x" && mv "$1.x" "$1"',
    "fold in words": 'fold -w 72 "$1" >"$1.x" && mv "$1.x" "$1"',
    "fold in ids": 'fold -w 64 "$1" >"$1.x" && mv "$1.x" "$1"',
    "fold in words, quoted": 'fold -w 72 "$1" | sed "3,\\$s/^/> /" >"$1.x" && mv "$1.x" "$1"',
    "fmt": 'fmt -w 72 "$1" >"$1.x" && mv "$1.x" "$1"',
    "narrow fmt": 'fmt -w 50 "$1" >"$1.x" && mv "$1.x" "$1"',
    "bullets": 'sed -i "3,\\$s/^\\(.\\)/* \\1/" "$1"',
    "dashes": 'sed -i "3,\\$s/^\\(.\\)/- \\1/" "$1"',
    "quotes": 'sed -i "3,\\$s/^/> /" "$1"',
    "indents": 'sed -i "3,\\$s/^/    /" "$1"',
    "CRLF": 'sed -i "s/$/\\r/" "$1"',
    "emoji": 'sed -i "1s/^/✨ /" "$1"',
    "ticket": 'sed -i "1s/^/ABC-1: /" "$1"',
    "sign-off": 'echo "Signed-off-by: dev <dev@example.invalid>" >>"$1"; fmt -w 72 "$1" >"$1.x" && mv "$1.x" "$1"',
}


@pytest.mark.few
@pytest.mark.parametrize("precision", ["exact", "coarse"])
@pytest.mark.parametrize("signs", [(), ("-s",)])
@pytest.mark.parametrize("hook", few(HOOKS, 5))
def test_a_claim_stands_in_a_message_once_however_a_hook_rewrites_it(
    repo: Hooked, hook: str, signs: tuple[str, ...], precision: str
) -> None:
    model = "claude-sonnet-4-5" if signs else "claude-sonnet-4-5-20250929"  # they end at other widths
    repo.git("config", "tokcost.precision", precision)
    path = repo.path / ".git/hooks/commit-msg.before-tokcost"
    path.write_text(f"#!/bin/sh\n{HOOKS[hook]}\n")
    path.chmod(0o755)
    for args in (("-m", "Title"), ("-m", "Title", "-m", "Body"), ("--amend", "--no-edit"), ("--amend", "--no-edit")):
        repo.spend(model=model)
        repo.change()
        repo.hooked(*args, *signs)
    assert repo.message().count("AI-Cost") == 1
    assert [line.version for line in repo.lines()] == [3]
    spent = repo.balance()["total"]
    assert repo.balance() == {"total": spent, "carried": spent}
