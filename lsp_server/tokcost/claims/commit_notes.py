"""Notes that one hook of a commit leaves for the next, above all the proposed lines. They are in the folder given by
`notes_folder`."""

import os
from collections.abc import Callable, Set
from contextlib import suppress
from typing import NamedTuple

from tokcost.files.private import read_ours, write_whole

PROPOSAL = "TOKCOST_PROPOSAL"
UNSETTLED = "TOKCOST_UNSETTLED"
"""A proposal whose commit was made, while its outcome has not been examined: a hook may not get that far."""
UNSEEN = "TOKCOST_UNSEEN"
"""A proposal for which no hook ran after the commit: either the commit was not made, or its hook did not run."""
UNTOUCHED = "TOKCOST_UNTOUCHED"
"""Holds the message without our line, if an editor may leave it unchanged: git then makes no commit."""
WITHHELD = "tokcost-withheld"
"""Ids whose line was removed by hand, until the ledger records them."""
OMIT = "TOKCOST_OMIT"
"""Holds the commit on top of which the next commit shall carry no line. Once that commit is made, HEAD has moved on
and the note has no effect."""
KEEP = "TOKCOST_KEEP"
"""Has one line for each prepared commit that shall carry no line, written before Python starts: the reason, and the
contents of HEAD. It is removed once the usage is safely withheld, because a hook may not get that far."""
STRIPPED = "TOKCOST_STRIPPED"
"""Names the hook that removes our lines, so that it is reported once."""
SAID = "TOKCOST_SAID"
"""Holds the budget messages of the newest commit that was made outside a terminal."""
BIND = "bind"
"""Stands in place of ids: no line is written, and the usage is bound to the commit on this machine only."""


class Noted(NamedTuple):
    """A proposal: the position of HEAD, and the id and version of each line put into the message.

    It concerns one commit of the git process that runs the hooks, and has no meaning for another.
    """

    head: str
    tokens: tuple[str, ...]
    git: str = ""
    """The id of the git process that runs the hooks (`CallingGit.id`); empty if unknown."""
    file: str = ""
    """The name of the message file. A hook's script may read that file and no other."""
    is_checked: bool = False
    """Whether our commit-msg hook is certain to see the message, if the commit gets that far."""
    has_passed: bool = False
    """Whether our commit-msg hook saw the message."""
    was_whole: bool = False
    """Whether each line was in the message when the hook last saw it."""
    reflog: int = -1
    """The size of HEAD's reflog before the commit (`reflog_size`); -1 if unknown."""
    is_given: bool = False
    """Whether the message is not opened in an editor, so that no person can have removed a missing line."""
    was_stripped: bool = False
    """Whether a hook before our commit-msg hook removed lines."""
    amends: bool | None = None
    """Whether the git process replaces the newest commit; `None` if unknown."""
    latest: int = -1
    """The latest time, in seconds, that the git process can give its commit: git chooses it before it runs a hook.
    -1 if unknown."""

    @property
    def is_removed_by_hook(self) -> bool:
        """Whether somebody's hook removed the missing lines. After our commit-msg hook, no person sees a message."""
        return self.is_given or self.was_stripped or self.was_whole

    @property
    def is_bound(self) -> bool:
        """Whether no line is written, and the usage is bound to the commit on this machine only."""
        return self.tokens == (BIND,)


class ToWithhold(NamedTuple):
    """A commit whose usage was to be withheld."""

    is_off: bool
    """Whether tokcost was switched off; otherwise an editor asked to omit the line."""
    branch: str
    """The branch that HEAD named; empty for a detached HEAD, and if unknown."""


class CommitSaid(NamedTuple):
    """The budget messages of a commit that was made outside a terminal."""

    stopped: bool
    """Whether a budget stopped the commit."""
    text: str
    time_ms: int


_KINDS = {None: "", True: "amend", False: "new"}
"""The words for `Noted.amends`."""
_NO_BRANCH = ".invalid"
"""The branch named by the HEAD file of a repository with reftables."""


def note_proposal(folder: str, noted: Noted) -> None:
    """Record which lines were put into the message."""
    about = (noted.head, noted.git, noted.file, "checked" if noted.is_checked else "", str(noted.reflog))
    about += ("given" if noted.is_given else "", _KINDS[noted.amends], str(noted.latest))
    # The scripts split this line at spaces (`read -r head git file rest`): an empty field would shift the others.
    first = " ".join(one.replace(" ", "_") or "-" for one in about)
    _write(os.path.join(folder, PROPOSAL), "".join(f"{one}\n" for one in (first, *noted.tokens)))


def read_proposal(folder: str) -> Noted | None:
    """The newest note."""
    return _read_noted(folder, PROPOSAL)


