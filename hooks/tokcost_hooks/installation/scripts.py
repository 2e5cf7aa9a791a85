"""The text of our hooks, in the shell that git has everywhere (in Git for Windows too: no bashisms, forward
slashes), and how a file is recognised as ours."""

import os
import re
import shlex
import sys
from contextlib import suppress
from pathlib import PurePath
from typing import Literal

import tokcost
from tokcost.errors import EnvironmentProblem
from tokcost.files.foreign import MOST, open_regular

PREVIOUS = ".before-tokcost"
PREVIOUS_FOLDER = "before-tokcost"
"""The folder for a hook that checks its own name, which must not change then."""

Owner = Literal["nobody", "ours", "edited", "foreign"]
"""The owner of a hook file; `edited` means ours, changed by somebody since."""

_MARK = "# Made by `tokcost hooks install`; `tokcost hooks uninstall` takes it away."
_MARKED = re.compile(rb"^" + re.escape(_MARK.encode()) + rb" \[([0-9a-f]{12})\]\r?\n", re.MULTILINE)
# Atomic groups: a long file without `run=` or `if` is not searched again for every other way to divide it.
_ASSIGNED = re.compile(rb"python=(?>(.*?)\nrun=)(?>(.*?)\nif )", re.DOTALL)
_MOST = 65536

_NOTES = """\
notes="${GIT_DIR:-.git}"
if ! [ -O "$notes" ]; then
  own="$notes/tokcost-notes-$(id -u)"
  [ -d "$own" ] || (umask 077; mkdir "$own")
  [ -h "$own" ] || ! [ -O "$own" ] || notes=$own
fi 2>/dev/null
"""
"""The folder with our notes. Several users may work in one worktree: a user who does not own its git folder has a
separate folder there, so that nobody's note is replaced by another's."""
_NOTE = _NOTES + 'note="$notes/TOKCOST_PROPOSAL"\n'
_EMPTY = 'forget() { { [ ! -h "$note" ] && true >"$note"; } || rm -f "$note"; } 2>/dev/null\n'
"""A note of another user (root worked here) cannot be emptied, but removed; a link must not empty its target. `:`
would exit the shell then."""
_FORGET = _NOTE + _EMPTY + '[ ! -s "$note" ] || mv -f "$note" "$notes/TOKCOST_UNSEEN" 2>/dev/null || forget\n'
"""The note of a commit that was not made must affect no other commit, even if Python fails this time. The commit may
have been made without its post-commit hook, though: Python checks."""
_BEGIN = 'begin() { mv -f "$note" "$notes/TOKCOST_UNSETTLED" 2>/dev/null || :; }\n'
"""The note belongs to a commit that was made: from now on nobody discards it before its message was examined."""
_KEEP = 'keep="$notes/TOKCOST_KEEP"\n'
_NOTE_KEEP = (
    _KEEP
    + """\
case "${TOKCOST-}" in
  [oO][fF][fF] | 0 | [fF][aA][lL][sS][eE] | [nN][oO]) keeps=off ;;
  *) [ -e "$notes/TOKCOST_OMIT" ] && keeps=omit || keeps= ;;
esac
if [ "$keeps" ]; then
  { read -r head <"${GIT_DIR:-.git}/HEAD"; } 2>/dev/null && keeps="$keeps $head"
  plain() { [ ! -h "$keep" ] && { [ -f "$keep" ] || [ ! -e "$keep" ]; }; }
  (umask 077; { plain && echo "$keeps" >>"$keep"; } || { rm -f "$keep"; echo "$keeps" >"$keep"; }) 2>/dev/null
fi
"""
)
"""Usage that its owner wants withheld is not published by the next commit, even if Python fails this time."""
_HAS_LINES = r"""has_lines() {
  line=
  { read -r token
    while read -r token || [ -n "$token" ]; do
      case $token in :*) continue ;; esac
      left=$1
      until case $line in "AI-Cost: "*"; $token") ;; *) false ;; esac; do
        [ "$left" != 0 ] && read -r line <&3 || return 1
        case $line in *" >8 "*) return 1 ;; esac
        left=$((left - 1))
      done
    done
  } <"$note"
}
in_message() {
  read -r head git file rest <"$note"
  [ "$file" = COMMIT_EDITMSG ] && has_lines 40 3<"${GIT_DIR:-.git}/COMMIT_EDITMSG"
} 2>/dev/null
in_commit() { GIT_NO_LAZY_FETCH=1 GIT_ALLOW_PROTOCOL=none git cat-file commit HEAD | has_lines 4000 3<&0; } 2>/dev/null
"""
"""Nearly every commit carries what was proposed for it. The shell can check that without Python, and usually without
git, which made the commit from the message file; a proposal for another file names it. Shells read byte by byte, so
only its beginning is read."""
_SETTLE = _NOTE + _EMPTY + _BEGIN + _KEEP + _HAS_LINES + "carries_all() { { in_message || in_commit; } && forget; }\n"
_SETTLE_MERGE = _NOTE + _EMPTY + _KEEP + _HAS_LINES + "carries_all() { in_commit && forget; }\n"

