"""Notes that one hook of a commit leaves for the next, above all the proposed lines. They lie in the folder that
`notes_folder` knows."""

import os
from collections.abc import Callable, Set
from contextlib import suppress
from typing import NamedTuple

from tokcost.files.private import read_ours, write_whole

PROPOSAL = "TOKCOST_PROPOSAL"
UNSETTLED = "TOKCOST_UNSETTLED"
"""A proposal whose commit was made, while it is not yet seen what became of it: a hook may not get that far."""
UNSEEN = "TOKCOST_UNSEEN"
"""A proposal that no hook saw after the commit: that never happened, or its hook did not run."""
UNTOUCHED = "TOKCOST_UNTOUCHED"
"""Holds the message as it was without our line, while an editor may leave it as it is: git then makes no commit."""
WITHHELD = "tokcost-withheld"
"""Ids whose line was removed by hand, until the ledger can be told."""
OMIT = "TOKCOST_OMIT"
"""Holds the commit on top of which the next one shall carry no line. When that is made HEAD has moved on, and this
means nothing any more."""
KEEP = "TOKCOST_KEEP"
"""Has a line for each time that a commit was prepared which shall carry no line, written before Python starts: why, and
the text of HEAD. It is gone once the spend is sure to be kept: a hook may not get that far."""
STRIPPED = "TOKCOST_STRIPPED"
"""Holds which hook takes our lines out: that is said once."""
SAID = "TOKCOST_SAID"
"""Holds what budgets said at the newest commit that was made where nobody reads what hooks say."""
BIND = "bind"
"""In place of ids: no line is written here, what was spent belongs to the commit on this machine alone."""


class Noted(NamedTuple):
    """A proposal: where HEAD was, and id and version of each line put into the message. It is of one commit, of the git
    that runs the hooks for it, and means nothing to another."""

    head: str
    tokens: tuple[str, ...]
    git: str = ""
    """The id of the git that runs the hooks (`CallingGit.id`); empty where that cannot be told."""
    file: str = ""
    """The name of the message file. A hook's script may look into that one, and in no other."""
    is_checked: bool = False
    """Whether our commit-msg hook is sure to see the message, if the commit comes as far as that."""
    has_passed: bool = False
    """Whether it did."""
    was_whole: bool = False
    """Whether each line stood in the message then, when it passed last."""
    reflog: int = -1
    """The size of HEAD's reflog before the commit (`reflog_size`); -1 where that is not known."""
    is_given: bool = False
    """Whether nobody gets to see the message in an editor: what is missing then was taken out by no person."""
    was_stripped: bool = False
    """Whether a hook in front of our commit-msg hook took lines out that were there before."""

    @property
    def is_kept_out_by_hook(self) -> bool:
        """Whether lines that are missing were taken out by a hook of somebody's. Nobody gets to see a message any more
        once it has passed our commit-msg hook."""
        return self.is_given or self.was_stripped or self.was_whole


class ToKeep(NamedTuple):
    """A commit whose spend was to be kept."""

    is_off: bool
    """Whether it was switched off; otherwise an editor asked to leave its line out."""
    branch: str
    """The branch that HEAD named; empty on a detached HEAD, and where that is not known."""


class CommitSaid(NamedTuple):
    """The words of budgets at a commit that was made outside of a terminal."""

    stopped: bool
    """Whether they stopped it."""
    text: str
    time_ms: int


_NO_BRANCH = ".invalid"
"""The branch that the file HEAD names in a repository with reftables."""


def note_proposal(folder: str, noted: Noted) -> None:
    """Remember what was put into the message."""
    about = (noted.head, noted.git, noted.file, "checked" if noted.is_checked else "", str(noted.reflog))
    about += ("given",) if noted.is_given else ()
    first = " ".join(one.replace(" ", "_") or "-" for one in about)
    _write(os.path.join(folder, PROPOSAL), "".join(f"{one}\n" for one in (first, *noted.tokens)))


def read_proposal(folder: str) -> Noted | None:
    """The newest note."""
    return _read_noted(folder, PROPOSAL)


def begin_settling(folder: str) -> Noted | None:
    """The note of the commit that was just made. It stays until `settled`: who does not get that far leaves it to the
    next hook. The script of a hook has begun already, unless an older tokcost wrote it."""
    if read_proposal(folder) is not None:
        os.replace(os.path.join(folder, PROPOSAL), os.path.join(folder, UNSETTLED))
    forget(folder)
    return read_unsettled(folder)


