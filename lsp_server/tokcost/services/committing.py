"""What git's hooks do before a commit: put the line of what the branch has spent into its message."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tokcost.attribution.claims import Operation as Kind
from tokcost.attribution.commit_message import comment_in, drop_lines, has_content, lift_lines
from tokcost.errors import EnvironmentProblem
from tokcost.foreign_files import MOST_OF_GIT, read_bounded
from tokcost.ledger.claims import claims_named
from tokcost.ledger.open import Ledger, open_ledger
from tokcost.model.claims import Terms
from tokcost.model.trailer import Line, read_message
from tokcost.private_files import PUBLIC_FILE, write_whole
from tokcost.repo.config import read_section
from tokcost.repo.head import head_commit, read_head
from tokcost.repo.messages import message_of
from tokcost.repo.operation import Operation, is_revert, read_operation, squash_message
from tokcost.repo.run import run_git
from tokcost.repo.worktree import Worktree
from tokcost.services import journal
from tokcost.services.claims import Message, Proposal, propose
from tokcost.services.consent import agree, read_consent
from tokcost.services.ingest import open_refreshed
from tokcost.services.look import look
from tokcost.services.proposals import (
    BIND,
    Noted,
    all_kept,
    forget,
    is_next_omitted,
    kept_too_little,
    note_proposal,
    note_untouched,
    untouched,
    withheld_recorded,
)
from tokcost.services.settling import BUSY_SECONDS, GIT_SECONDS, LOOK_SECONDS, record_withheld
from tokcost.services.worktrees import repository_of
from tokcost.settings import is_switched_off


class Draft(NamedTuple):
    """A commit that is being made on a branch."""

    worktree: Worktree
    path: str
    """The file with its message."""
    branch: str
    message: Message
    silent: bool
    """Claim what was spent, but write no line: its owner keeps it."""
    edited: bool
    """Whether somebody may take lines out again."""
    is_current: bool
    """Whether the ledger has everything that was logged."""


def prepare(
    home: Path,
    environ: Mapping[str, str],
    worktree: Worktree,
    path: str,
    source: tuple[str, str],
    *,
    is_current: bool = False,
) -> None:
    """Put the lines of a commit into its message file. `source` is what git says of the message: where it comes from
    and which commit. The logs are read unless the ledger `is_current`. Raises `TokcostError`; the message is then as
    it was."""
    _prepare(home, environ, worktree, path, source, is_current)
    all_kept(worktree.git_dir)


def _prepare(
    home: Path, environ: Mapping[str, str], worktree: Worktree, path: str, source: tuple[str, str], is_current: bool
) -> None:
    forget(worktree.git_dir)
    consent, operation, text = read_consent(home, worktree), read_operation(worktree), _read(path)
    if operation.rebasing:
        if consent.enabled:
            _melt(worktree, operation, path, text)
        return
    branch = read_head(worktree).branch
    if consent.is_anothers and branch is not None and not is_switched_off(environ):
        raise EnvironmentProblem(consent.problem)
    if branch is None or consent.is_unclear:
        return
    if consent.is_unmarked:
        agree(home, worktree)
    kind = _kind(operation, text, source)
    if not consent.enabled:
        note_proposal(worktree.git_dir, Noted(head_commit(worktree), (BIND,)))
        return
    edited = environ.get("GIT_EDITOR") != ":"
    comment = comment_in(text) or (_comment(worktree, text) if edited else "#")
    if kind == "copy" or not (edited or has_content(text, comment, comments_count=True)):
        return
    carried_in = _squashed(worktree, source) if operation.squashing else ()
    message = Message(text, kind, comment, carried_in)
    is_off = is_switched_off(environ)
    silent = is_off or is_next_omitted(worktree) or kept_too_little(worktree.git_dir, asked_now=is_off)
    _propose(home, environ, Draft(worktree, path, branch, message, silent, edited, is_current), consent.terms)
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


def _squashed(worktree: Worktree, source: tuple[str, str]) -> tuple[Line, ...]:
    """`git commit -m` after `git merge --squash`: the message git had ready goes, the lines in it must not."""
    return tuple(read_message(squash_message(worktree)).lines) if source[0] == "message" else ()


def _propose(home: Path, environ: Mapping[str, str], draft: Draft, terms: Terms) -> None:
    worktree, message = draft.worktree, draft.message
    if draft.is_current:
        opened = open_ledger(home, busy_seconds=BUSY_SECONDS, leave_open=True)
    else:
        opened = open_refreshed(home, environ, worktree, busy_seconds=BUSY_SECONDS)
    with opened as ledger:
        repository = repository_of(ledger, worktree).id
        if repository < 0:
            return
        head = head_commit(worktree)
        with ledger.transaction():
            look(ledger, repository, worktree.common_dir, seconds=LOOK_SECONDS)
            record_withheld(ledger, repository, worktree.git_dir)
            proposal = propose(ledger, repository, draft.branch, message, terms)
            kept = _kept(ledger, repository, draft, proposal)
        journal.write(worktree.common_dir, journal.versions(ledger, proposal.new))
    withheld_recorded(worktree.git_dir)
    if proposal.text != message.text and not draft.silent:
        _write(draft.path, proposal.text)
    noted = proposal.unseen if draft.silent else (*proposal.lines, *kept)
    if noted:
        note_proposal(worktree.git_dir, Noted(head, tuple(dict.fromkeys(line.token for line in noted))))


def _kept(ledger: Ledger, repository: int, draft: Draft, proposal: Proposal) -> list[Line]:
    """Lines of ours that an amended message had before: whoever takes one out in the editor means it."""
    if draft.message.operation != "amend" or not draft.edited:
        return []
    lines = read_message(proposal.text).lines
    mine = {claim.name for claim in claims_named(ledger, repository, {line.id for line in lines})}
    return [line for line in lines if line.id in mine]


def _comment(worktree: Worktree, text: str) -> str:
    """What begins a comment. With `auto` git chooses a character; the last line of the message shows it."""
    core = read_section(worktree.common_dir, "core")
    said = core.get("commentstring", core.get("commentchar", ""))
    for key in () if said else ("core.commentString", "core.commentChar"):
        try:
            said = said or run_git(["config", key], worktree.path, seconds=GIT_SECONDS).removesuffix("\n")
        except EnvironmentProblem:
            continue
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
        return read_bounded(path, MOST_OF_GIT).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise EnvironmentProblem(f"the message {path} cannot be read: {error.strerror or error}") from error


def _write(path: str, text: str) -> None:
    """The whole message or the old one, whatever happens."""
    write_whole(path, text.encode("utf-8", "surrogateescape"), PUBLIC_FILE, keeps_mode=True)
