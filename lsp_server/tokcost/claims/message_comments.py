"""The lines of a commit message that git removes as comments when it makes a commit of this message.

git does not tell hooks. It removes comments from messages that are edited and keeps them in others, unless `--cleanup`
or `commit.cleanup` say otherwise (git-commit(1)). A message that an editor is going to show has git's own notes below
it, which reveal the mode in most cases. git is asked only if a message may consist of comments alone.
"""

from collections.abc import Mapping

from tokcost.errors import EnvironmentProblem
from tokcost.model.commit_message import comment_in, drop_lines, has_content, keeps_comments
from tokcost.model.worktree import CloneState, Config
from tokcost.repo.calling_git import calling_git
from tokcost.repo.run import run_git

GIT_SECONDS = 1.0
_CANDIDATES = "#;@!$%^&|:"
"""The characters from which git chooses with `core.commentChar=auto`."""


def comment_of(environ: Mapping[str, str], here: CloneState, text: str, *, edited: bool) -> str:
    """The prefix of comments that git removes from a message; empty if it removes none. `edited` is whether the
    message is shown in an editor."""
    if edited and keeps_comments(text):
        return ""
    if not edited and not _may_be_comments(text):
        return ""
    comment = (comment_in(text) if edited else "") or _configured(here.config, here.worktree.git_dir, text)
    if has_content(drop_lines(text, comment), comment):
        return comment if edited else ""
    if not text.startswith(comment):
        return comment  # an empty line waits for the title: nobody has written anything
    mode = _cleanup(environ, here.config, here.worktree.git_dir)
    return comment if mode == "strip" or (edited and mode in ("", "default")) else ""


def keeps_comments_asked(environ: Mapping[str, str], here: CloneState) -> bool:
    """Whether comments of an edited message are kept by the clean-up mode that was asked for. git's notes do not show
    that."""
    return _cleanup(environ, here.config, here.worktree.git_dir) in ("whitespace", "verbatim")


def _may_be_comments(text: str) -> bool:
    """Whether all lines begin with the same character, which is part of no word; our lines and sign-offs are
    ignored."""
    first = {
        line[0] for line in drop_lines(text, "").split("\n") if line.strip() and not line.startswith("Signed-off-by: ")
    }
    return len(first) == 1 and not first.pop().isalnum()


def _configured(config: Config, folder: str, text: str) -> str:
    """The prefix of comments according to the settings. With `auto`, git takes the first character that begins no
    line."""
    core = config.section("core")
    # git 2.45 calls it core.commentString, and takes both names for one setting (git-config(1)).
    said = core.get("commentstring", core.get("commentchar", ""))
    said = said or _setting(folder, "core.commentString", "core.commentChar")
    if said != "auto":
        return said or "#"
    # If git has added its notes, they end the message and show the character that it chose.
    last = text.rstrip().rpartition("\n")[2][:1]
    taken = {line[:1] for line in text.split("\n")}
    return last if last and last in _CANDIDATES else next((one for one in _CANDIDATES if one not in taken), "#")


def _cleanup(environ: Mapping[str, str], config: Config, folder: str) -> str:
    """The clean-up mode that was asked for; empty if none was."""
    git = calling_git(environ)
    said = (git.cleanup if git else "") or config.section("commit").get("cleanup", "")
    return said or _setting(folder, "commit.cleanup")


def _setting(folder: str, *names: str) -> str:
    """The first of these settings that is set anywhere. git is asked in the git folder, which it always finds."""
    for name in names:
        try:
            # The user's own settings too, which the clone's configuration file does not have.
            return run_git(["config", name], folder, seconds=GIT_SECONDS).removesuffix("\n")
        except EnvironmentProblem:
            continue
    return ""