_WAS_WHOLE = (
    _NOTE
    + _HAS_LINES
    + r"""was=
if [ -s "$note" ] && [ ! -h "$note" ] && has_lines 100 3<"$1"; then was=whole; fi 2>/dev/null
"""
)
"""Examines the message before the hook that runs first: lines that this hook removes were not removed by a person."""

_OF_THIS = r"""of_this() {
  read -r head git rest <"$note"
  case $git in *:*) ;; *) return 0 ;; esac
  above=$PPID
  while [ "$above" -gt 1 ]; do
    read -r stat <"/proc/$above/stat" || return 0
    set -- "$above" ${stat##*) }
    [ "$1:${21}" != "$git" ] || return 0
    above=$3
  done
  return 1
} 2>/dev/null
"""
"""Whether the note is of the git process that runs this hook, as far as the system tells. A program that makes a commit
by itself may run this hook while the note of a commit that was given up is still there."""

_CHECK = (
    _NOTE
    + _EMPTY
    + _HAS_LINES
    + _OF_THIS
    + r"""mark=
[ "$code" = 0 ] || forget
if [ -s "$note" ] && [ ! -h "$note" ] && of_this; then
  mark=:seen
  if has_lines 100 3<"$1"; then mark=":seen :whole"; elif [ "${was-}" ]; then mark=":seen :stripped"; fi 2>/dev/null
  { echo "$mark" >>"$note"; } 2>/dev/null
fi
titled() {
  begun=
  while read -r line || [ -n "$line" ]; do
    case $line in "AI-Cost:"* | "AI-Tokens:"*) return 0 ;; "") [ ! "$begun" ] || return 1 ;; "#"*) ;; *) begun=1 ;; esac
  done <"$1"
  return 1
} 2>/dev/null
"""
)
"""A commit that another hook refuses is not made. How far it got, and whether its lines were still in its message
then, shows later what happened to them. And no line of ours may become a title. A message that has lost its lines may
have lost everything else too, and then no commit is made: only Python knows what git takes for a comment."""

_NOTE_PLACE = 'export TOKCOST_HOOKS="${0%/*}"\n'
"""A budget may have been set since we were installed: the hook that writes the line checks whether a hook here
checks it."""

_PICKS = """\
picks() {
  git_dir="${GIT_DIR:-.git}"
  [ -d "$git_dir/rebase-merge" ] || [ -d "$git_dir/rebase-apply" ] || return 1
  [ ! -e "$git_dir/rebase-merge/current-fixups" ] || return 1
  for left in UNSEEN UNSETTLED KEEP; do [ ! -e "$notes/TOKCOST_$left" ] || return 1; done
}
"""
"""A rebase proposes nothing, and each picked commit has its lines in its message: only a commit that absorbs others (a
fixup or squash) may lack some. Work that earlier commits left to the next hook is not postponed, though."""
_BEFORE = {
    "prepare-commit-msg": _FORGET + _NOTE_KEEP + _NOTE_PLACE + _PICKS,
    "commit-msg": _CHECK,
    "post-commit": _SETTLE,
    "post-merge": _SETTLE_MERGE,
}
_WAITS_FOR = {
    "prepare-commit-msg": "! picks",
    "commit-msg": '[ "$mark" = :seen ] || [ -s "$notes/TOKCOST_UNTOUCHED" ] || titled "$1"',
    "post-commit": '{ [ -s "$note" ] && ! carries_all && begin; } || [ -e "$keep" ]',
    "post-merge": '[ -e "$keep" ] || { [ -s "$note" ] && ! { [ "$1" != 1 ] && carries_all; }; }',
    "post-rewrite": '[ "$1" = rebase ]',
}
"""Hooks that have nothing to do unless this condition holds: Python does not even start then."""