def begin_settling(folder: str) -> Noted | None:
    """The note of the commit that was just made.

    It stays until `settled`, so a hook that is interrupted leaves it to the next one. The script of a hook has begun
    already, unless an older tokcost wrote it.
    """
    if read_proposal(folder) is not None:
        # One rename, so that the proposal is under one of the two names at every moment.
        os.replace(os.path.join(folder, PROPOSAL), os.path.join(folder, UNSETTLED))
    forget(folder)
    return read_unsettled(folder)


def read_unsettled(folder: str) -> Noted | None:
    """The note of a commit whose message no hook has examined yet."""
    return _read_noted(folder, UNSETTLED)


def settled(folder: str) -> None:
    """Remove the note of `read_unsettled`: the outcome of that commit is known."""
    with suppress(OSError):
        os.unlink(os.path.join(folder, UNSETTLED))


def take_unseen(folder: str) -> Noted | None:
    """The note of a commit after which no hook ran, if the commit was made at all. The caller has to call `seen`."""
    return _read_noted(folder, UNSEEN)


def seen(folder: str) -> None:
    """Remove the note of `take_unseen`: it is known whether that commit was made, and what it carries."""
    with suppress(OSError):
        os.unlink(os.path.join(folder, UNSEEN))


def forget(folder: str) -> None:
    """Remove the notes of a proposal: nothing is proposed any more."""
    for name in (PROPOSAL, UNTOUCHED):
        with suppress(OSError):
            os.unlink(os.path.join(folder, name))


def put_aside(folder: str) -> None:
    """Put the note of the previous commit aside (`take_unseen`), so that the next commit does not use it: the
    previous commit may have been made without its hook. A hook's script, if there is one, has done so already."""
    if read_proposal(folder) is not None:
        with suppress(OSError):
            os.replace(os.path.join(folder, PROPOSAL), os.path.join(folder, UNSEEN))
    forget(folder)


def note_untouched(folder: str, text: str) -> None:
    """Record an untouched message."""
    _write(os.path.join(folder, UNTOUCHED), text)


def untouched(folder: str) -> str | None:
    """The text of an untouched message; `None` if it is not needed."""
    data = read_ours(os.path.join(folder, UNTOUCHED))
    return None if data is None else data.decode("utf-8", "surrogateescape")


def note_said(folder: str, said: CommitSaid) -> None:
    """Record the budget messages, for an editor to show."""
    _write(os.path.join(folder, SAID), f"{said.time_ms} {'stopped' if said.stopped else 'warned'} {said.text}\n")


def read_said(folder: str) -> CommitSaid | None:
    """The newest budget messages."""
    data = read_ours(os.path.join(folder, SAID)) or b""
    time_ms, _, rest = data.decode("utf-8", "replace").rstrip("\n").partition(" ")
    what, _, text = rest.partition(" ")
    return CommitSaid(what == "stopped", text, int(time_ms)) if time_ms.isdecimal() and len(time_ms) < 15 else None


def omit_next(folder: str, head: str) -> None:
    """Omit the line of the next commit on top of HEAD."""
    _write(os.path.join(folder, OMIT), f"{head}\n")


def omit_no_more(folder: str) -> None:
    """Have the next commit carry its line again, unless it is omitted anew."""
    with suppress(OSError):
        os.unlink(os.path.join(folder, OMIT))


def is_next_omitted(folder: str, head: str) -> bool:
    """Whether the line of a commit on top of this one is to be omitted."""
    said = _read(os.path.join(folder, OMIT))
    return bool(said) and said == f"{head}\n"


def is_omitted_from(folder: str, parents: tuple[str, ...]) -> bool:
    """Whether the line of a commit with these parents was to be omitted."""
    said = _read(os.path.join(folder, OMIT))
    # A root commit has no parent; the note for it has an empty line in place of HEAD.
    return said != "" and said.strip() in (parents or ("",))


def still_to_withhold(folder: str) -> list[ToWithhold]:
    """The commits whose usage was to be withheld, and has not been withheld yet; oldest first."""
    return [_to_withhold(line) for line in _lines(os.path.join(folder, KEEP))]


def still_to_withhold_of_earlier(folder: str, head: str, *, asked_now: bool) -> list[ToWithhold]:
    """The commits of `still_to_withhold` that precede the commit being prepared on top of `head`; `asked_now` is
    whether that one is switched off too."""
    # The script appends, so the last line is that of the commit being prepared.
    found = still_to_withhold(folder)[: -1 if _wrote_a_line(folder, asked_now) else None]
    # A commit that was to be omitted, and still is, was abandoned.
    return [one for one in found if one.is_off or not is_next_omitted(folder, head)]


def earlier_withheld(folder: str, *, asked_now: bool) -> None:
    """Forget the commits whose usage has been withheld by now; the note of the commit being prepared stays."""
    path = os.path.join(folder, KEEP)
    last = _lines(path)[-1:] if _wrote_a_line(folder, asked_now) else []
    if last:
        _write(path, f"{last[0]}\n")
    else:
        all_withheld(folder)


