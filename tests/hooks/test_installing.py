"""Installing beside hooks that are there, and uninstalling to the last byte."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.hooked import Hooked
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.files import put
from tokcost_hooks.installation.hooks import install, uninstall
from tokcost_hooks.installation.scripts import PREVIOUS, owner

Seen = dict[str, tuple[int, bytes]]


def seen(folder: Path) -> Seen:
    """Every file below a folder with its mode and bytes; of a link, where it leads."""
    found: Seen = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = (0, os.fsencode(os.readlink(path)))
        elif path.is_file():
            found[str(path.relative_to(folder))] = (path.stat().st_mode, path.read_bytes())
    return found


def write(path: Path, text: str, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture
def plain(tmp_path: Path) -> Hooked:
    """A repository in which nothing of ours is installed."""
    repo = Hooked(tmp_path, enabled=False)
    repo.agree()
    return repo


def hooks_of(repo: Hooked) -> Path:
    return repo.path / ".git" / "hooks"


@pytest.mark.parametrize("mode", [0o755, 0o700, 0o644, 0o555, 0o777])
def test_uninstalling_restores_every_byte_and_mode(plain: Hooked, mode: int) -> None:
    for hook in HOOKS:
        write(hooks_of(plain) / hook, f"#!/bin/sh\n# {hook} \r\n: \x7f", mode)
    before = seen(plain.path)
    install(plain.worktree)
    assert seen(plain.path) != before
    assert uninstall(plain.worktree) == []
    assert seen(plain.path) == before
    assert uninstall(plain.worktree) == []
    assert seen(plain.path) == before


def test_samples_stay_as_they_are_and_no_file_is_left_behind(plain: Hooked) -> None:
    plain.git("init", "-q")  # brings them
    before = seen(plain.path)
    assert any(name.endswith(".sample") for name in before)
    install(plain.worktree)
    assert {name: now for name, now in seen(plain.path).items() if name.endswith(".sample")}.items() <= before.items()
    uninstall(plain.worktree)
    assert seen(plain.path) == before


def test_installing_twice_changes_nothing(plain: Hooked) -> None:
    write(hooks_of(plain) / "commit-msg", "#!/bin/sh\nexit 0\n")
    install(plain.worktree)
    once = seen(plain.path)
    install(plain.worktree)
    assert seen(plain.path) == once


def test_a_kept_hook_gets_its_arguments_and_runs_before_ours(plain: Hooked) -> None:
    write(hooks_of(plain) / "prepare-commit-msg", '#!/bin/sh\necho "$@" > "$PWD/seen"; echo Ticket-1 >> "$1"\n')
    install(plain.worktree)
    plain.work("Add login")
    assert (plain.path / "seen").read_text() == ".git/COMMIT_EDITMSG message\n"
    assert plain.message().startswith("Add login\nTicket-1\n\nAI-Cost: ")
    assert plain.replies() == {"total": 1, "carried": 1}


@pytest.mark.parametrize("hook", ["prepare-commit-msg", "commit-msg"])
def test_a_kept_hook_that_refuses_the_commit_is_obeyed(plain: Hooked, hook: str) -> None:
    write(hooks_of(plain) / hook, "#!/bin/sh\nexit 7\n")
    install(plain.worktree)
    plain.spend()
    plain.change()
    plain.hooked("-m", "No", ok=False)
    assert plain.replies() == {"total": 1, "pending": 1}


def test_a_kept_hooks_exit_code_is_passed_on_and_ours_runs_all_the_same(plain: Hooked) -> None:
    write(hooks_of(plain) / "post-commit", "#!/bin/sh\nexit 7\n")
    install(plain.worktree)
    plain.spend()
    plain.change()
    plain.hooked("-e", "-m", "Quiet", env=plain.editor('sed -i "/^AI-/d;/^  cache/d" "$1"'))
    assert plain.replies() == {"total": 1, "withheld": 1}
    done = subprocess.run([hooks_of(plain) / "post-commit"], cwd=plain.path, env=plain.environ)
    assert done.returncode == 7


def test_a_kept_hook_that_is_not_executable_stays_out_of_it_as_git_had_it(plain: Hooked) -> None:
    write(hooks_of(plain) / "commit-msg", "#!/bin/sh\nexit 7\n", 0o644)
    install(plain.worktree)
    plain.work("Add login")
    assert plain.replies() == {"total": 1, "carried": 1}


def test_a_kept_link_still_leads_where_it_led(plain: Hooked) -> None:
    write(plain.path / "tools" / "check", '#!/bin/sh\necho ran >> "$PWD/seen"\n')
    (hooks_of(plain) / "commit-msg").symlink_to("../../tools/check")
    (hooks_of(plain) / "post-commit").symlink_to(plain.path / "tools" / "check")
    before = seen(hooks_of(plain))
    install(plain.worktree)
    plain.work("Add login")
    assert (plain.path / "seen").read_text() == "ran\nran\n"
    uninstall(plain.worktree)
    assert seen(hooks_of(plain)) == before


def test_a_hook_that_asks_for_its_own_name_still_gets_it(plain: Hooked) -> None:
    """Overcommit and others are one program for all hooks."""
    write(hooks_of(plain) / "commit-msg", '#!/bin/sh\nbasename "$0" > "$PWD/seen"\n')
    before = seen(hooks_of(plain))
    install(plain.worktree)
    plain.work("Add login")
    assert (plain.path / "seen").read_text() == "commit-msg\n"
    uninstall(plain.worktree)
    assert seen(hooks_of(plain)) == before


@pytest.mark.parametrize("asks", ["by name", "as a program"])
@pytest.mark.parametrize("target", ["dispatch", "../../tools/dispatch"])
def test_links_to_one_program_for_all_hooks_still_tell_it_which_one(plain: Hooked, asks: str, target: str) -> None:
    """With another name such a program does nothing, or fails the commit."""
    name = '"$(basename "$0")"' if asks == "by name" else '"$(printf %s "$0" | sed "s,.*/,,")"'
    write(hooks_of(plain) / target, f'#!/bin/sh\necho {name} >> "$PWD/.git/seen"\n')
    linked = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")
    for hook in linked:
        (hooks_of(plain) / hook).symlink_to(target)
    before = seen(hooks_of(plain))
    for _ in range(2):
        install(plain.worktree)
    plain.work("Add login")
    assert (plain.path / ".git/seen").read_text().split() == list(linked)
    assert plain.replies() == {"total": 1, "carried": 1}
    (hooks_of(plain) / "commit-msg").unlink()
    (hooks_of(plain) / "commit-msg").symlink_to(target)  # its manager installs itself again
    install(plain.worktree)
    assert uninstall(plain.worktree) == []
    assert seen(hooks_of(plain)) == before


def test_both_hooks_read_the_list_of_a_rebase(plain: Hooked) -> None:
    """Without consent, what is bound to a commit follows it by that list; the kept hook gets the same bytes."""
    plain.git("config", "tokcost.enabled", "false")
    write(hooks_of(plain) / "post-rewrite", '#!/bin/sh\ncat >> "$PWD/.git/seen"\n')
    install(plain.worktree)
    plain.change("root")
    plain.git("commit", "-q", "-m", "root")
    plain.switch("-c", "feat")
    old = plain.work("Add login")
    plain.switch("main")
    plain.change("other")
    plain.git("commit", "-q", "-m", "other")
    plain.switch("feat")
    plain.run("rebase", "-q", "main")
    new = plain.git("rev-parse", "HEAD")
    assert old != new
    assert (plain.path / ".git/seen").read_text() == f"{old} {new}\n"
    assert plain.balance() == {"total": 12_204, "bound": 12_204}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_kept_hook_is_given_what_git_says_on_standard_input(plain: Hooked, hook: str) -> None:
    write(hooks_of(plain) / hook, '#!/bin/sh\ncat > "$PWD/.git/seen"\n')
    install(plain.worktree)
    text = b"a b\n\n c d \n\nno end"
    subprocess.run([hooks_of(plain) / hook, "x"], input=text, cwd=plain.path, env=plain.environ, check=True)
    assert (plain.path / ".git/seen").read_bytes() == text


def test_ours_edited_by_somebody_is_left_alone(plain: Hooked) -> None:
    write(hooks_of(plain) / "commit-msg", "#!/bin/sh\nexit 0\n")
    install(plain.worktree)
    with (hooks_of(plain) / "commit-msg").open("a") as stream:
        stream.write("echo mine\n")
    edited = (hooks_of(plain) / "commit-msg").read_bytes()
    assert any("edited" in said for said in install(plain.worktree).said)
    for _ in range(2):
        (said,) = uninstall(plain.worktree)
        assert "edited" in said
        assert (hooks_of(plain) / "commit-msg").read_bytes() == edited
        assert (hooks_of(plain) / f"commit-msg{PREVIOUS}").exists()
        assert owner(str(hooks_of(plain) / "post-commit")) == "nobody"


def test_ours_overwritten_by_somebody_is_left_alone_and_nothing_old_comes_back(plain: Hooked) -> None:
    write(hooks_of(plain) / "commit-msg", "#!/bin/sh\n# old\n")
    install(plain.worktree)
    write(hooks_of(plain) / "commit-msg", "#!/bin/sh\n# new\n")
    for _ in range(2):
        (said,) = uninstall(plain.worktree)
        assert PREVIOUS in said
        assert (hooks_of(plain) / "commit-msg").read_text() == "#!/bin/sh\n# new\n"
        assert (hooks_of(plain) / f"commit-msg{PREVIOUS}").read_text() == "#!/bin/sh\n# old\n"


def test_installing_over_what_overwrote_us_loses_neither_hook(plain: Hooked) -> None:
    write(hooks_of(plain) / "commit-msg", "#!/bin/sh\n# old\n")
    install(plain.worktree)
    write(hooks_of(plain) / "commit-msg", "#!/bin/sh\n# new\n")
    assert any("changed by somebody" in said for said in install(plain.worktree).said)
    uninstall(plain.worktree)
    assert (hooks_of(plain) / "commit-msg").read_text() == "#!/bin/sh\n# new\n"
    assert (hooks_of(plain) / f"commit-msg{PREVIOUS}.1").read_text() == "#!/bin/sh\n# old\n"


def test_a_manager_that_wrote_the_same_hook_again_leaves_no_copy(plain: Hooked) -> None:
    write(hooks_of(plain) / "commit-msg", "#!/bin/sh\n# same\n")
    before = seen(plain.path)
    install(plain.worktree)
    write(hooks_of(plain) / "commit-msg", "#!/bin/sh\n# same\n")
    assert uninstall(plain.worktree) == []
    assert seen(plain.path) == before


@pytest.mark.few
@pytest.mark.parametrize("call", ["os.link", "os.replace", "os.chmod"])
def test_killed_at_any_step_a_working_hook_is_there(plain: Hooked, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends for real, before and after each step; what git would run is one hook or the other, whole."""
    write(hooks_of(plain) / "commit-msg", '#!/bin/sh\necho ran >> "$PWD/seen"\n')
    before = seen(hooks_of(plain))
    for late in (False, True):
        code = (
            f"import os, tokcost_hooks.installation.files as files\n"
            f"real = {call}\n"
            f"def stop(*args, **more):\n    {'real(*args, **more)' if late else 'pass'}\n    os._exit(9)\n"
            f"{call} = stop\n"
            f"files.put({str(hooks_of(plain) / 'commit-msg')!r}, 'commit-msg')\n"
        )
        done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
        assert done.returncode == 9
        assert owner(str(hooks_of(plain) / "commit-msg")) in ("foreign", "ours")
        (plain.path / "seen").unlink(missing_ok=True)
        plain.change()
        plain.hooked("-m", "Work")
        assert (plain.path / "seen").read_text() == "ran\n"
        install(plain.worktree)
        uninstall(plain.worktree)
        assert seen(hooks_of(plain)) == before


def test_putting_a_hook_needs_no_folder(tmp_path: Path) -> None:
    assert put(str(tmp_path / "new" / "commit-msg"), "commit-msg") == ""
    assert owner(str(tmp_path / "new" / "commit-msg")) == "ours"
