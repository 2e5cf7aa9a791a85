"""What a repository forbids holds in every checkout of it, also where its policy file is not in the folder."""

import subprocess
from pathlib import Path

import pytest

from support.hooked import Hooked

FORBIDS = '[trailers]\npolicy = "forbid"\n'


@pytest.fixture
def forbidden(repo: Hooked) -> Hooked:
    """A repository with many files, whose policy forbids cost lines."""
    (repo.path / "src").mkdir()
    (repo.path / "src/code").write_text("1\n")
    (repo.path / ".tokcost.lock").write_text("its name begins like that of the policy\n")
    (repo.path / ".tokcost.toml").write_text(FORBIDS)
    repo.git("add", "-A")
    repo.hooked("-m", "Policy")
    return repo


def carries(repo: Hooked) -> int:
    """Spend and commit a file below `src`; how many lines the commit has."""
    repo.spend()
    (repo.path / "src/code").write_text(f"{repo.now}\n")
    repo.git("add", "--sparse", "src/code")
    repo.hooked("-m", "Work")
    return len(repo.lines())


def test_a_sparse_checkout_is_bound_by_the_policy_that_it_leaves_out(forbidden: Hooked) -> None:
    forbidden.git("sparse-checkout", "set", "--no-cone", "/src/")
    assert not (forbidden.path / ".tokcost.toml").exists()
    assert carries(forbidden) == 0
    forbidden.git("sparse-checkout", "disable")
    assert carries(forbidden) == 0


@pytest.mark.few
@pytest.mark.parametrize("version", ["2", "3", "4"])
@pytest.mark.parametrize("split", [False, True], ids=["whole index", "split index"])
def test_it_is_found_in_every_form_of_an_index(forbidden: Hooked, version: str, split: bool) -> None:
    forbidden.git("update-index", "--index-version", version)
    if split:
        forbidden.git("update-index", "--split-index")
    (forbidden.path / ".tokcost.toml").unlink()
    assert carries(forbidden) == 0


def test_a_sparse_index_has_it_too(forbidden: Hooked) -> None:
    (forbidden.path / "docs").mkdir()
    (forbidden.path / "docs/text").write_text("1\n")
    forbidden.git("add", "-A")
    forbidden.git("commit", "-q", "-m", "Docs")
    forbidden.git("sparse-checkout", "set", "--cone", "--sparse-index", "src")
    (forbidden.path / ".tokcost.toml").unlink()
    assert carries(forbidden) == 0


def test_a_policy_that_was_deleted_and_not_staged_still_holds_and_one_that_is_removed_does_not(
    forbidden: Hooked,
) -> None:
    (forbidden.path / ".tokcost.toml").unlink()
    assert carries(forbidden) == 0
    forbidden.git("rm", "-q", "--cached", ".tokcost.toml")
    assert carries(forbidden) == 1
    assert carries(forbidden) == 1


def test_the_file_in_the_folder_is_what_counts_where_there_is_one(forbidden: Hooked) -> None:
    (forbidden.path / ".tokcost.toml").write_text('[trailers]\nprecision = "coarse"\n')
    assert carries(forbidden) == 1
    assert not forbidden.lines()[0].exact


def test_a_policy_of_a_folder_below_is_none(repo: Hooked) -> None:
    (repo.path / "src").mkdir()
    (repo.path / "src/code").write_text("1\n")
    (repo.path / "src/.tokcost.toml").write_text(FORBIDS)
    repo.git("add", "-A")
    repo.hooked("-m", "No policy")
    assert carries(repo) == 1


def test_a_policy_that_was_never_fetched_leaves_open_what_is_forbidden(forbidden: Hooked) -> None:
    """A partial clone has no content of the files that it does not check out, and nothing is fetched for us."""
    origin = forbidden.path
    forbidden.git("config", "uploadpack.allowFilter", "true")
    forbidden.git("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{origin}", "../partial")
    forbidden.path = origin.parent / "partial"
    forbidden.git("sparse-checkout", "set", "--no-cone", "/src/")
    forbidden.git("checkout", "-q", "main")
    forbidden.enable()
    forbidden.spend()
    (forbidden.path / "src/code").write_text("2\n")
    said = forbidden.grumble("commit", "-q", "-a", "-m", "Unknown")
    assert "git checkout -- .tokcost.toml" in said
    assert forbidden.lines() == []


def test_a_huge_file_in_its_place_is_refused(repo: Hooked) -> None:
    (repo.path / ".tokcost.toml").write_text("#" * 1_000_000)
    (repo.path / "src").mkdir()
    repo.git("add", "-A")
    repo.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "Huge")
    (repo.path / ".tokcost.toml").unlink()
    repo.spend()
    assert "larger than 256 KiB" in repo.grumble("commit", "-q", "--allow-empty", "-m", "Next")


def test_a_worktree_of_a_bare_clone_is_bound_as_well(forbidden: Hooked, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "-q", "--bare", forbidden.path, tmp_path / "bare.git"], check=True)
    forbidden.git("worktree", "add", "-q", "--no-checkout", str(tmp_path / "tree"), "main", cwd=tmp_path / "bare.git")
    forbidden.path = tmp_path / "tree"
    forbidden.git("read-tree", "HEAD")
    forbidden.enable()
    (forbidden.path / "src").mkdir()
    assert carries(forbidden) == 0


@pytest.fixture
def linked(repo: Hooked) -> Hooked:
    """A repository whose policy is a link to a file in a folder, as where projects share one."""
    for name, text in (("src/code", "1\n"), ("conf/shared/policy.toml", FORBIDS)):
        (repo.path / name).parent.mkdir(parents=True, exist_ok=True)
        (repo.path / name).write_text(text)
    (repo.path / "conf/policy.toml").symlink_to("shared/policy.toml")
    (repo.path / ".tokcost.toml").symlink_to("conf/policy.toml")
    repo.git("add", "-A")
    repo.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "Policy")
    return repo


@pytest.mark.parametrize("cone", ["--no-cone", "--cone"])
def test_a_policy_that_is_a_link_holds_where_a_sparse_checkout_leaves_out_the_link_or_its_file(
    linked: Hooked, cone: str
) -> None:
    assert carries(linked) == 0
    linked.git("sparse-checkout", "set", cone, "/src/" if cone == "--no-cone" else "src")
    assert (linked.path / ".tokcost.toml").is_symlink() is (cone == "--cone")
    assert carries(linked) == 0


@pytest.mark.few
@pytest.mark.parametrize("target", ["/etc/hostname", "../elsewhere", "conf/nothing", ".tokcost.toml"])
def test_a_policy_that_is_a_link_to_nothing_in_the_repository_leaves_open_what_is_forbidden(
    linked: Hooked, target: str
) -> None:
    (linked.path / ".tokcost.toml").unlink()
    (linked.path / ".tokcost.toml").symlink_to(target)
    linked.git("add", "-A")
    linked.git("sparse-checkout", "set", "--no-cone", "/src/")
    linked.spend()
    assert "is a link" in linked.grumble("commit", "-q", "--allow-empty", "-m", "Unknown")
    assert linked.lines() == []
