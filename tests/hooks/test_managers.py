"""Real hook managers, from their registries: both sides keep working through the other's next installation."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.hooked import Hooked
from support.installed import npm, once
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.hooks import install, uninstall
from tokcost_hooks.installation.report import hook_checks
from tokcost_hooks.installation.scripts import owner

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parent.parent.parent
HUSKY, LEFTHOOK, PRE_COMMIT = "husky@9.1.7", "lefthook@2.2.2", "pre-commit==4.7.0"


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with husky and lefthook in it. One install for all tests, whichever process asks first."""
    shared = tmp_path_factory.getbasetemp().parent / "hook-managers"
    return npm(shared, HUSKY, LEFTHOOK)


@pytest.fixture(scope="session")
def pre_commit(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The pre-commit framework's program, in an environment of its own."""
    shared = tmp_path_factory.getbasetemp().parent / "pre-commit"
    made = once(shared, [sys.executable, "-m", "venv", "env"], "")
    once(made, ["env/bin/pip", "install", "--quiet", "--disable-pip-version-check", PRE_COMMIT], "", "installed")
    return str(made / "env/bin/pre-commit")


@pytest.fixture
def plain(tmp_path: Path) -> Hooked:
    """A repository that said yes, with nothing of ours installed."""
    repo = Hooked(tmp_path, enabled=False)
    repo.agree()
    # Hook managers run programs of the user's environment; the framework keeps its own environments below HOME.
    repo.more_environ |= {"PRE_COMMIT_HOME": str(tmp_path.parent.parent / "pre-commit-home"), "CI": "", "NO_COLOR": "1"}
    return repo


def tool(repo: Hooked, *words: str, cwd: Path | None = None) -> str:
    done = subprocess.run(words, cwd=cwd or repo.path, env=repo.environ, capture_output=True, text=True)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def findings(repo: Hooked) -> dict[str, str]:
    return {check.subject: check.found for check in hook_checks(repo.worktree, True) if check.finding}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


# husky


@pytest.fixture
def husky(plain: Hooked, packages: Path) -> list[str]:
    """The command that a project's `prepare` script runs at every `npm install`; installed once."""
    command = ["node", str(packages / "node_modules/husky/bin.js")]
    tool(plain, *command)
    return command


def test_husky_keeps_running_ours_after_its_next_install(plain: Hooked, husky: list[str]) -> None:
    write(plain.path / ".husky/pre-commit", "echo ran >> .git/seen\n")
    plain.git("add", "-A")
    assert install(plain.worktree).missing == ()
    assert findings(plain) == {}
    plain.work("One")
    tool(plain, *husky)
    plain.work("Two")
    assert len(plain.published()) == 2
    assert (plain.path / ".git/seen").read_text() == "ran\nran\n"
    assert plain.git("ls-files") == ".husky/pre-commit\nfile"
    assert plain.replies() == {"total": 2, "carried": 2}
    assert uninstall(plain.worktree) == []
    assert [path.name for path in (plain.path / ".husky").iterdir() if path.name != "_"] == ["pre-commit"]


def test_huskys_own_hook_is_changed_only_when_asked_to(plain: Hooked, husky: list[str]) -> None:
    hook = plain.path / ".husky/commit-msg"
    write(hook, "echo team >> .git/seen\n")
    plain.git("add", "-A")
    (missing,) = install(plain.worktree).missing
    assert (missing.path, missing.is_committed) == (str(hook), True)
    assert hook.read_text() == "echo team >> .git/seen\n"
    assert set(findings(plain)) == {"commit-msg"}
    assert install(plain.worktree, write=True).missing == ()
    assert findings(plain) == {}
    tool(plain, *husky)
    plain.work("One")
    assert (plain.path / ".git/seen").read_text() == "team\n"
    assert plain.replies() == {"total": 1, "carried": 1}
    uninstall(plain.worktree)
    assert hook.read_text() == "echo team >> .git/seen\n"


def test_a_refusal_in_a_husky_hook_with_our_lines_is_obeyed(plain: Hooked, husky: list[str]) -> None:
    write(plain.path / ".husky/prepare-commit-msg", "test -e allowed\n")
    plain.git("add", "-A")
    install(plain.worktree, write=True)
    plain.spend()
    plain.change()
    plain.run("commit", "-q", "-m", "No", ok=False)
    assert plain.replies() == {"total": 1, "pending": 1}
    (plain.path / "allowed").write_text("")
    plain.hooked("-m", "Yes")
    assert plain.replies() == {"total": 1, "carried": 1}


def test_husky_that_comes_after_us_is_noticed(plain: Hooked, packages: Path) -> None:
    install(plain.worktree)
    tool(plain, "node", str(packages / "node_modules/husky/bin.js"))
    assert {*HOOKS, "left behind"} - {"pre-commit"} == set(findings(plain))
    install(plain.worktree)
    assert findings(plain) == {}
    plain.work("One")
    assert plain.replies() == {"total": 1, "carried": 1}


def test_a_linked_worktree_with_husky_says_what_it_lacks(plain: Hooked, husky: list[str], tmp_path: Path) -> None:
    write(plain.path / ".husky/pre-commit", "true\n")
    plain.git("add", "-A")
    plain.git("commit", "-q", "-m", "root")
    install(plain.worktree)
    linked = tmp_path / "linked"
    plain.git("worktree", "add", "-q", "-b", "feat", str(linked))
    assert plain.tokcost("hooks", "status", cwd=linked).returncode == 1
    tool(plain, *husky, cwd=linked)
    assert plain.tokcost("hooks", "install", cwd=linked).returncode == 0
    assert plain.tokcost("hooks", "status", cwd=linked).returncode == 0
    plain.work("Linked", cwd=linked)
    plain.work("Main")
    assert plain.replies() == {"total": 2, "carried": 2}


# lefthook

TEAM = """\
commit-msg:
  jobs:
    - name: team
      run: echo team >> .git/seen
prepare-commit-msg:
  commands:
    ticket:
      run: echo Ticket-1 >> {1}
"""


@pytest.fixture
def lefthook(plain: Hooked, packages: Path) -> str:
    """The program; its hooks are installed for a team's configuration."""
    (program,) = packages.glob("node_modules/lefthook-*/bin/lefthook")
    plain.more_environ["LEFTHOOK_QUIET"] = "meta,summary,execution"
    (plain.path / "lefthook.yml").write_text(TEAM)
    plain.git("add", "-A")
    tool(plain, str(program), "install")
    return str(program)


def test_lefthook_keeps_running_ours_after_its_next_install(plain: Hooked, lefthook: str) -> None:
    done = install(plain.worktree)
    assert [seat.hook for seat in done.missing] == ["prepare-commit-msg", "commit-msg"]
    assert {os.path.basename(seat.path) for seat in done.missing} == {"lefthook-local.yml"}
    assert not (plain.path / "lefthook-local.yml").exists()
    assert install(plain.worktree, write=True).waiting == ("run `lefthook install` once",)
    tool(plain, lefthook, "install")
    tool(plain, lefthook, "validate")
    assert findings(plain) == {}
    plain.work("One")
    tool(plain, lefthook, "install", "--force")
    plain.work("Two")
    assert len(plain.published()) == 2
    assert "Ticket-1" in plain.message()
    assert (plain.path / ".git/seen").read_text() == "team\nteam\n"
    assert plain.git("ls-files") == "file\nlefthook.yml"
    assert plain.replies() == {"total": 2, "carried": 2}
    assert uninstall(plain.worktree) == []
    assert not (plain.path / "lefthook-local.yml").exists()
    assert sorted(path.name for path in (plain.path / ".git/hooks").iterdir() if path.suffix != ".sample") == [
        "commit-msg",
        "prepare-commit-msg",
    ]


def test_lines_of_others_in_the_local_file_stay(plain: Hooked, lefthook: str) -> None:
    local = plain.path / "lefthook-local.yml"
    local.write_text("pre-push:\n  commands:\n    mine:\n      run: 'true'")
    before = local.read_bytes()
    install(plain.worktree, write=True)
    tool(plain, lefthook, "validate")
    plain.work("One")
    assert plain.replies() == {"total": 1, "carried": 1}
    uninstall(plain.worktree)
    assert local.read_bytes() == before


def test_a_local_file_that_has_the_hook_is_left_to_its_owner(plain: Hooked, lefthook: str) -> None:
    text = "commit-msg:\n  commands:\n    mine:\n      run: 'true'\n"
    (plain.path / "lefthook-local.yml").write_text(text)
    (missing,) = install(plain.worktree, write=True).missing
    assert (missing.hook, missing.refusal) == ("commit-msg", "it has commit-msg already")
    assert set(findings(plain)) == {"commit-msg"}


def test_lefthook_that_takes_our_place_is_noticed_and_installing_again_helps(plain: Hooked, packages: Path) -> None:
    write(plain.path / ".git/hooks/commit-msg", "#!/bin/sh\n# before all\n")
    install(plain.worktree)
    (program,) = packages.glob("node_modules/lefthook-*/bin/lefthook")
    (plain.path / "lefthook.yml").write_text(TEAM)
    tool(plain, str(program), "install")
    assert set(findings(plain)) == {"prepare-commit-msg", "commit-msg"}
    install(plain.worktree, write=True)
    assert findings(plain) == {}
    plain.work("One")
    assert plain.replies() == {"total": 1, "carried": 1}
    uninstall(plain.worktree)
    assert (plain.path / ".git/hooks/commit-msg.old").read_text() == "#!/bin/sh\n# before all\n"
    assert not (plain.path / ".git/hooks/prepare-commit-msg.old").exists()


def test_lefthook_in_a_worktree_on_a_strange_path_gives_us_the_arguments(
    plain: Hooked, lefthook: str, tmp_path: Path
) -> None:
    plain.git("commit", "-q", "--no-verify", "-m", "root")
    linked = tmp_path / "a linked $one"
    plain.git("worktree", "add", "-q", "-b", "feat", str(linked))
    (linked / "lefthook.yml").write_text("commit-msg:\nprepare-commit-msg:\n")
    assert plain.tokcost("hooks", "install", "--write", cwd=linked).returncode == 0
    plain.work("Linked", cwd=linked)
    plain.spend(cwd=linked)
    plain.change(cwd=linked)
    plain.hooked("--amend", "--no-edit", cwd=linked)
    (line,) = plain.published().values()
    assert line.version == 2
    assert plain.replies() == {"total": 2, "carried": 2}


def test_a_clone_that_is_renamed_goes_on_with_lefthook(plain: Hooked, lefthook: str) -> None:
    """The local file moves along; a script named by its old place had every commit refused."""
    install(plain.worktree, write=True)
    tool(plain, lefthook, "install")
    plain.work("One")
    plain.path = plain.path.rename(plain.path.with_name("it's renamed"))
    assert findings(plain) == {}
    plain.work("Two", cwd=plain.path)
    assert plain.replies() == {"total": 2, "carried": 2}
    shutil.rmtree(plain.path / ".git/tokcost/hooks")
    plain.work("Three", cwd=plain.path)


# the pre-commit framework

LOCAL = """\
repos:
- repo: local
  hooks:
  - {id: team, name: team, language: system, entry: "sh -c 'echo team >> .git/seen'", stages: [commit-msg],
     always_run: true, pass_filenames: false}
"""


def test_the_framework_keeps_running_ours_after_its_next_install(plain: Hooked, pre_commit: str) -> None:
    (plain.path / ".pre-commit-config.yaml").write_text(LOCAL)
    plain.git("add", "-A")
    tool(plain, pre_commit, "install", "-t", "pre-commit", "-t", "commit-msg")
    assert install(plain.worktree).missing == ()
    assert owner(str(plain.path / ".git/hooks/commit-msg.legacy")) == "ours"
    assert findings(plain) == {}
    plain.hooked("--allow-empty", "-m", "root")
    plain.work("One")
    tool(plain, pre_commit, "install", "-t", "pre-commit", "-t", "commit-msg")
    plain.work("Two")
    assert (plain.path / ".git/seen").read_text() == "team\n" * 3
    assert findings(plain) == {}
    assert plain.replies() == {"total": 2, "carried": 2}
    uninstall(plain.worktree)
    names = {path.name for path in (plain.path / ".git/hooks").iterdir() if path.suffix != ".sample"}
    assert names == {"pre-commit", "commit-msg"}


def test_the_framework_that_comes_after_us_goes_on_running_ours(plain: Hooked, pre_commit: str) -> None:
    write(plain.path / ".git/hooks/prepare-commit-msg", '#!/bin/sh\necho before >> "$PWD/.git/seen"\n')
    install(plain.worktree)
    (plain.path / ".pre-commit-config.yaml").write_text(LOCAL)
    plain.git("add", "-A")
    for _ in range(2):
        tool(plain, pre_commit, "install", *(word for hook in HOOKS for word in ("-t", hook)))
        plain.work("Work")
        assert findings(plain) == {}
        assert install(plain.worktree).said == ()
    assert (plain.path / ".git/seen").read_text() == "before\nteam\n" * 2
    assert plain.replies() == {"total": 2, "carried": 2}
    tool(plain, pre_commit, "uninstall", *(word for hook in HOOKS for word in ("-t", hook)))
    plain.work("Work")
    uninstall(plain.worktree)
    assert (plain.path / ".git/hooks/prepare-commit-msg").read_text().endswith('seen"\n')
    assert not (plain.path / ".git/hooks/prepare-commit-msg.legacy").exists()
    assert plain.replies() == {"total": 3, "carried": 3}


def test_the_framework_forced_to_forget_ours_is_noticed(plain: Hooked, pre_commit: str) -> None:
    install(plain.worktree)
    (plain.path / ".pre-commit-config.yaml").write_text(LOCAL)
    plain.git("add", "-A")
    tool(plain, pre_commit, "install", "-f", "-t", "commit-msg")
    assert findings(plain) == {"commit-msg": "replaced by pre-commit since"}
    install(plain.worktree)
    assert findings(plain) == {}


@pytest.fixture
def framework(plain: Hooked, pre_commit: str, tmp_path: Path) -> str:
    """The framework with our manifest, from a repository that holds this checkout as it is."""
    copy = tmp_path / "tokcost"
    copy.mkdir()
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=CHECKOUT, capture_output=True
    ).stdout
    for name in os.fsdecode(names).rstrip("\0").split("\0"):
        if not name.startswith(("tests/", "benchmarks/")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, copy / name)
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "x"), ("tag", "v0")):
        plain.git(*words, cwd=copy)
    ids = [f"tokcost-{hook}" for hook in HOOKS if hook != "pre-commit"] + ["tokcost-budget"]
    entries = "".join(f"  - id: {name}\n" for name in ids)
    config = f"repos:\n- repo: {copy}\n  rev: v0\n  hooks:\n{entries}"
    (plain.path / ".pre-commit-config.yaml").write_text(config)
    plain.git("add", "-A")
    words = [word for hook in HOOKS for word in ("-t", hook)]
    tool(plain, pre_commit, "install", "--install-hooks", *words)
    return pre_commit


