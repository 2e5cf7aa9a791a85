"""The area of a repository that a path belongs to: `[areas]` of `.tokcost.toml`, else CODEOWNERS, else the top folder.

Owners who are people never name an area: a path that no team owns belongs to its top folder.
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
"""Characters of a path that is compared with patterns; a longer one belongs to its top folder."""
_MOST_FOLDERS = 100
"""Around a file that is compared with patterns."""
_MOST_STEPS = 4_000_000
"""Characters that are compared for one path, all patterns together; some milliseconds."""
_LOCK_FILES = frozenset(
    {
        *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "Cargo.lock"),
        *("poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "go.sum", "Gemfile.lock", "composer.lock"),
    }
)
_TEAM = re.compile(r"@[\w.-]+/[\w./-]+")
_SECTION = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?\s*")


def top_folder(path: str) -> str:
    """The first folder of a path."""
    return path.partition("/")[0] if "/" in path else TOP


def by_globs(areas: Mapping[str, Sequence[str]]) -> AreaOf:
    """Areas as the repository names them; the first pattern that matches decides. Raises `ValueError` for more
    patterns, or longer ones, than are compared."""
    return _first_of([(glob, name) for name, globs in areas.items() for glob in globs])


def by_owners(codeowners: str) -> AreaOf:
    """Areas as CODEOWNERS of GitHub or GitLab has them; the last pattern that matches decides. Raises `ValueError` as
    `by_globs`."""
    rules: list[tuple[str, str]] = []
    inherited = ""
    for line in codeowners.splitlines():
        text = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if section := _SECTION.match(text):
            inherited = text[section.end() :]
        elif text:
            pattern, *owners = re.split(r"(?<!\\)\s+", text)
            team = _TEAM.search(" ".join(owners) if owners else inherited)
            rules.append((pattern.replace("\\ ", " "), team[0].lstrip("@") if team else ""))
    return _first_of(rules[::-1])


def _first_of(rules: Sequence[tuple[str, str]]) -> AreaOf:
    if len(rules) > MOST_PATTERNS:
        raise ValueError(f"there are {len(rules):,} patterns, and {MOST_PATTERNS:,} are the most")
    compiled = [(_matcher(glob), name) for glob, name in rules]
    if sum(_steps(glob) for glob, _ in rules) > _MOST_STEPS:
        raise ValueError("the patterns have too much text between stars (`*text*`, `**/text`)")

    @cache  # a file is changed again and again
    def area_of(path: str) -> str:
        asked = compiled if len(path) <= _LONGEST_PATH and path.count("/") <= _MOST_FOLDERS else []
        return next((name for matches, name in asked if matches(path)), "") or top_folder(path)

    return area_of


def shares(paths: Mapping[str, int], area_of: AreaOf) -> dict[str, int]:
    """Changed lines by area. Lock files count only where nothing else was changed: programs write them."""
    found: dict[str, int] = {}
    kept = {path: lines for path, lines in paths.items() if path.rpartition("/")[2] not in _LOCK_FILES}
    for path, lines in (kept or paths).items():
        area = area_of(path)
        found[area] = found.get(area, 0) + lines
    return found


def split(amount: int, parts: Mapping[_Part, int]) -> dict[_Part, int]:
    """An amount in proportion to parts, without a rest: what cutting off leaves goes to the largest part."""
    if len(parts) == 1:
        return dict.fromkeys(parts, amount)
    whole = sum(parts.values())
    found = {name: amount * part // whole for name, part in parts.items()}
    largest = max(sorted(parts), key=lambda name: parts[name])
    found[largest] += amount - sum(found.values())
    return found


def _matcher(glob: str) -> Callable[[str], bool]:
    """A pattern as gitignore(5) understands it: anchored where it has a slash that is not its last character, and
    matching everything below a folder; only `docs/*` means the files of that one folder, as in CODEOWNERS."""
    if len(glob) > MOST_CHARACTERS:
        raise ValueError(f"a pattern has more than {MOST_CHARACTERS} characters: {glob[:40]!a}")
    body = glob.strip("/")
    anchored = "/" in glob.rstrip("/")
    below = "/.+" if glob.endswith("/") else "" if anchored and body.endswith("/*") else "(?:/.+)?"
    return re.compile(_regex(body if anchored else f"**/{body}") + below, re.DOTALL).fullmatch  # pyright: ignore[reportReturnType]


def _regex(glob: str) -> str:
    """The parts between `**` are found one after the other, and what was found is not given up again (`(?>…)`): the
    earliest place leaves most to the parts behind it. So time grows with the length of the path, whatever the pattern;
    backtracking through `a*a*a*b` would grow with its fourth power."""
    parts: list[list[str]] = [[]]
    for segment in glob.split("/"):
        if segment != "**":
            parts[-1].append(segment)
        elif len(parts) == 1 or parts[-1]:  # `**/**` says no more than `**`
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
    """One name; several stars in a row are one. What stands behind the last star is compared with the name's end
    alone, without a look at any other place."""
    first, *others = _pieces(glob)
    if not others:
        return first.regex
    *others, end = others
    found = "".join(f"(?>[^/]*?{piece.regex})" for piece in others)
    ending = f"(?=[^/]{{{end.length}}})[^/]*+(?<={end.regex})" if end.length else "[^/]*+"
    return f"{first.regex}{found}{ending}"


class _Piece(NamedTuple):
    """Of a pattern: what stands between two stars."""

    regex: str
    length: int
    """Characters that it matches."""


def _pieces(glob: str) -> list[_Piece]:
    return [_Piece(re.escape(part).replace(r"\?", "[^/]"), len(part)) for part in re.split(r"\*+", glob)]


def _steps(glob: str) -> int:
    """The number of characters that are compared at most to look for a pattern at all places of a path where it can be:
    what stands between two stars can be at every character, folders behind `**` below every folder, half of which stand
    before it on the average. All else has one place in a name."""
    between = sum(piece.length for name in glob.split("/") for piece in _pieces(name)[1:-1])
    below = sum(len(part) for part in glob.split("**/")[1:] if "/" in part.strip("/"))
    return between * _LONGEST_PATH + below * _MOST_FOLDERS // 2