def read_unsettled(folder: str) -> Noted | None:
    """The note of a commit whose message no hook has looked at yet."""
    return _read_noted(folder, UNSETTLED)


def settled(folder: str) -> None:
    """Remove the note of `read_unsettled`: what became of that commit is known."""
    with suppress(OSError):
        os.unlink(os.path.join(folder, UNSETTLED))


def take_unseen(folder: str) -> Noted | None:
    """The note of a commit after which no hook ran, if it was made at all. Whoever took it calls `seen`."""
    return _read_noted(folder, UNSEEN)


def seen(folder: str) -> None:
    """Remove the note of `take_unseen`: whether that commit was made, and what it carries, is known."""
    with suppress(OSError):
        os.unlink(os.path.join(folder, UNSEEN))


def forget(folder: str) -> None:
    """Remove the notes of a proposal: nothing is proposed any more."""
    for name in (PROPOSAL, UNTOUCHED):
        with suppress(OSError):
            os.unlink(os.path.join(folder, name))


def put_aside(folder: str) -> None:
    """Put the note of the commit before aside (`take_unseen`), so that the next one does not meet it: that commit may
    have been made without its hook. The script of a hook, where there is one, has done so already."""
    if read_proposal(folder) is not None:
        with suppress(OSError):
            os.replace(os.path.join(folder, PROPOSAL), os.path.join(folder, UNSEEN))
    forget(folder)


def note_untouched(folder: str, text: str) -> None:
    """Remember what an untouched message looks like."""
    _write(os.path.join(folder, UNTOUCHED), text)


def untouched(folder: str) -> str | None:
    """The text of an untouched message; `None` when that does not matter."""
    data = read_ours(os.path.join(folder, UNTOUCHED))
    return None if data is None else data.decode("utf-8", "surrogateescape")


def note_said(folder: str, said: CommitSaid) -> None:
    """Remember what budgets said, for an editor to show."""
    _write(os.path.join(folder, SAID), f"{said.time_ms} {'stopped' if said.stopped else 'warned'} {said.text}\n")


def read_said(folder: str) -> CommitSaid | None:
    """The newest words of budgets."""
    data = read_ours(os.path.join(folder, SAID)) or b""
    time_ms, _, rest = data.decode("utf-8", "replace").rstrip("\n").partition(" ")
    what, _, text = rest.partition(" ")
    return CommitSaid(what == "stopped", text, int(time_ms)) if time_ms.isdecimal() and len(time_ms) < 15 else None


def omit_next(folder: str, head: str) -> None:
    """Leave the line of the next commit on top of HEAD out."""
    _write(os.path.join(folder, OMIT), f"{head}\n")


def omit_no_more(folder: str) -> None:
    """Have the next commit carry its line, unless it is left out anew."""
    with suppress(OSError):
        os.unlink(os.path.join(folder, OMIT))


def is_next_omitted(folder: str, head: str) -> bool:
    """Whether the line of a commit on top of this one is to be left out."""
    said = _read(os.path.join(folder, OMIT))
    return bool(said) and said == f"{head}\n"


def is_omitted_from(folder: str, parents: tuple[str, ...]) -> bool:
    """Whether the line of a commit with these parents was to be left out."""
    said = _read(os.path.join(folder, OMIT))
    return said != "" and said.strip() in (parents or ("",))


def still_to_keep(folder: str) -> list[ToKeep]:
    """The commits whose spend was to be kept, and nobody has done that yet; oldest first."""
    return [_to_keep(line) for line in _read(os.path.join(folder, KEEP)).splitlines() if line]


def still_to_keep_of_earlier(folder: str, head: str, *, asked_now: bool) -> list[ToKeep]:
    """Those of them before the one being prepared on top of `head`; `asked_now` is whether it is switched off too."""
    found = still_to_keep(folder)[: -1 if _wrote_a_line(folder, asked_now) else None]
    # One that was to be omitted, and still is, was given up.
    return [one for one in found if one.is_off or not is_next_omitted(folder, head)]


