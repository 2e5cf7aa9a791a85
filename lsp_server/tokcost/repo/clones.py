"""Clones that tokcost keeps for itself, by GitPython: created, fetched and pruned for `tokcost collect` only.

This is the only place that fetches. `history.py`, which reads the clones, never does. The few files that a report
depends on (areas, owners, the mailmap, the repository's own rules) are therefore fetched here, and no others. An
interrupted fetch is continued by the next one.
"""

import os
import re
from contextlib import suppress
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from tokcost.errors import EnvironmentProblem
from tokcost.files.private import alone_in, make_folders
from tokcost.installation import installation
from tokcost.repo.git_failures import reason_in

Without = Literal["blobs", "trees", "nothing"]
"""The objects that a clone leaves out. Without trees it has a third of the size, but no areas are known."""
_FILTERS: dict[Without, str] = {"blobs": "blob:none", "trees": "tree:0", "nothing": ""}
# Must contain the files of `history/report_policy.py`: what is missing here counts as absent there.
_READ = (
    *(".tokcost.toml", ".mailmap", ".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"),
)  # fmt: skip
_SECONDS = 3600.0
_ENVIRON = {
    "LC_ALL": "C",
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "GIT_SSH_VARIANT": "ssh",
    "GIT_TEMPLATE_DIR": "",
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "core.hooksPath",
    "GIT_CONFIG_VALUE_0": os.devnull,
    "GIT_CONFIG_KEY_1": "gc.auto",
    "GIT_CONFIG_VALUE_1": "0",
}
"""Nothing is asked on a terminal, since a job has none, and no helper of `ext::` is started."""
# A scheme, or scp's `host:path`; `(?!\\)` leaves out a drive of Windows (`C:\repo`).
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|(?:[\w.-]+@)?[\w.-]+:(?!\\))", re.IGNORECASE)
_SECRET = re.compile(r"(?<=://)[^/@\s]+@")


def is_address(name: str) -> bool:
    """Whether a repository is named by an address to clone from, and not by a folder."""
    # A folder may have a colon in its name.
    return bool(_ADDRESS.match(name)) and not os.path.exists(name)


def without_secret(text: str) -> str:
    """A text without user names and passwords in its addresses."""
    return _SECRET.sub("", text)


def updated_clone(address: str, folder: Path, without: Without) -> str:
    """The path of an up-to-date clone below `folder`, created if there is none. Raises `EnvironmentProblem`."""
    git = _library()
    # An address can contain a password, and characters that no file name may have.
    path = folder / f"{blake2b(address.encode(), digest_size=16).hexdigest()}.git"
    try:
        make_folders(str(folder))
        with alone_in(str(path) + ".lock"):
            repo = git.Repo(path) if (path / "HEAD").is_file() else git.Repo.init(path, bare=True, mkdir=True)
            try:
                repo.git.update_environment(**_ENVIRON)
                _configure(repo, address, without)
                _fetch(git, repo, without)
            finally:
                repo.close()
    except git.exc.GitCommandError as error:
        said = str(error.stderr).strip().removeprefix("stderr: '").removesuffix("'")  # GitPython quotes it so
        raise EnvironmentProblem(
            f"it cannot be fetched: {without_secret(reason_in(said))}",
            "Check that `git ls-remote` answers for this address with the same credentials.",
        ) from error
    except (git.exc.GitError, OSError, ValueError) as error:
        raise EnvironmentProblem(
            f"its clone {path} cannot be used: {without_secret(str(error))}",
            "Delete that folder; the next run creates it again.",
        ) from error
    return str(path)


def _library() -> Any:
    try:
        return import_module("git")
    except ImportError as error:
        raise EnvironmentProblem(
            "repositories given by address need GitPython, which is not installed",
            f"Run `{installation().adding(['GitPython>=3.1.45,<4'])}`.",
        ) from error


def _configure(repo: Any, address: str, without: Without) -> None:
    """A remote whose branches are kept separately, so that no local branch is among them."""
    with repo.config_writer() as config:
        section = 'remote "origin"'
        config.set_value(section, "url", address)
        config.set_value(section, "fetch", "+refs/heads/*:refs/remotes/origin/*")
        # In a bare repository git takes HEAD:.mailmap, but HEAD here names a branch that no fetch ever creates.
        config.set_value("mailmap", "blob", "refs/remotes/origin/HEAD:.mailmap")
        if _FILTERS[without]:
            config.set_value(section, "promisor", "true")
            config.set_value(section, "partialclonefilter", _FILTERS[without])


def _fetch(git: Any, repo: Any, without: Without) -> None:
    partial = [f"--filter={_FILTERS[without]}"] if _FILTERS[without] else []
    # Since git 2.20, a tag that was moved is refused without `--force`, and the fetch fails (git-fetch(1)).
    asked = ["--quiet", "--prune", "--force", "--tags", "--no-recurse-submodules", *partial, "origin"]
    repo.git.fetch(*asked, kill_after_timeout=_SECONDS)
    # A fetch does not follow a default branch that was changed at the remote.
    with suppress(git.exc.GitCommandError):  # a remote without a default branch
        repo.git.remote("set-head", "origin", "--auto")
    # In a partial clone, git fetches an object that is missing when it is asked about it: one request for each file.
    for path in _READ if partial else ():
        with suppress(git.exc.GitCommandError):  # there is none
            repo.git.cat_file("-e", f"refs/remotes/origin/HEAD:{path}")
