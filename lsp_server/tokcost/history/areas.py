"""The area of a repository that a path belongs to: from `[areas]` of `.tokcost.toml`, else CODEOWNERS, else the
top-level folder.

Owners who are people never name an area: a path that no team owns belongs to its top-level folder.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple, TypeVar

_Part = TypeVar("_Part", str, tuple[str, str])
AreaOf = Callable[[str], str]
TOP = "(top)"
MOST_PATTERNS = 2_000
MOST_CHARACTERS = 500
"""In a pattern."""
_LONGEST_PATH = 1_000
"""Characters of a path that is compared with patterns; a longer one belongs to its top-level folder."""
_MOST_FOLDERS = 100
"""Parent folders of a file that is compared with patterns."""
_MOST_STEPS = 4_000_000
"""Characters that are compared for one path with all patterns; a few milliseconds."""
_LOCK_FILES = frozenset(
    {
        *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "Cargo.lock"),
        *("poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "go.sum", "Gemfile.lock", "composer.lock"),
    }
)
_TEAM = re.compile(r"@[\w.-]+/[\w./-]+")
_SECTION = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?\s*")


def top_folder(path: str) -> str:
    """The first folder of a path, as text that can be stored: bytes that are not UTF-8 are escaped."""
    folder = path.partition("/")[0] if "/" in path else TOP
    return folder.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def by_globs(areas: Mapping[str, Sequence[str]]) -> AreaOf:
    """Areas as configured in the repository; the first matching pattern decides. Raises `ValueError` for too many or
    too long patterns."""
    return _first_of([(glob, name) for name, globs in areas.items() for glob in globs])


def by_owners(codeowners: str) -> AreaOf:
    """Areas from CODEOWNERS of GitHub or GitLab; the last matching pattern decides. Raises `ValueError` as
    `by_globs`."""
    rules: list[tuple[str, str]] = []
    inherited = ""
    # Of Unicode's line ends and spaces, all but the usual ones may be part of a path.
    for line in codeowners.split("\n"):
        text = re.sub(r"(?:^|[ \t])#.*", "", line.rstrip("\r")).strip(" \t")
        if section := _SECTION.match(text):
            inherited = text[section.end() :]
        elif text:
            pattern, *owners = re.split(r"(?<!\\)[ \t]+", text)
            team = _TEAM.search(" ".join(owners) if owners else inherited)
            # Without owners of its own, a pattern has those of its section's header (GitLab). Without a team it stays a
            # rule: it takes its paths away from the patterns above it.
            rules.append((pattern.replace("\\ ", " "), team[0].lstrip("@") if team else ""))
    return _first_of(rules[::-1])  # reversed: the last match decides


def _first_of(rules: Sequence[tuple[str, str]]) -> AreaOf:
    if len(rules) > MOST_PATTERNS:
        raise ValueError(f"there are {len(rules):,} patterns, and at most {MOST_PATTERNS:,} are allowed")
    compiled = [(_matcher(glob), name) for glob, name in rules]
    if sum(_steps(glob) for glob, _ in rules) > _MOST_STEPS:
        raise ValueError("the patterns have too much text between stars (`*text*`, `**/text`)")

    @cache  # a file is changed again and again
    def area_of(path: str) -> str:
        asked = compiled if len(path) <= _LONGEST_PATH and path.count("/") <= _MOST_FOLDERS else []
        return next((name for matches, name in asked if matches(path)), "") or top_folder(path)

    return area_of


def shares(paths: Mapping[str, int], area_of: AreaOf) -> dict[str, int]:
    """Changed lines by area. Lock files count only if nothing else was changed, because programs write them."""
    found: dict[str, int] = {}
    kept = {path: lines for path, lines in paths.items() if path.rpartition("/")[2] not in _LOCK_FILES}
    for path, lines in (kept or paths).items():
        area = area_of(path)
        found[area] = found.get(area, 0) + lines
    return found


def split_by_area(amount: int, parts: Mapping[_Part, int]) -> dict[_Part, int]:
    """An amount divided in proportion to parts, without a remainder: rounding differences go to the largest part."""
    if len(parts) == 1:
        return dict.fromkeys(parts, amount)
    whole = sum(parts.values())
    found = {name: amount * part // whole for name, part in parts.items()}
    # Sorted, so that equal parts are divided alike in every clone, whatever their order.
    largest = max(sorted(parts), key=lambda name: parts[name])
    found[largest] += amount - sum(found.values())
    return found


def _matcher(glob: str) -> Callable[[str], bool]:
    """A pattern as in gitignore(5): anchored if it has a slash before its last character, and matching everything
    below a folder; only `docs/*` means the files of that one folder, as in CODEOWNERS."""
    if len(glob) > MOST_CHARACTERS:
        raise ValueError(f"a pattern has more than {MOST_CHARACTERS} characters: {glob[:40]!a}")
    body = glob.strip("/")
    anchored = "/" in glob.rstrip("/")
    below = "/.+" if glob.endswith("/") else "" if anchored and body.endswith("/*") else "(?:/.+)?"
    return re.compile(_regex(body if anchored else f"**/{body}") + below, re.DOTALL).fullmatch  # pyright: ignore[reportReturnType]


def _regex(glob: str) -> str:
    """The parts between `**` are matched one after the other, without backtracking (`(?>…)`): the earliest match
    leaves most to the parts behind it. The time is linear in the length of the path, whatever the pattern;
    backtracking through `a*a*a*b` would take its fourth power."""
    parts: list[list[str]] = [[]]
    for segment in glob.split("/"):
        if segment != "**":
            parts[-1].append(segment)
        elif len(parts) == 1 or parts[-1]:  # `**/**` means the same as `**`
            parts.append([])
    *others, last = parts
    text = "".join(_found(number, "".join(f"{_segment(one)}/" for one in part)) for number, part in enumerate(others))
    if not last:
        return f"{text}.*" if len(parts) > 1 else text
    *folders, name = last
    rest = "".join(f"{_segment(one)}/" for one in folders) + _segment(name)
    return f"{text}(?:[^/]*+/)*?{rest}" if len(parts) > 1 else rest


def _found(number: int, part: str) -> str:
    return part if number == 0 else f"(?>(?:[^/]*+/)*?{part})"


def _segment(glob: str) -> str:
    """One name; several stars in a row count as one. The text after the last star is compared only with the end of
    the name."""
    first, *others = _pieces(glob)
    if not others:
        return first.regex
    *others, end = others
    found = "".join(f"(?>[^/]*?{piece.regex})" for piece in others)
    ending = f"(?=[^/]{{{end.length}}})[^/]*+(?<={end.regex})" if end.length else "[^/]*+"
    return f"{first.regex}{found}{ending}"


class _Piece(NamedTuple):
    """A part of a pattern, between two stars."""

    regex: str
    length: int
    """Characters that it matches."""


def _pieces(glob: str) -> list[_Piece]:
    return [_Piece(re.escape(part).replace(r"\?", "[^/]"), len(part)) for part in re.split(r"\*+", glob)]


def _steps(glob: str) -> int:
    """The maximum number of characters compared to match a pattern at all possible places of a path: a part between
    two stars can be at every character, folders behind `**` can be below every folder (with half of the folders
    before it on average), and everything else has one place in a name."""
    between = sum(piece.length for name in glob.split("/") for piece in _pieces(name)[1:-1])
    below = sum(len(part) for part in glob.split("**/")[1:] if "/" in part.strip("/"))
    return between * _LONGEST_PATH + below * _MOST_FOLDERS // 2
