"""The work of git's hooks before a commit: putting the line for the branch's usage into its message."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tokcost.claims import claim_journal
from tokcost.claims.commit_notes import (
    BIND,
    Noted,
    all_withheld,
    forget,
    is_next_omitted,
    note_proposal,
    note_untouched,
    put_aside,
    untouched,
    withheld_recorded,
)
from tokcost.claims.message_comments import comment_of, keeps_comments_asked
from tokcost.claims.notes_folder import adopt, notes_folder_of_hook
from tokcost.claims.propose import MOST_USAGE, Message, Proposal, new_name, propose
from tokcost.claims.refresh_carriers import refresh_carriers
from tokcost.claims.rules import kind_of_commit
from tokcost.claims.withhold import record_withheld
from tokcost.errors import EnvironmentProblem, of_file
from tokcost.files.foreign import MOST_OF_GIT, read_bounded
from tokcost.files.private import PUBLIC_FILE, write_whole
from tokcost.ledger.claims import claims_named, withhold_pending
from tokcost.ledger.open import Ledger, open_ledger
from tokcost.model.claims import Consent, Remembered, Terms
from tokcost.model.commit_message import Placement, drop_lines, has_content, has_ours_in_title, lift_lines, lines_in
from tokcost.model.trailer import Line, read_message
from tokcost.model.worktree import CloneState, Config, Worktree
from tokcost.policy.consent import read_consent
from tokcost.repo.calling_git import (
    CallingGit,
    amends,
    calling_git,
    calling_gits,
    latest_time,
    may_allow_empty_message,
    may_skip_commit_msg,
)
from tokcost.repo.messages import message_of
from tokcost.repo.operation import is_revert, squash_message
from tokcost.repo.reflog import reflog_size
from tokcost.services.refresh import open_refreshed
from tokcost.services.settle_commit import (
    BUSY_SECONDS,
    GIT_SECONDS,
    IN_HOOK,
    LOOK_SECONDS,
    settle_late,
    withhold_earlier,
)
from tokcost.settings import is_switched_off
from tokcost.usage.known_worktrees import repository_of


class HookArguments(NamedTuple):
    """The arguments that git gives prepare-commit-msg (githooks(5))."""

    path: str
    """The file with the message."""
    source: str = ""
    """The source of the message: `message`, `template`, `merge`, `squash`, `commit`, or empty."""
    commit: str = ""
    """The commit, if the source is `commit`."""
    has_commit_msg: bool = False
    """Whether there is a commit-msg hook of ours, as far as that can be determined."""


class Draft(NamedTuple):
    """A commit that is being made on a branch."""

    asked: HookArguments
    branch: str
    head: str
    """The commit that it is made on; empty on a branch without commits."""
    message: Message
    silent: bool
    """Whether to claim the usage without a line: its owner withholds it."""
    edited: bool
    """Whether somebody may remove lines in an editor."""
    is_current: bool
    """Whether the ledger has everything that was logged."""
    is_awaited: Callable[[], bool]
    """Whether git still waits for the message."""
    git: CallingGit | None
    """The git process that runs the hook, where the system provides it."""

    @property
    def bare(self) -> str:
        """The message without our lines."""
        return drop_lines(self.message.text, self.message.comment)

    @property
    def may_stay_empty(self) -> bool:
        """Whether somebody may leave the editor without writing anything, so that git makes no commit."""
        return self.edited and (self.asked.source == "template" or not has_content(self.bare, self.message.comment))


def _always() -> bool:
    return True


def prepare(
    home: Path,
    environ: Mapping[str, str],
    here: CloneState,
    asked: HookArguments,
    *,
    is_current: bool = False,
    is_awaited: Callable[[], bool] = _always,
) -> None:
    """Put the lines of a commit into its message file.

    The logs are read unless the ledger `is_current`. `is_awaited` is called before the message is written: git may have
    gone on, and the file may belong to another commit by then. Raises `TokcostError`; the message is then unchanged.
    """
    notes = notes_folder_of_hook(environ, here.worktree)
    # The first two put earlier notes where `settle_late` looks for them. All of it precedes the new proposal, whose
    # note has the same name.
    adopt(here.worktree.git_dir, notes)
    put_aside(notes)
    settle_late(home, environ, here, notes)
    consent, text = read_consent(home, here), _read(asked.path)
    is_off, omitted = is_switched_off(environ), is_next_omitted(notes, here.commit)
    is_done, is_noted = withhold_earlier(home, environ, here, notes, consent, asked_now=is_off), False
    # A rebase may be aborted, which runs no hook: usage claimed here would then be in a commit that no ref reaches.
    if here.operation.rebasing:
        if consent.enabled:
            _melt(environ, here, asked.path, text)
    elif here.branch is not None and _may_go_on(environ, consent):
        if not consent.enabled:
            # The commit has no id yet: the hook after it binds the usage.
            git = calling_git(environ)
            size = reflog_size(here.worktree)
            note_proposal(notes, Noted(here.commit, (BIND,), git.id if git else "", reflog=size))
        elif (message := _message(environ, here, asked, text)) is not None:
            who = (is_off or omitted, _is_edited(environ, asked), is_current, is_awaited, calling_git(environ))
            draft = Draft(asked, here.branch, here.commit, message, *who)
            is_noted = _may_propose(environ, draft)
            if is_noted:
                _propose(home, environ, here, notes, draft, consent.terms)
                if draft.may_stay_empty and not draft.silent:
                    # git makes no commit of an untouched template (git-commit(1), --template), but with our line in the
                    # file it sees a change. commit-msg compares with this copy.
                    note_untouched(notes, message.text)
    if is_done and (is_noted or not (is_off or omitted)):
        all_withheld(notes)  # otherwise the hook after the commit handles what has no note


def _may_go_on(environ: Mapping[str, str], consent: Consent) -> bool:
    """Whether usage is claimed or bound now. Raises `EnvironmentProblem` if lines are enabled by somebody else's
    consent, or if it is unknown whether the repository's file forbids them."""
    if (consent.is_anothers or consent.is_unclear) and not is_switched_off(environ):
        raise EnvironmentProblem(consent.problem, consent.remedy)
    return not consent.is_unclear


