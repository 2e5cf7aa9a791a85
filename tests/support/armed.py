"""A clone whose maker chose a program wherever git lets them choose one. Each leaves a mark when it is started."""

import os
from pathlib import Path

from support.hooked import Hooked

HOOKS = ("post-index-change", "reference-transaction", "pre-auto-gc", "post-checkout", "fsmonitor-watchman")
SETTINGS = (
    "core.sshCommand", "core.gitProxy", "core.fsmonitor", "core.pager", "core.editor", "sequence.editor",
    "core.askPass",
    "core.alternateRefsCommand", "diff.external", "diff.armed.command", "diff.armed.textconv",
    "filter.armed.clean", "filter.armed.smudge", "filter.armed.process", "merge.armed.driver", "credential.helper",
    "gpg.program", "gpg.openpgp.program", "gpg.ssh.program", "gpg.x509.program", "uploadpack.packObjectsHook",
    "pager.log", "pager.config", "pager.rev-parse", "remote.origin.uploadpack", "remote.origin.receivepack",
)  # fmt: skip
ALIASES = ("log", "config", "rev-parse", "rev-list", "cat-file", "for-each-ref", "name-rev", "fetch")
REMOTES = ("upload-pack", "ext", "ssh", "git", "helper")
"""Ways in which git fetches what a partial clone left out."""


class Armed:
    """The programs of one clone, and the marks they leave."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._marks = folder / "marks"
        self._marks.mkdir(parents=True)

    @property
    def marks(self) -> list[str]:
        """Names of the programs that were started."""
        return sorted(path.name for path in self._marks.iterdir())

    def program(self, name: str, folder: Path | None = None) -> Path:
        """A program that leaves a mark and fails."""
        path = (folder or self._folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n: > '{self._marks}/{name}'\nexit 1\n")
        path.chmod(0o755)
        return path

    def arm(self, repo: Hooked, remote: str) -> None:
        """Set everything. Tests run git themselves before, no more afterwards."""
        config = repo.common_dir / "config"
        lines = ["[log]\n\tshowSignature = true\n[diff]\n\tsubmodule = diff\n[protocol]\n\tallow = always\n"]
        lines += [f'[protocol "{name}"]\n\tallow = always\n' for name in ("ext", "file", "git", "ssh", "armed")]
        lines += [self._setting(name) for name in SETTINGS]
        lines += [f"[alias]\n\t{name} = !{self.program(f'alias-{name}')}\n" for name in ALIASES]
        lines.append(
            f'[submodule "sub"]\n\tupdate = !{self.program("submodule-update")}\n[submodule]\n\trecurse = true\n'
        )
        included = self._folder / "included"
        included.write_text("".join(lines) + self._promisor(remote))
        with config.open("a") as stream:
            stream.write(f"[include]\n\tpath = {included}\n[core]\n\tattributesFile = {self._folder / 'attributes'}\n")
        (self._folder / "attributes").write_text("* diff=armed filter=armed merge=armed\n")
        for hook in HOOKS:
            self.program(hook, repo.common_dir / "hooks")
        for name in ("git", "less", "sh", "python3"):
            self.program(name, repo.path)  # for a PATH with an empty part

    def lose(self, repo: Hooked, *objects: str) -> None:
        """Take objects away, as a partial clone never had them."""
        for name in objects:
            path = repo.common_dir / "objects" / name[:2] / name[2:]
            path.chmod(0o644)
            path.unlink()

    def _setting(self, name: str) -> str:
        section, _, key = name.rpartition(".")
        head, _, sub = section.partition(".")
        title = f'[{head} "{sub}"]' if sub else f"[{head}]"
        return f"{title}\n\t{key} = {self.program(name)}\n"

    def _promisor(self, remote: str) -> str:
        address = {
            "upload-pack": f"file://{self._folder}",
            "ext": f"ext::{self.program('ext')}",
            "ssh": "ssh://host.invalid/x",
            "git": "git://host.invalid/x",
            "helper": "armed::x",
        }[remote]
        more = f'[url "{address}"]\n\tinsteadOf = friendly:\n'
        vcs = "\tvcs = armed\n" if remote == "helper" else ""
        self.program("git-remote-armed", self._folder / "bin")
        return f'{more}[remote "origin"]\n\turl = friendly:\n\tpromisor = true\n\tpartialCloneFilter = tree:0\n{vcs}'

    @property
    def path(self) -> str:
        """A `PATH` on which the remote helper is, and the current folder."""
        return os.pathsep.join([str(self._folder / "bin"), "", ".", os.environ["PATH"]])