def earlier_kept(folder: str, *, asked_now: bool) -> None:
    """Forget the commits whose usage is kept by now; the note of the commit being prepared stays."""
    path = os.path.join(folder, KEEP)
    last = _read(path).splitlines()[-1:] if _wrote_a_line(folder, asked_now) else []
    if last:
        _write(path, f"{last[0]}\n")
    else:
        all_kept(folder)


def all_kept(folder: str) -> None:
    """Forget all commits whose usage was to be kept: it is noted or recorded."""
    with suppress(OSError):
        os.unlink(os.path.join(folder, KEEP))


def _wrote_a_line(folder: str, asked_now: bool) -> bool:
    """Whether the script of the hook has noted the commit being prepared: it does not see on top of which commit the
    next one shall carry no line."""
    return asked_now or os.path.exists(os.path.join(folder, OMIT))


def _to_keep(line: str) -> ToKeep:
    why, _, head = line.partition(" ")
    branch = head.removeprefix("ref: refs/heads/")
    return ToKeep(why == "off", branch if branch != head and branch != _NO_BRANCH else "")


def note_stripped(folder: str, who: str) -> bool:
    """Remember that a hook takes lines out; whether that is new."""
    path = os.path.join(folder, STRIPPED)
    if _read(path) == f"{who}\n":
        return False
    _write(path, f"{who}\n")
    return True


def note_withheld(folder: str, names: tuple[str, ...]) -> None:
    """Remember ids whose line was removed by hand."""
    before = _read(os.path.join(folder, WITHHELD))
    _write(os.path.join(folder, WITHHELD), before + "".join(f"{name}\n" for name in names))


def take_withheld(folder: str) -> tuple[str, ...]:
    """Ids noted as withheld; the caller calls `withheld_recorded` when the ledger knows them."""
    return tuple(_read(os.path.join(folder, WITHHELD)).split())


def withheld_recorded(folder: str) -> None:
    """Remove the note of `take_withheld`: the ledger knows these ids now."""
    with suppress(OSError):
        os.unlink(os.path.join(folder, WITHHELD))


def forget_purged(folder: str, claims: Set[str], is_of_purged: Callable[[str], bool]) -> None:
    """Take out of the notes what was purged: these claims, the commits on branches of which that is said, and whatever
    budgets said. The rest of a proposal stays, since its commit may be in the making. Raises `OSError`."""
    for name in (PROPOSAL, UNSETTLED, UNSEEN, WITHHELD):
        _keep_lines(os.path.join(folder, name), lambda line: line.partition(".")[0] not in claims)
    _keep_lines(os.path.join(folder, KEEP), lambda line: not is_of_purged(_to_keep(line).branch))
    _keep_lines(os.path.join(folder, SAID), lambda _: False)


def _keep_lines(path: str, is_kept: Callable[[str], bool]) -> None:
    before = _read(path).splitlines(keepends=True)
    after = [line for line in before if is_kept(line.rstrip("\n"))]
    if after and after != before:
        _write(path, "".join(after))
    elif before and not after:
        os.unlink(path)


def _read_noted(folder: str, name: str) -> Noted | None:
    """The note as it is there. Our commit-msg script adds `:seen` and what it saw: another program runs it again on a
    message that was edited meanwhile, and its last look counts. An older tokcost wrote HEAD and tokens alone."""
    text = _read(os.path.join(folder, name))
    first, _, rest = text.partition("\n")
    fields = ["" if one == "-" else one for one in first.split(" ")]
    head, git, file, checked, size, given = (*fields, "", "", "", "", "")[:6]
    words = rest.split()
    tokens = tuple(word for word in words if not word.startswith(":"))
    marks = [word for word in words if word.startswith(":")]
    last = " ".join(marks).rpartition(":seen")[2].split()
    reflog = int(size) if size.isdecimal() and len(size) < 16 else -1
    saw = (":seen" in marks, ":whole" in last, reflog, given == "given", ":stripped" in last)
    noted = Noted(head, tokens, git, file, bool(checked), *saw)
    return noted if text else None


def _read(path: str) -> str:
    """A note of ours: one of another user, who works in this clone too or was root here, is about other usage."""
    return (read_ours(path) or b"").decode("utf-8", "surrogateescape")


def _write(path: str, text: str) -> None:
    """Whole or not at all."""
    write_whole(path, text.encode("utf-8", "surrogateescape"))