def _may_propose(environ: Mapping[str, str], draft: Draft) -> bool:
    """Whether our lines may be put into the message: not if somebody may leave a message of nothing else and no
    commit-msg hook would remove them again."""
    message, bare = draft.message, draft.bare
    is_new = message.text == bare
    if not draft.edited or draft.silent or not (is_new or draft.may_stay_empty) or not may_skip_commit_msg(environ):
        return True
    if not is_new and has_ours_in_title(message.text, message.comment):
        _write(draft.asked.path, bare)
    return False


def _message(environ: Mapping[str, str], here: CloneState, asked: HookArguments, text: str) -> Message | None:
    """The message that git is about to use; `None` if nothing should be added: a copied commit keeps its lines, and
    an empty message makes no commit."""
    kind = kind_of_commit(here.operation, asked.source, _commit_meant(environ, asked), reverts=is_revert(text))
    edited = _is_edited(environ, asked)
    if kind == "copy":
        return None
    comment = comment_of(environ, here, text, edited=edited)
    bare = drop_lines(text, comment)
    # git refuses an empty message; with our line in it, it would make a commit that is titled by the line.
    if not edited and not has_content(bare, comment):
        if has_ours_in_title(text, comment):
            _write(asked.path, bare)  # everything else is comments that git removes
        return None
    carried_in = _squashed(here.worktree, asked) if here.operation.squashing else ()
    # `--amend -m` arrives with the source `message`, like a new commit; only the command line of git shows the
    # difference.
    if kind == "commit" and asked.source and _is_amended_by_hook(environ):
        replaced = read_message(message_of(here.worktree.common_dir, here.commit, seconds=GIT_SECONDS)).lines
        if replaced:
            kind, carried_in = "amend", tuple(replaced)
    return Message(text, kind, comment, carried_in, _placement(here.config))