_BUDGET_IN = """\
git_dir="${GIT_DIR:-.git}"
[ ! -f "$git_dir/commondir" ] || git_dir="$git_dir/../.."
budget='(^|])[[:space:]]*([[] *)?(tokcost)?"?budget'
"""
_HAS_BUDGET = rf"""case ${{GIT_CONFIG_PARAMETERS-}}${{GIT_CONFIG_COUNT:+budget}} in *udget*) ;; *) false ;; esac ||
   grep -qisE "$budget" "$git_dir/config" || {{
  [ -f .tokcost.toml ] && head -c {MOST} .tokcost.toml 2>/dev/null | grep -qiE "$budget"; }}"""
"""A clone may contain a pipe or a device, from which grep would read for ever."""
_UNLESS_STOPPED = '[ "$?" != 79 ] || code=1'
"""Only the exit code that `tokcost_hooks.start` reserves for it stops a commit: no crash, no signal, no missing
file."""

_BY_HAND = """\
# Without tokcost: delete this file, and give {hook}{previous}, if it is there, this name again.
"""
_KEPT_FIRST = """\
for previous in "${{0%/*}}/{hook}{previous}" "${{0%/*}}/{folder}/{hook}"; do
  if [ -x "$previous" ]; then
    "$previous" "$@" || code=$?
  fi
done
"""
_KEPT_FIRST_BOTH_READ = """\
input=x
if [ "$1" = rebase ] || [ -x "${{0%/*}}/{hook}{previous}" ] || [ -x "${{0%/*}}/{folder}/{hook}" ]; then
  input=$(cat; echo x)
fi
input=${{input%x}}
for previous in "${{0%/*}}/{hook}{previous}" "${{0%/*}}/{folder}/{hook}"; do
  if [ -x "$previous" ]; then
    printf %s "$input" | "$previous" "$@" || code=$?
  fi
done
"""
_SCRIPT = """\
code=$?
{before}python={python}
run={run}
if {guard}; then
  if [ -x "$python" ] && [ -f "$run" ]; then
    {feed}{told}TOKCOST_PATH={path} "$python" -I -S "$run" {hook} "$@" || {unless}
  else
    gone="${{GIT_DIR:-.git}}/TOKCOST_GONE" missing=$python said=
    [ ! -x "$python" ] || missing=$run
    [ ! -f "$gone" ] || {{ read -r said <"$gone"; }} 2>/dev/null
    if [ "$said" != "$missing" ]; then
      echo "tokcost: {hook} did not run, its Python is gone ($missing); 'tokcost hooks install' repairs it," \\
        "'tokcost hooks uninstall' removes it; this is said once" >&2
      {{ [ ! -h "$gone" ] && {{ [ -f "$gone" ] || [ ! -e "$gone" ]; }} && echo "$missing" >"$gone"; }} 2>/dev/null
    fi
  fi
fi
exit $code
"""


def chained_script(hook: str) -> str:
    """A hook that first runs the previous one."""
    # Standard input can be read once, so the script keeps it for the previous hook and for ours.
    reads = hook == "post-rewrite"
    first = _KEPT_FIRST_BOTH_READ if reads else _KEPT_FIRST
    before = _BY_HAND.format(hook=hook, previous=PREVIOUS)
    before += _WAS_WHOLE if hook == "commit-msg" else ""
    before += first.format(hook=hook, previous=PREVIOUS, folder=PREVIOUS_FOLDER)
    return _signed(hook, before, 'printf %s "$input" | ' if reads else "")


