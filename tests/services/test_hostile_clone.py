"""A clone whose files were made to hold us up, fill memory, or change what other repositories show."""

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support import warm
from support.hooked import Hooked
from support.tables import few

A_GIGABYTE = 1 << 30
SECONDS = 20
"""Far less than any of these took, and enough on a busy machine."""


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    found = Hooked(tmp_path, enabled=False)
    found.commit()
    return found


def asked(repo: Hooked, *words: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Our command line with no more memory than it may ever need, and not for long."""
    environ = repo.environ | {"TOKCOST_PAGER": "", "COLUMNS": "1000"}
    return warm.tokcost(*words, cwd=cwd or repo.path, env=environ, memory=A_GIGABYTE, timeout=SECONDS)


def other_repository(repo: Hooked) -> Path:
    """A second repository with usage of its own."""
    other = repo.path.parent / "other"
    subprocess.run(["git", "init", "-q", str(other)], env=repo.environ, check=True)
    repo.spend(cwd=other)
    return other


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def sparse(path: Path) -> None:
    path.write_text("budget price trailers")
    os.truncate(path, 1 << 36)


def outside(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def nested(path: Path) -> None:
    path.write_text("budget = {}\ntrailers = {}\nprice = " + "[" * 100_000)


def digits(path: Path) -> None:
    path.write_text("budget = 1\ntrailers = 1\nprice = " + "9" * 5_000)


BAD: list[Callable[[Path], None]] = [pipe, endless, sparse, outside, nested, digits]
READERS = (["log"], ["status"], ["doctor"], ["budget"], ["preview"], ["prices", "list"], ["hooks", "status"])


@pytest.mark.few
@pytest.mark.parametrize("make", BAD)
def test_a_bad_policy_file_is_named_where_it_is_and_changes_nothing_elsewhere(
    repo: Hooked, make: Callable[[Path], None]
) -> None:
    other = other_repository(repo)
    before = asked(repo, "log", "--json", cwd=other).stdout
    make(repo.path / ".tokcost.toml")
    repo.spend()
    shown = asked(repo, "log")
    assert shown.returncode == 0
    assert "$" in shown.stdout
    assert shown.stdout.count(".tokcost.toml") == 1
    # Not only when something new was imported.
    assert asked(repo, "log").stdout.count(".tokcost.toml") == 1
    assert ".tokcost.toml" not in asked(repo, "log", cwd=other).stdout
    assert asked(repo, "log", "--json", cwd=other).stdout == before
    assert ".tokcost.toml" in asked(repo, "doctor").stdout
    for words in READERS:
        done = asked(repo, *words)
        assert "this is a bug" not in done.stderr, (words, done.stderr)
        assert "Traceback" not in done.stderr


@pytest.mark.few
@pytest.mark.parametrize("make", BAD)
def test_no_policy_file_holds_a_commit_up(repo: Hooked, make: Callable[[Path], None]) -> None:
    repo.git("config", "--local", "tokcost.enabled", "true")
    repo.git("config", "--local", "tokcost.budgetBranch", "20")
    repo.enable()
    repo.spend()
    repo.change()
    make(repo.path / ".tokcost.toml")
    began = time.monotonic()
    assert ".tokcost.toml" in repo.grumble("commit", "-qm", "a")
    repo.git("config", "--local", "--unset", "tokcost.budgetBranch")
    assert "Traceback" not in repo.grumble("commit", "-q", "--allow-empty", "-m", "b")
    assert time.monotonic() - began < SECONDS


@pytest.mark.few
@pytest.mark.parametrize(
    "line", ['output = "1e12"', 'output = "1e900000"', 'discount = "1e50"', "output = nan", "output = " + "9" * 5_000]
)
def test_a_price_of_one_repository_touches_no_other(repo: Hooked, line: str) -> None:
    other = other_repository(repo)
    (repo.path / ".tokcost.toml").write_text(f'[[price]]\nmatch = "*"\n{line}\n')
    repo.spend()
    began = time.monotonic()
    here, there = asked(repo, "log"), asked(repo, "log", cwd=other)
    assert time.monotonic() - began < SECONDS
    assert (here.returncode, there.returncode) == (0, 0)
    assert "cannot be parsed" in here.stdout
    assert "cannot be parsed" not in there.stdout
    both = asked(repo, "log", "--all-repos")
    assert both.returncode == 0
    assert both.stdout.count("cannot be parsed") == 1


def test_good_prices_hold_for_their_own_repository_and_for_no_other(repo: Hooked) -> None:
    other = other_repository(repo)
    (repo.path / "prices").mkdir()
    (repo.path / "prices/ours.toml").write_text('[[price]]\nmatch = "*"\ndiscount = "0"\n')
    (repo.path / ".tokcost.toml").symlink_to("prices/ours.toml")  # a link within the repository
    repo.spend()
    assert "total $0.00 list" in asked(repo, "log").stdout
    assert "total $0.0241 list" in asked(repo, "log", cwd=other).stdout


def test_the_users_own_bad_prices_are_named_everywhere_and_refused_where_prices_are_asked_for(repo: Hooked) -> None:
    repo.ledger_home.mkdir(mode=0o700, exist_ok=True)
    (repo.ledger_home / "prices.toml").symlink_to("/dev/zero")
    repo.spend()
    shown = asked(repo, "log")
    assert shown.returncode == 0
    assert shown.stdout.count("prices.toml") == 1
    assert "prices.toml" in asked(repo, "doctor").stdout
    listed = asked(repo, "prices", "list")
    assert listed.returncode == 3
    assert "prices.toml" in listed.stderr


@pytest.mark.parametrize(
    "text",
    [
        "contributors = " + "9" * 4_000,
        "contributors = 0x" + "f" * 9_000,
        'contributors = "many"',
        "contributors = -1",
        "contributors = 1.5",
        "contributors = [3]",
    ],
)
def test_a_report_says_in_a_sentence_what_is_wrong_with_its_policy(repo: Hooked, text: str) -> None:
    (repo.path / ".tokcost.toml").write_text(f"[report]\n{text}\n")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "policy")
    done = asked(repo, "report")
    assert done.returncode == 3
    assert ".tokcost.toml" in done.stderr
    assert len(done.stderr) < 400


@pytest.mark.few
@pytest.mark.parametrize(
    "text",
    [
        "[budget]\nbranch = 0x" + "f" * 9_000,
        "[budget]\nbranch = [1]",
        '[budget]\nbranch = "' + "9" * 100_000 + '"',
        "[budget]\nnear = 0x" + "f" * 9_000,
        "[budget]\nblock = 0x" + "f" * 9_000,
        'budget = "20"',
        "[trailers]\nmodels = 0",
        "[trailers]\npolicy = [1]",
        "[trailers]\npolicy = 0x" + "f" * 9_000,
    ],
)
def test_tables_of_wrong_types_are_a_short_sentence(repo: Hooked, text: str) -> None:
    (repo.path / ".tokcost.toml").write_text(text + "\n")
    repo.git("config", "--local", "tokcost.enabled", "true")
    for words in (["status"], ["budget"], ["preview"], ["doctor"]):
        done = asked(repo, *words)
        assert "this is a bug" not in done.stderr, (words, done.stderr)
        assert len(done.stderr) < 1_000
    assert ".tokcost.toml" in asked(repo, "doctor").stdout


def test_owners_that_cannot_be_read_are_named_and_areas_are_folders(repo: Hooked) -> None:
    repo.enable()
    repo.spend()
    repo.change("file")
    repo.hooked("-m", "a")
    for name, make in {"owners": lambda p: p.write_text("a @o/t\n" * 3_000), "large": sparse_text}.items():
        make(repo.path / "CODEOWNERS")
        repo.git("add", "-A")
        repo.git("-c", "core.hooksPath=/dev/null", "commit", "-qm", name)
        done = asked(repo, "report", "--by", "area")
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("CODEOWNERS") == 1


def sparse_text(path: Path) -> None:
    path.write_text("# nothing\n" * 30_000)


def test_a_committed_link_is_followed_within_the_commit_alone(repo: Hooked) -> None:
    (repo.path / "policy.toml").write_text("[report]\ncontributors = 2\n")
    (repo.path / ".tokcost.toml").symlink_to("policy.toml")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "inside")
    assert "from 3 to" in asked(repo, "report").stderr
    (repo.path / ".tokcost.toml").unlink()
    (repo.path / ".tokcost.toml").symlink_to("/etc/passwd")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "outside")
    assert "a link to a place outside the repository" in asked(repo, "report").stderr


@pytest.mark.few
@pytest.mark.parametrize("make", [pipe, endless, sparse])
@pytest.mark.parametrize(
    "name", few(["lefthook.yml", ".pre-commit-config.yaml", ".husky/pre-commit", "lefthook-local.yml"], 2)
)
def test_no_file_of_a_hook_manager_holds_us_up(repo: Hooked, name: str, make: Callable[[Path], None]) -> None:
    path = repo.path / name
    path.parent.mkdir(exist_ok=True)
    if path.parent.name == ".husky":
        repo.git("config", "core.hooksPath", ".husky/_")
        (path.parent / "_").mkdir()
        (path.parent / "_/h").write_text("")
    make(path)
    for words in (["hooks", "status"], ["hooks", "install"], ["doctor"]):
        done = asked(repo, *words)
        assert "this is a bug" not in done.stderr, (words, done.stderr)


@pytest.mark.few
@pytest.mark.parametrize("make", [pipe, endless])
@pytest.mark.parametrize(
    "name", ["HEAD", "config", "packed-refs", "logs/HEAD", "logs/refs/heads/main", "commondir", "refs/heads/x"]
)
def test_none_of_gits_own_files_holds_us_up(repo: Hooked, name: str, make: Callable[[Path], None]) -> None:
    repo.spend()
    git_dir = repo.path.parent / "clone/.git"
    shutil.copytree(repo.path, git_dir.parent)
    (git_dir / name).unlink(missing_ok=True)
    (git_dir / name).parent.mkdir(parents=True, exist_ok=True)
    make(git_dir / name)
    # git itself waits for a pipe in these places, so we ask what we read without it.
    script = (
        "import sys; from tokcost.repo import head, reflog, refs, worktree, config\n"
        "found = worktree.find_worktree(sys.argv[1])\n"
        "print(found and (head.read_head(found), reflog.read_head_history(found)))\n"
        "print(found and refs.local_branches(found.common_dir))\n"
        "print(refs.all_tips(sys.argv[1] + '/.git'), config.read_core(sys.argv[1] + '/.git'))\n"
    )
    subprocess.run(
        [sys.executable, "-P", "-c", script, str(git_dir.parent)],
        env=repo.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        timeout=SECONDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (A_GIGABYTE, A_GIGABYTE)),
    )