def _is_amended_by_hook(environ: Mapping[str, str]) -> bool:
    """Whether somebody's hook replaces the commit, under a new message, while the git process that made it still
    runs. In that case nobody has decided against its lines. If the owner writes a new message, they wait for the
    next commit."""
    gits = calling_gits(environ)
    git = next(gits, None)
    return git is not None and git.amends and any(one.command == "commit" for one in gits)


def _placement(config: Config) -> Placement:
    return "end" if config.section("tokcost").get("placement", "").lower() == "end" else "auto"


def _is_edited(environ: Mapping[str, str], asked: HookArguments) -> bool:
    """Whether somebody sees the message in an editor: otherwise git names the editor `:`. The owner is also asked
    for a message if none was given."""
    return environ.get("GIT_EDITOR") != ":" or asked.source in ("", "template")


def check_message(environ: Mapping[str, str], here: CloneState, path: str) -> None:
    """Remove our lines from a message that is otherwise empty (commit-msg), so that git makes no commit.

    Lines in the first paragraph move to the end of the message: none of them becomes a title, or part of one.
    """
    notes = notes_folder_of_hook(environ, here.worktree)
    before, text = untouched(notes), _read(path)
    edited = before is not None or environ.get("GIT_EDITOR") != ":"
    comment = comment_of(environ, here, text if before is None else before, edited=edited)
    if _says_nothing(text, before, comment) and comment and edited and keeps_comments_asked(environ, here):
        comment = ""  # the title may begin like a comment
    bare = drop_lines(text, comment)
    if _says_nothing(text, before, comment):
        if text != bare:
            _write(path, bare)
        if text != bare or not may_allow_empty_message(environ):
            forget(notes)  # there will be no commit
    elif has_ours_in_title(text, comment):
        _write(path, lift_lines(text, (), comment, _placement(here.config)))


def _says_nothing(text: str, before: str | None, comment: str) -> bool:
    """Whether a message is empty but for lines of ours, or as it was before the editor opened it (`before`)."""
    bare = drop_lines(text, comment)
    is_left = before is not None and _content(bare, comment) == _content(drop_lines(before, comment), comment)
    return is_left or not has_content(bare, comment)


def _commit_meant(environ: Mapping[str, str], asked: HookArguments) -> str:
    """The commit that git passed; empty for a HEAD that was typed (`-C HEAD`): for `--amend` git passes the same."""
    if (asked.source, asked.commit) != ("commit", "HEAD"):
        return asked.commit
    # Only the command line of git shows the difference. It is unknown behind an alias, and where another program runs
    # the hook.
    git = calling_git(environ)
    return "HEAD" if git is None or git.command != "commit" or git.amends else ""


def _melt(environ: Mapping[str, str], here: CloneState, path: str, text: str) -> None:
    """Keep the lines of fixups. An interactive rebase melds commits into HEAD and drops the messages of fixups, but
    their lines must stay."""
    melted = here.operation.melted
    commits = [here.commit, *melted] if melted else []
    messages = [message_of(here.worktree.common_dir, commit, seconds=GIT_SECONDS) for commit in commits if commit]
    carried: list[Line] = [line for message in messages for line in read_message(message).lines]
    comment = comment_of(environ, here, text, edited=environ.get("GIT_EDITOR") != ":")
    lifted = lift_lines(text, carried, comment, _placement(here.config))
    if melted and lifted != text:
        _write(path, lifted)


def _squashed(worktree: Worktree, asked: HookArguments) -> tuple[Line, ...]:
    """The lines in the message that git had ready after `git merge --squash`, if git uses another message (`-m`,
    `-C`, `--amend`): the prepared message is dropped, but its lines must stay."""
    return tuple(read_message(squash_message(worktree)).lines) if asked.source in ("message", "commit") else ()


