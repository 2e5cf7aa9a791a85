"""Which area of a repository a path belongs to: `[areas]` of `.tokcost.toml`, else CODEOWNERS, else the top folder.

Owners who are people never name an area: a path that no team owns belongs to its top folder.
"""

import re
from collections.abc import Callable, Mapping, Sequence

AreaOf = Callable[[str], str]
TOP = "(top)"
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
    """Areas as the repository names them; the first pattern that matches decides."""
    rules = [(_matcher(glob), name) for name, globs in areas.items() for glob in globs]
    return lambda path: next((name for matches, name in rules if matches(path)), "") or top_folder(path)


def by_owners(codeowners: str) -> AreaOf:
    """Areas as CODEOWNERS of GitHub or GitLab has them; the last pattern that matches decides."""
    rules: list[tuple[Callable[[str], bool], str]] = []
    inherited = ""
    for line in codeowners.splitlines():
        text = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if section := _SECTION.match(text):
            inherited = text[section.end() :]
        elif text:
            pattern, *owners = re.split(r"(?<!\\)\s+", text)
            team = _TEAM.search(" ".join(owners) if owners else inherited)
            rules.append((_matcher(pattern.replace("\\ ", " ")), team[0].lstrip("@") if team else ""))
    rules.reverse()
    return lambda path: next((name for matches, name in rules if matches(path)), "") or top_folder(path)


def shares(paths: Mapping[str, int], area_of: AreaOf) -> dict[str, int]:
    """Changed lines by area. Lock files count only where nothing else was changed: programs write them."""
    found: dict[str, int] = {}
    kept = {path: lines for path, lines in paths.items() if path.rpartition("/")[2] not in _LOCK_FILES}
    for path, lines in (kept or paths).items():
        area = area_of(path)
        found[area] = found.get(area, 0) + lines
    return found


def split(amount: int, parts: Mapping[str, int]) -> dict[str, int]:
    """An amount in proportion to parts, without a rest: what cutting off leaves goes to the largest part."""
    whole = sum(parts.values())
    found = {name: amount * part // whole for name, part in parts.items()}
    largest = max(sorted(parts), key=lambda name: parts[name])
    found[largest] += amount - sum(found.values())
    return found


def _matcher(glob: str) -> Callable[[str], bool]:
    """A pattern as gitignore(5) understands it: anchored where it has a slash that is not its last character, and
    matching everything below a folder; only `docs/*` means the files of that one folder, as in CODEOWNERS."""
    body = glob.strip("/")
    anchored = "/" in glob.rstrip("/")
    pattern = ("" if anchored else "(?:.*/)?") + _regex(body)
    below = "/.+" if glob.endswith("/") else "" if anchored and body.endswith("/*") else "(?:/.+)?"
    return re.compile(pattern + below, re.DOTALL).fullmatch  # pyright: ignore[reportReturnType]


def _regex(glob: str) -> str:
    text, at = "", 0
    while at < len(glob):
        if glob.startswith("**/", at):
            text, at = text + "(?:.*/)?", at + 3
        elif glob.startswith("**", at):
            text, at = text + ".*", at + 2
        else:
            text += {"*": "[^/]*", "?": "[^/]"}.get(glob[at], re.escape(glob[at]))
            at += 1
    return text
