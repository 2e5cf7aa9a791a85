"""Real programs that judge or read commit messages, from npm, and git tools that make commits of their own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.hooked import Hooked
from support.installed import npm
from tokcost_hooks.installation.hooks import install

pytestmark = pytest.mark.slow

COMMITLINT = ("@commitlint/cli@20.1.0", "@commitlint/config-conventional@20.0.0")
RELEASE = ("@semantic-release/commit-analyzer@13.0.1", "@semantic-release/release-notes-generator@14.1.0")

RULES = """\
module.exports = {
  extends: ["@commitlint/config-conventional"],
  rules: {
    "signed-off-by": [2, "always"], "trailer-exists": [2, "always", "Signed-off-by:"],
    "body-leading-blank": [2, "always"], "footer-leading-blank": [2, "always"],
  },
};
"""

RELEASES = """\
import { analyzeCommits } from "@semantic-release/commit-analyzer";
import { generateNotes } from "@semantic-release/release-notes-generator";
const one = { hash: "0".repeat(40), message: process.argv[2], commit: { short: "0" }, committerDate: "2026-01-01" };
const commits = [one];
const logger = { log() {}, error() {} };
const about = { commits, logger, cwd: process.cwd(), options: { repositoryUrl: "https://example.com/a/b" },
  lastRelease: { gitTag: "v1" }, nextRelease: { gitTag: "v2", version: "2.0.0" } };
console.log(await analyzeCommits({}, about));
console.log(await generateNotes({}, about));
"""


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with commitlint and parts of semantic-release in it."""
    return npm(tmp_path_factory.getbasetemp().parent / "message-checkers", *COMMITLINT, *RELEASE)


@pytest.fixture
def repo(tmp_path: Path, packages: Path) -> Hooked:
    """A project that has commitlint refuse messages."""
    repo = Hooked(tmp_path, enabled=False)
    (repo.path / "commitlint.config.cjs").write_text(RULES)
    (repo.path / "node_modules").symlink_to(packages / "node_modules")
    (repo.path / ".git/info/exclude").write_text("node_modules\n")
    hook = repo.path / ".git/hooks/commit-msg"
    hook.write_text('#!/bin/sh\nnode node_modules/@commitlint/cli/cli.js --edit "$1"\n')
    hook.chmod(0o755)
    repo.enable()
    return repo


def releases(repo: Hooked, packages: Path) -> str:
    """What semantic-release makes of the newest commit."""
    (packages / "releases.mjs").write_text(RELEASES)
    words = ["node", packages / "releases.mjs", repo.message()]
    return subprocess.run(words, env=repo.environ, capture_output=True, text=True, check=True).stdout


MESSAGES = {
    "a title": (["-m", "feat: add login"], "minor"),
    "a body": (["-m", "fix: close the door", "-m", "It was open."], "patch"),
    "a footer": (["-m", "fix: close the door", "-m", "It was open.", "-m", "Refs: #12"], "patch"),
    "a note": (["-m", "fix: close the door", "-m", "BREAKING CHANGE: it is locked now"], "major"),
}


@pytest.mark.parametrize("which", MESSAGES)
def test_a_message_with_our_line_passes_and_means_what_it_meant(repo: Hooked, packages: Path, which: str) -> None:
    args, kind = MESSAGES[which]
    repo.spend()
    repo.change()
    repo.hooked("-s", *args)
    repo.spend()
    repo.hooked("--amend", "--no-edit")
    assert len(repo.lines()) == 1
    told = releases(repo, packages)
    assert told.split()[0] == kind
    assert "AI-Cost" not in told
    assert ("it is locked now" in told) is (kind == "major")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_what_commitlint_refuses_stays_refused_and_nothing_is_lost(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    repo.hooked("-s", "-m", "Add login", ok=False)
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.hooked("-s", "-m", "feat: add login")
    assert repo.replies() == {"total": 1, "carried": 1}


needs = {name: pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not there") for name in ("git-lfs", "stg")}


@needs["git-lfs"]
def test_git_lfs_goes_on_beside_our_hooks(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, enabled=False)
    repo.agree()
    repo.git("lfs", "install", "--local")
    install(repo.worktree)
    repo.git("lfs", "track", "*.bin")
    repo.spend()
    (repo.path / "a.bin").write_bytes(os.urandom(2000))
    repo.change()
    repo.hooked("-m", "Add a file")
    assert repo.git("lfs", "ls-files").endswith("a.bin")
    assert repo.message().splitlines()[0] == "Add a file"
    assert repo.replies() == {"total": 1, "carried": 1}


@needs["stg"]
def test_patches_of_stacked_git_leave_the_spend_to_the_next_commit(tmp_path: Path) -> None:
    """It makes its commits without git's hooks."""
    repo = Hooked(tmp_path)
    repo.work("One")
    repo.run("-c", "alias.s=!stg", "s", "init")
    repo.spend()
    repo.change("two")
    repo.run("-c", "alias.s=!stg", "s", "new", "-m", "Two", "two")
    repo.run("-c", "alias.s=!stg", "s", "refresh")
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}
    repo.run("-c", "alias.s=!stg", "s", "commit", "-a")
    repo.work("Three", "three")
    assert repo.replies() == {"total": 3, "carried": 3}
