"""`tokcost doctor --forge`: what a squash lost, told from the branches that are still here."""

import json
import os
from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from support.terminal import piped
from tokcost.model.checks import Check
from tokcost.model.trailer import Line, format_line
from tokcost.services.check_forge import forge_checks


class Shop(GitSandbox):
    """A repository whose requests are squashed, as forges do it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path / "repo")
        self.cache = path / "cache"
        self.text("root")

    def line(self, number: int) -> str:
        return format_line(Line(f"{number:012d}", 1, 10**9, False, 1_000_000, ("claude-opus-4-5",)))

    def text(self, message: str, who: str = "ann") -> str:
        self.now += 60
        (self.path / "file").write_text(f"{self.now}\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, GIT_AUTHOR_NAME=who, GIT_AUTHOR_EMAIL=f"{who}@x.org")
        return self.git("rev-parse", "HEAD")

    def request(self, number: int, keeps: bool, ref: str = "refs/pull/{}/head", who: str = "ann") -> None:
        """A branch with one line, squashed with its message or with the title alone."""
        self.switch("-c", f"b{number}", "main")
        self.text(f"work\n\n{self.line(number)}", who)
        if ref:
            self.git("update-ref", ref.format(number), "HEAD")
        self.switch("main")
        self.git("merge", "-q", "--squash", f"b{number}")
        body = f"\n\n* work\n\n{self.line(number)}" if keeps else ""
        message = f"Add {number} (#{number}){body}"
        self.git("commit", "-q", "-m", message, GIT_AUTHOR_NAME=who, GIT_AUTHOR_EMAIL=f"{who}@x.org")
        self.git("branch", "-q", "-D", f"b{number}")

    def checks(self) -> dict[str, Check]:
        return {check.subject: check for check in forge_checks(self.path, self.cache)}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.mark.few
@pytest.mark.parametrize(
    "ref", ["refs/pull/{}/head", "refs/remotes/origin/pull/{}", "refs/merge-requests/{}/head", "refs/remotes/up/pr/{}"]
)
def test_a_squash_that_took_the_title_alone_is_found_by_the_request_it_came_from(shop: Shop, ref: str) -> None:
    shop.request(1, keeps=True, ref=ref)
    shop.request(2, keeps=False, ref=ref)
    checks = shop.checks()
    assert checks["lost on merge"].finding
    assert checks["lost on merge"].found == "1 line of 1 squash commit (#2)"
    assert checks["kept"].found == "1 squash commit with every line of its branch"


def test_without_a_number_it_is_found_by_a_branch_with_the_same_files(shop: Shop) -> None:
    shop.switch("-c", "feat")
    shop.text(f"work\n\n{shop.line(1)}")
    shop.switch("main")
    shop.git("merge", "-q", "--squash", "feat")
    shop.git("commit", "-q", "-m", "Add search")
    assert shop.checks()["lost on merge"].found.startswith("1 line of 1 squash commit (")


def test_open_work_is_not_taken_for_lost(shop: Shop) -> None:
    shop.request(1, keeps=True)
    shop.switch("-c", "open")
    shop.git("commit", "-q", "--allow-empty", "-m", f"begin\n\n{shop.line(5)}")
    shop.switch("-c", "more")
    shop.text(f"go on\n\n{shop.line(6)}")
    assert not shop.checks()["lost on merge"].finding


def test_a_line_that_came_another_way_is_not_lost(shop: Shop) -> None:
    shop.request(1, keeps=False)
    shop.text(f"Say it again\n\n{shop.line(1)}")
    assert not shop.checks()["lost on merge"].finding


def test_branches_that_are_gone_are_said_to_be_not_known(shop: Shop) -> None:
    shop.git("remote", "add", "origin", "git@github.com:us/shop.git")
    shop.request(1, keeps=False, ref="")
    checks = shop.checks()
    assert not checks["lost on merge"].finding
    assert checks["not known"].found == "1 squash commit whose branch is not in this clone"
    assert "refs/pull/*/head" in checks["not known"].hint


def test_merges_need_no_setting(shop: Shop) -> None:
    shop.switch("-c", "feat")
    shop.text(f"work\n\n{shop.line(1)}")
    shop.switch("main")
    shop.git("merge", "-q", "--no-ff", "-m", "Merge pull request #3 from them/feat", "feat")
    checks = shop.checks()
    assert "lost on merge" not in checks
    assert checks["squash commits"].found.startswith("none among the newest 1 commit of main")


@pytest.mark.few
@pytest.mark.parametrize(("squashing", "pushing", "told"), [(4, 5, False), (5, 4, False), (5, 5, True)])
def test_shares_of_commits_are_told_only_where_each_is_about_enough_people(
    shop: Shop, squashing: int, pushing: int, told: bool
) -> None:
    for number in range(squashing):
        shop.request(number + 1, keeps=number % 2 == 0, who=f"p{number}")
    for number in range(pushing - 1):
        shop.text("push", who=f"p{number}")
    assert ("with a line" in shop.checks()) is told
    if told:
        assert shop.checks()["with a line"].found == "60% of the squash commits, 0% of the others"


def test_a_bot_is_not_one_of_the_people_that_a_share_of_commits_must_be_about(shop: Shop) -> None:
    for number in range(5):
        shop.request(number + 1, keeps=True, who="renovate[bot]" if number == 4 else f"p{number}")
        shop.text("push", who=f"p{number}")
    assert "with a line" not in shop.checks()
    shop.request(6, keeps=True, who="p5")
    assert "with a line" in shop.checks()


@pytest.mark.few
@pytest.mark.parametrize(
    ("address", "name", "words"),
    [
        ("git@github.com:us/shop.git", "GitHub", "Pull request title and commit details"),
        ("https://user@gitlab.example.org/us/shop", "GitLab", "%{all_commits}"),
        ("ssh://git@bitbucket.org/us/shop.git", "Bitbucket", "dialog"),
        ("https://gerrit.example.org/shop", "Gerrit", "nothing to set"),
        ("https://git.example.org/github/shop", "not known", "docs/forges.md"),
        ("", "GitHub", "Pull request title and commit details"),
    ],
)
def test_the_advice_is_that_of_the_forge(shop: Shop, address: str, name: str, words: str) -> None:
    if address:
        shop.git("remote", "add", "origin", address)
    ref = "refs/keep/{}" if name == "not known" else "refs/pull/{}/head"
    shop.request(1, keeps=False, ref=ref)
    checks = shop.checks()
    assert checks["forge"].found == name
    if name != "not known":
        assert words in checks["lost on merge"].hint


def test_the_command_says_it_and_exits_with_1(shop: Shop, tmp_path: Path) -> None:
    shop.request(1, keeps=False)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TOKCOST_HOME": str(tmp_path / "home")}
    done = piped(["doctor", "--forge"], shop.path, environ)
    assert (done.returncode, done.stderr) == (1, "")
    assert "! lost on merge" in done.stdout
    told = json.loads(piped(["doctor", "--forge", "--json"], shop.path, environ).stdout)
    assert list(told["parts"]) == ["forge"]
    shop.text(f"again\n\n{shop.line(1)}")
    assert piped(["doctor", "--forge"], shop.path, environ).returncode == 0