def _propose(home: Path, environ: Mapping[str, str], here: CloneState, notes: str, draft: Draft, terms: Terms) -> None:
    worktree, message = here.worktree, draft.message
    if draft.is_current:
        opened = open_ledger(home, busy_seconds=BUSY_SECONDS, leave_open=True)
    else:
        opened, _ = open_refreshed(home, environ, here, IN_HOOK)
    with opened as ledger:
        repository = repository_of(ledger, worktree).id
        if repository < 0:
            return
        with ledger.transaction():
            # Both change what is proposed: a claim that a commit carries by now is not continued, and a line that was
            # removed by hand is not written again.
            refresh_carriers(ledger, repository, worktree.common_dir, here, seconds=LOOK_SECONDS)
            record_withheld(ledger, repository, notes)
            # The next commit would publish what a limit leaves over.
            limit = -1 if draft.silent else MOST_USAGE
            proposal = propose(ledger, repository, draft.branch, message, terms, limit)
            left = _left_in_message(ledger, repository, draft, proposal)
            estimated = _withhold_estimated(ledger, repository, draft)
            _require_awaited(draft)  # what is returned now counts as never claimed
        # After the transaction, which can still fail, and before the message: the journal must have what is published.
        claim_journal.write(worktree.common_dir, [*claim_journal.versions(ledger, proposal.new), *estimated])
    withheld_recorded(notes)
    _require_awaited(draft)
    if proposal.text != message.text and not draft.silent:
        _write(draft.asked.path, proposal.text)
    # No message has a silent proposal's lines, so the hook after the commit withholds them like lines that their owner
    # deleted.
    put = proposal.unseen if draft.silent else (*proposal.lines, *left)
    if put:
        tokens = tuple(dict.fromkeys(line.token for line in put))
        git, file = draft.git, os.path.basename(draft.asked.path)
        is_checked = draft.asked.has_commit_msg and git is not None and not git.skips_commit_msg
        name, size = git.id if git else "", reflog_size(worktree)
        # Otherwise the missing lines of a silent proposal would count as removed by a hook, and stay pending.
        is_given = not (draft.silent or draft.edited)
        noted = Noted(draft.head, tokens, name, file, is_checked, reflog=size, is_given=is_given)
        latest = -1 if draft.asked.source == "merge" else latest_time(environ)
        note_proposal(notes, noted._replace(amends=amends(environ, git), latest=latest))


def _withhold_estimated(ledger: Ledger, repository: int, draft: Draft) -> list[Remembered]:
    """Withhold also the estimated usage of a commit whose owner withholds everything: a later change of the setting
    must not publish it."""
    if not draft.silent or draft.message.kind == "copy":
        return []
    claim = withhold_pending(ledger, repository, draft.branch, new_name(), "estimated")
    return [] if claim is None else [claim_journal.withheld_record(ledger, claim)]


def _require_awaited(draft: Draft) -> None:
    if not draft.is_awaited():
        raise EnvironmentProblem("git continued without it", "The next commit carries it.")


def _left_in_message(ledger: Ledger, repository: int, draft: Draft, proposal: Proposal) -> list[Line]:
    """Our lines that were in the message before, either in an amend or because the hook ran on it already (the
    commit was refused, or two hook managers start it). If one is removed in the editor, that is intended."""
    if draft.message.kind not in ("amend", "commit") or not draft.edited:
        return []
    before = {line.id for line in lines_in(draft.message.text, draft.message.comment)}
    lines = [line for line in lines_in(proposal.text, draft.message.comment) if line.id in before]
    is_amend = draft.message.kind == "amend"
    found = claims_named(ledger, repository, {line.id for line in lines})
    # A new message can have a line of another commit by copying; whoever deletes the copy decides nothing.
    mine = {claim.name for claim in found if is_amend or not (claim.ever_carried or claim.fate)}
    return [line for line in lines if line.id in mine]


def _content(text: str, comment: str) -> list[str]:
    """The lines of a message that are left after git's clean-up."""
    lines = text.split("\n")
    return [line.rstrip() for line in lines if line.strip() and not (comment and line.startswith(comment))]


def _read(path: str) -> str:
    try:
        # A message can have any encoding (i18n.commitEncoding), and its other bytes must stay as they are.
        return read_bounded(path, MOST_OF_GIT).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise of_file(f"the message {path}", "cannot be read", error) from error


def _write(path: str, text: str) -> None:
    """Write the message atomically."""
    write_whole(path, text.encode("utf-8", "surrogateescape"), PUBLIC_FILE, keeps_mode=True)