def all_withheld(folder: str) -> None:
    """Forget all commits whose usage was to be withheld, because it is noted or recorded."""
    with suppress(OSError):
        os.unlink(os.path.join(folder, KEEP))


def _wrote_a_line(folder: str, asked_now: bool) -> bool:
    """Whether the hook's script has noted the commit being prepared. The script does not know on top of which commit
    the next one shall carry no line."""
    # The same two conditions as `_NOTE_KEEP` in the text of the hook's script.
    return asked_now or os.path.exists(os.path.join(folder, OMIT))


def _to_withhold(line: str) -> ToWithhold:
    why, _, head = line.partition(" ")
    branch = head.removeprefix("ref: refs/heads/")
    # As `ref_text` in repo/head.py, which this module may not know: bytes that are not UTF-8 are escaped.
    name = _bytes(branch).decode("utf-8", "backslashreplace")
    return ToWithhold(why == "off", name if branch != head and branch != _NO_BRANCH else "")


def note_stripped(folder: str, who: str) -> bool:
    """Record that a hook removes lines; returns whether that is new."""
    path = os.path.join(folder, STRIPPED)
    # The content is compared, so that another hook that strips lines is reported too.
    if _read(path) == f"{who}\n":
        return False
    _write(path, f"{who}\n")
    return True


def note_withheld(folder: str, names: tuple[str, ...]) -> None:
    """Record ids whose line was removed by hand."""
    before = _read(os.path.join(folder, WITHHELD))
    _write(os.path.join(folder, WITHHELD), before + "".join(f"{name}\n" for name in names))


def take_withheld(folder: str) -> tuple[str, ...]:
    """Ids noted as withheld. The caller calls `withheld_recorded` once the ledger has them."""
    return tuple(_read(os.path.join(folder, WITHHELD)).split())


def withheld_recorded(folder: str) -> None:
    """Remove the note of `take_withheld`: the ledger has these ids now."""
    with suppress(OSError):
        os.unlink(os.path.join(folder, WITHHELD))


def forget_purged(folder: str, claims: Set[str], is_of_purged: Callable[[str], bool]) -> None:
    """Take out of the notes what was purged: these claims, the commits on branches of which that is said, and whatever
    budgets said. The rest of a proposal stays, since its commit may be in the making. Raises `OSError`."""
    for name in (PROPOSAL, UNSETTLED, UNSEEN, WITHHELD):
        # The first line of a proposal passes as well: it begins with a commit id, which is longer than a claim's.
        _keep_lines(os.path.join(folder, name), lambda line: line.partition(".")[0] not in claims)
    _keep_lines(os.path.join(folder, KEEP), lambda line: not is_of_purged(_to_withhold(line).branch))
    _keep_lines(os.path.join(folder, SAID), lambda _: False)


def _keep_lines(path: str, is_kept: Callable[[str], bool]) -> None:
    before = _lines(path)
    after = [line for line in before if is_kept(line)]
    if after and after != before:
        _write(path, "".join(f"{line}\n" for line in after))
    elif before and not after:
        os.unlink(path)


def _read_noted(folder: str, name: str) -> Noted | None:
    """The note in the file.

    Our commit-msg script appends `:seen` and its result. Another program may run it again on a message that was edited
    meanwhile, so the last result counts. An older tokcost wrote only HEAD and the ids.
    """
    text = _read(os.path.join(folder, name))
    first, _, rest = text.partition("\n")
    fields = ["" if one == "-" else one for one in first.split(" ")]
    head, git, file, checked, size, given, kind, latest = (*fields, *[""] * 7)[:8]
    words = rest.split()
    tokens = tuple(word for word in words if not word.startswith(":"))
    marks = [word for word in words if word.startswith(":")]
    last = " ".join(marks).rpartition(":seen")[2].split()
    saw = (":seen" in marks, ":whole" in last, _number(size), given == "given", ":stripped" in last)
    amends = next((one for one, word in _KINDS.items() if word == kind), None)
    noted = Noted(head, tokens, git, file, bool(checked), *saw, amends, _number(latest))
    return noted if text else None


def _number(word: str) -> int:
    # Python refuses to parse numbers of thousands of digits.
    return int(word) if word.isdecimal() and len(word) < 16 else -1


def _read(path: str) -> str:
    """Our own note. A note of another user of this clone, or of root, concerns other usage."""
    return (read_ours(path) or b"").decode("utf-8", "surrogateescape")


def _lines(path: str) -> list[str]:
    """The lines of a note. Not `splitlines`: the name of a branch may contain a line end of Unicode."""
    return [line for line in _read(path).split("\n") if line]


def _write(path: str, text: str) -> None:
    """Write a note atomically."""
    write_whole(path, _bytes(text))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