def test_the_frameworks_own_entry_writes_lines_and_ours_stay_away(plain: Hooked, framework: str) -> None:
    assert install(plain.worktree).missing == ()
    assert findings(plain) == {}
    assert not list((plain.path / ".git/hooks").glob("*.legacy"))
    tool(plain, framework, "validate-manifest", str(CHECKOUT / ".pre-commit-hooks.yaml"))
    plain.change()
    commit(plain, "-m", "root")
    for number in range(2):
        plain.spend()
        plain.change()
        commit(plain, "-m", f"Work {number}")
    plain.spend()
    commit(plain, "--amend", "--no-edit")
    assert sorted(line.version for line in plain.published().values()) == [1, 2]
    plain.spend()
    plain.change()
    editor = plain.editor('sed -i "/^AI-/d;/^  cache/d" "$1"')
    commit(plain, "-e", "-m", "Quiet", env=editor)
    plain.git("switch", "-q", "-c", "side")
    assert plain.replies() == {"total": 4, "carried": 3, "withheld": 1}


def test_the_frameworks_entry_writes_nothing_without_consent(plain: Hooked, framework: str) -> None:
    plain.git("config", "--unset", "tokcost.enabled")
    plain.spend()
    plain.change()
    commit(plain, "-m", "Quiet")
    assert plain.message() == "Quiet"
    assert "carried" not in plain.balance()


def commit(repo: Hooked, *words: str, env: dict[str, str] | None = None) -> None:
    """The framework names every hook on standard error, ours too."""
    done = subprocess.run(
        ["git", "commit", "-q", *words],
        cwd=repo.path,
        env=repo.environ | (env or {}),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    assert "left this commit" not in done.stderr