def plain_script(hook: str) -> str:
    """A hook for somebody else's file: alone, or after the lines of a shell script, whose exit code it keeps."""
    return _signed(hook, "", "")


def owner(path: str) -> Owner:
    """The owner of a hook file."""
    if not os.path.lexists(path):
        return "nobody"
    text = _read(path)
    found = _MARKED.search(text)
    if not found:
        return "foreign"
    # The digest, not the text: scripts of an older tokcost are ours too.
    if text[: found.start()] == b"#!/bin/sh\n" and _digest(text[found.end() :]) == found[1]:
        return "ours"
    return "edited"


def calls_us(path: str) -> bool:
    """Whether a hook file contains our lines, alone or among others."""
    return bool(_MARKED.search(_read(path)))


def interpreter_of(path: str) -> str:
    """The Python that a script of ours starts; empty if it is none of ours."""
    return _assigned(path, 1)


def run_file_of(path: str) -> str:
    """The file that this Python runs."""
    return _assigned(path, 2)


def runs_here(path: str) -> bool:
    """Whether a script of ours finds what it starts, and may be started by us."""
    python, run = interpreter_of(path), run_file_of(path)
    return os.access(path, os.X_OK) and os.access(python, os.X_OK) and os.access(run, os.R_OK)


def shell_word(path: PurePath | str) -> str:
    """A path as one word for a shell, with forward slashes on Windows too."""
    return shlex.quote((path if isinstance(path, PurePath) else PurePath(path)).as_posix())


def _signed(hook: str, before: str, feed: str) -> str:
    stops = '[ "$code" = 0 ] || exit "$code"\n' if hook in ("pre-commit", "prepare-commit-msg", "commit-msg") else ""
    is_budget = hook == "pre-commit"
    ours = _BUDGET_IN if is_budget else _BEFORE.get(hook, "")
    # A commit-msg hook that refuses ends the commit, whose note must not outlive it.
    before += ours + stops if hook == "commit-msg" else stops + ours
    body = _SCRIPT.format(
        hook=hook,
        before=before,
        told='TOKCOST_NOTES="$notes" ' if hook in _BEFORE else "",
        guard=_HAS_BUDGET if is_budget else _WAITS_FOR.get(hook, "true"),
        unless=_UNLESS_STOPPED if is_budget else ":",
        # The full path, because graphical programs start git with another PATH.
        python=shell_word(sys.executable),
        run=shell_word(_run_file()),
        path=shlex.quote(os.pathsep.join(PurePath(folder).as_posix() for folder in _import_from())),
        feed=feed,
    )
    digest = _digest(body.encode("utf-8", "surrogateescape")).decode()
    return f"#!/bin/sh\n{_MARK} [{digest}]\n{body}"


def _assigned(path: str, group: int) -> str:
    text = _read(path)
    marked = _MARKED.search(text)
    at = text.find(b"\npython=", marked.end() - 1) + 1 if marked else 0
    found = _ASSIGNED.match(text, at)
    # Somebody may have edited the line so that it is no shell word any more.
    with suppress(ValueError, IndexError):
        return shlex.split(os.fsdecode(found[group]))[0] if found else ""
    return ""


def _digest(body: bytes) -> bytes:
    from hashlib import sha256  # a hook that checks its surroundings reads only marks

    return sha256(body).hexdigest()[:12].encode()


def _read(path: str) -> bytes:
    with suppress(OSError), open_regular(path) as stream:
        return stream.read(_MOST)
    return b""


def _run_file() -> str:
    from importlib.util import find_spec

    spec = find_spec("tokcost_hooks.run")
    if spec is None or spec.origin is None:
        raise EnvironmentProblem("the package tokcost_hooks is not installed", "Install tokcost again.")
    return spec.origin


def _import_from() -> list[str]:
    """Import folders for a Python that is started without its own: this is faster, and nothing of the user's
    repository can be imported."""
    import msgspec

    packages = os.path.dirname(os.path.dirname(msgspec.__file__))
    ours = os.path.dirname(os.path.dirname(tokcost.__file__))
    hooks = os.path.dirname(os.path.dirname(_run_file()))
    return list(dict.fromkeys((ours, hooks, packages)))
