"""What git's hooks do at a commit: prepare the message, then settle what the commit really carries."""

import os
from collections.abc import Mapping
from pathlib import Path

from tokcost.attribution.claims import Operation as Kind
from tokcost.attribution.commit_message import comment_in, drop_lines, has_content, lift_lines
from tokcost.errors import EnvironmentProblem
from tokcost.ledger.claims import claims_named, decide_fate
from tokcost.ledger.open import Ledger, open_ledger
from tokcost.model.trailer import Line, read_message
from tokcost.repo.config import read_section
from tokcost.repo.head import read_head
from tokcost.repo.messages import message_of
from tokcost.repo.operation import Operation, head_commit, is_revert, read_operation
from tokcost.repo.run import run_git
from tokcost.repo.worktree import Worktree
from tokcost.services.claims import Message, propose
from tokcost.services.consent import Consent, read_consent
from tokcost.services.ingest import refresh
from tokcost.services.look import look
from tokcost.services.proposals import (
    Noted,
    forget,
    note_proposal,
    note_untouched,
    note_withheld,
    take_proposal,
    take_withheld,
    untouched,
    withheld_recorded,
)
from tokcost.services.summary import repository_of

OFF = "TOKCOST"
"""Environment variable: `TOKCOST=off git commit` publishes nothing for that commit."""
GIT_SECONDS = 0.2
BUSY_SECONDS = 0.1


def prepare(home: Path, environ: Mapping[str, str], worktree: Worktree, path: str, source: tuple[str, str]) -> None:
    """Put the lines of a commit into its message file. `source` is what git says of the message: where it comes from
    and which commit. Raises `TokcostError`; the message is then as it was."""
    forget(worktree.git_dir)
    consent = read_consent(worktree)
    if not consent.enabled or environ.get(OFF, "").lower() in ("off", "0", "false", "no"):
        return
    operation = read_operation(worktree)
    text = _read(path)
    if operation.rebasing:
        _melt(worktree, operation, path, text)
        return
    edited = environ.get("GIT_EDITOR") != ":"
    kind = _kind(operation, text, source)
    comment = comment_in(text) or (_comment(worktree, text) if edited else "#")
    branch = read_head(worktree).branch
    if kind == "copy" or branch is None or not (edited or has_content(text, comment, comments_count=True)):
        return
    _propose(home, environ, worktree, path, (branch, Message(text, kind, comment), consent))
    if edited and source[0] in ("", "template"):
        note_untouched(worktree.git_dir, text)


def check_untouched(worktree: Worktree, path: str) -> None:
    """Take our lines out of a message that the editor left as it was (commit-msg): git makes no commit of it then."""
    before = untouched(worktree.git_dir)
    if before is None:
        return
    text = _read(path)
    comment = comment_in(before) or _comment(worktree, before)
    bare = drop_lines(text, comment)
    if _content(bare, comment) == _content(before, comment) and text != bare:
        _write(path, bare)


def settle(home: Path, worktree: Worktree) -> None:
    """See which proposed lines the new commit carries (post-commit, post-merge): one that is not there was removed by
    its owner, and is never proposed again."""
    noted = take_proposal(worktree.git_dir)
    if noted is None or not noted.tokens:
        return
    head = head_commit(worktree)
    if head in ("", noted.head):
        return
    present = {line.token for line in read_message(message_of(worktree.common_dir, head)).lines}
    removed = tuple(token.partition(".")[0] for token in noted.tokens if token not in present)
    if removed:
        note_withheld(worktree.git_dir, removed)
        with open_ledger(home, busy_seconds=BUSY_SECONDS) as ledger, ledger.transaction():
            record_withheld(ledger, repository_of(ledger, worktree).id, worktree.git_dir)
        withheld_recorded(worktree.git_dir)


def record_withheld(ledger: Ledger, repository: int, git_dir: str) -> None:
    """Tell the ledger of lines that were removed by hand; part of the caller's transaction."""
    for claim in claims_named(ledger, repository, take_withheld(git_dir)):
        decide_fate(ledger, claim.id, "withheld")


def _kind(operation: Operation, text: str, source: tuple[str, str]) -> Kind:
    if operation.copying or (source[0] == "message" and is_revert(text)):
        return "copy"
    if source == ("commit", "HEAD"):
        return "amend"
    joins = operation.squashing or operation.merging or source[0] in ("squash", "merge")
    return "join" if joins else "commit"


def _melt(worktree: Worktree, operation: Operation, path: str, text: str) -> None:
    """An interactive rebase melts commits into HEAD: git drops the messages of fixups, their lines must not go."""
    if not operation.melted:
        return
    commits = [head_commit(worktree), *operation.melted]
    messages = [message_of(worktree.common_dir, commit, seconds=GIT_SECONDS) for commit in commits if commit]
    carried: list[Line] = [line for message in messages for line in read_message(message).lines]
    lifted = lift_lines(text, carried, comment_in(text) or "#")
    if lifted != text:
        _write(path, lifted)


def _propose(
    home: Path,
    environ: Mapping[str, str],
    worktree: Worktree,
    path: str,
    wanted: tuple[str, Message, Consent],
) -> None:
    branch, message, consent = wanted
    refresh(home, environ)
    with open_ledger(home, busy_seconds=BUSY_SECONDS) as ledger:
        repository = repository_of(ledger, worktree).id
        if repository < 0:
            return
        head = head_commit(worktree)
        with ledger.transaction():
            look(ledger, repository, worktree.common_dir, seconds=GIT_SECONDS)
            record_withheld(ledger, repository, worktree.git_dir)
            proposal = propose(ledger, repository, branch, message, consent.terms)
    withheld_recorded(worktree.git_dir)
    if proposal.text != message.text:
        _write(path, proposal.text)
    if proposal.lines:
        note_proposal(worktree.git_dir, Noted(head, tuple(line.token for line in proposal.lines)))


def _comment(worktree: Worktree, text: str) -> str:
    """The character that begins a comment. In `auto` git chooses one; the last line of the message shows it."""
    said = read_section(worktree.common_dir, "core").get("commentchar", "")
    if not said:
        try:
            said = run_git(["config", "core.commentChar"], worktree.path, seconds=GIT_SECONDS).strip()
        except EnvironmentProblem:
            said = ""
    if said == "auto":
        last = text.rstrip().rpartition("\n")[2]
        return last[:1] or "#"
    return said or "#"


def _content(text: str, comment: str) -> list[str]:
    """What is left of a message when git has cleaned it."""
    lines = text.split("\n")
    return [line.rstrip() for line in lines if line.strip() and not line.startswith(comment)]


def _read(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            return stream.read().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise EnvironmentProblem(f"the message {path} cannot be read: {error.strerror or error}") from error


def _write(path: str, text: str) -> None:
    """The whole message or the old one, whatever happens."""
    new = f"{path}.tokcost"
    with open(new, "wb") as stream:
        stream.write(text.encode("utf-8", "surrogateescape"))
    os.replace(new, path)
