"""The installation of the running tokcost, and the commands that fit it.

Commands that are shown for copying must work here. A package called `tokcost` on a registry need not be ours: no
command names it there, only the place from which this one was installed.
"""

import json
import os
import shlex
import sys
from collections.abc import Sequence
from typing import Literal, NamedTuple

EXTENSION_RECORD = "tokcost.json"
"""The file that the VS Code extension leaves in the environment that it creates
(`vscode-client/src/disk/environment.ts`)."""

Kind = Literal["pipx", "uv", "extension", "folder", "pip"]
_MARKS: tuple[tuple[str, Kind], ...] = (
    ("pipx_metadata.json", "pipx"),
    ("uv-receipt.toml", "uv"),
    (EXTENSION_RECORD, "extension"),
)
"""Files that identify the creator of an environment."""


class Installation(NamedTuple):
    """The installer of the environment, and the installed source."""

    kind: Kind
    source: str = ""
    """A folder, a file or an address for an installer; empty if unknown."""
    editable: bool = False
    checkout: str = ""
    """The clone from which it was installed; empty if that is not on this machine."""
    folder: str = ""
    """The folder of the package; for `pip install --target`, which has no other way to uninstall."""

    @property
    def upgrade(self) -> str:
        """The command that installs a newer version from the same place; a sentence if there is none."""
        if self.kind == "extension":
            return "update the extension: it brings its own server"
        if not self.source:
            return "install the newer version in the way this one was installed"
        pull = f"git -C {shlex.quote(self.checkout)} pull && " if self.checkout else ""
        return pull + f"{self._install} {'--editable ' if self.editable else ''}{shlex.quote(self.source)}"

    @property
    def uninstall(self) -> str:
        """The command that removes the program; a sentence if there is none."""
        match self.kind:
            case "pipx":
                return "pipx uninstall tokcost"
            case "uv":
                return "uv tool uninstall tokcost"
            case "extension":
                return "uninstall the extension in the editor, and delete " + shlex.quote(sys.prefix)
            case "folder":
                return f"delete what was installed into {shlex.quote(self.folder)}"
            case "pip":
                return f"{shlex.quote(sys.executable)} -m pip uninstall tokcost"

    def adding(self, packages: Sequence[str]) -> str:
        """The command that adds further packages to this environment."""
        named = " ".join(shlex.quote(package) for package in packages)
        match self.kind:
            case "pipx":
                return f"pipx inject tokcost {named}"
            case "uv":
                added = " ".join(f"--with {shlex.quote(package)}" for package in packages)
                return f"uv tool install --force {added} {shlex.quote(self.source or 'SOURCE')}"
            case "folder":
                return f"{shlex.quote(sys.executable)} -m pip install --target {shlex.quote(self.folder)} {named}"
            case _:
                return f"{shlex.quote(sys.executable)} -m pip install {named}"

    @property
    def _install(self) -> str:
        match self.kind:
            case "pipx":
                return "pipx install --force"
            case "uv":
                return "uv tool install --force"
            case "folder":
                return f"{shlex.quote(sys.executable)} -m pip install --upgrade --target {shlex.quote(self.folder)}"
            case _:
                return f"{shlex.quote(sys.executable)} -m pip install --upgrade"


def installation(prefix: str = sys.prefix) -> Installation:
    """The running installation, in the environment at `prefix`."""
    package = os.path.dirname(os.path.abspath(__file__))
    folder = os.path.dirname(package)
    made: list[Kind] = [kind for mark, kind in _MARKS if os.path.exists(os.path.join(prefix, mark))]
    kind: Kind = made[0] if made else "pip"
    source, editable, checkout = _source()
    if kind == "pip" and not editable and os.path.exists(os.path.join(folder, "bin", "tokcost")):
        kind = "folder"  # `pip install --target` puts programs beside packages
    return Installation(kind, source, editable, checkout, folder)


def _source() -> tuple[str, bool, str]:
    """The place named by `direct_url.json` (PEP 610), whether it is editable, and its clone."""
    from importlib.metadata import PackageNotFoundError, distribution  # rarely needed

    try:
        told = json.loads(distribution("tokcost").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, OSError, ValueError):
        return "", False, ""
    url = str(told.get("url", ""))
    if "vcs_info" in told:
        revision = told["vcs_info"].get("requested_revision")
        return f"{told['vcs_info'].get('vcs', 'git')}+{url}{f'@{revision}' if revision else ''}", False, ""
    if not url.startswith("file://"):
        return url, False, ""
    from urllib.request import url2pathname

    path = url2pathname(url.removeprefix("file://"))
    editable = bool(told.get("dir_info", {}).get("editable"))
    return path, editable, path if os.path.exists(os.path.join(path, ".git")) else ""
