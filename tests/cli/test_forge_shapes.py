"""Messages as forges, reviewers, mail and people really leave them, from a real history to `tokcost report --json`."""

import json
import os
import textwrap
from typing import Any, NamedTuple

import pytest

from support.git_sandbox import GitSandbox
from support.machine import Machine
from support.terminal import piped
from tokcost.model.money import NANO_PER_USD
from tokcost.model.trailer import Line, format_line

SHA = "6053a1eaa1c009dd11092d09a72f3c41af1b59ad"
CHANGE = "I8473b95934b5732ac55d26311a706c9c2bde9940"


def line(number: int, dollars: int, *models: str) -> str:
    name = f"{number:012d}"
    return format_line(Line(name, 1, dollars * NANO_PER_USD, False, 1_000_000, models or ("claude-opus-4-5",)))


A, B = line(1, 2), line(2, 5, "claude-opus-4-5", "gpt-5.1-codex")
BOTH = {"000000000001", "000000000002"}


class Shape(NamedTuple):
    """A message, and what is to be read from it."""

    message: str
    title: str
    number: int | None = None
    claims: frozenset[str] = frozenset(BOTH)
    foreign: int = 0


SQUASHED = {
    "github squash": Shape(
        f"Add login (#31)\r\n\r\n* Draw the form\r\n\r\n{A}\r\n\r\n* Check the password\r\n\r\n"
        f"{B}\r\n\r\n---------\r\n\r\n"
        "Co-authored-by: Ben <ben@x.org>\r\n",
        "Add login (#31)",
        31,
    ),
    "github rebase": Shape(f"Draw the form\n\n{A}\n{B}\n", "Draw the form"),
    "gitlab squash": Shape(f"Add login\n\nFirst\n\n{A}\n\nSecond\n\n{B}\n", "Add login"),
    "gitlab squash with a template of all commits": Shape(
        f"Add login\n\n* Draw the form\n\n{A}\n\n* Check the password\n\n{B}\n\n"
        "See merge request group/sub.x/project!12\n",
        "Add login",
        12,
    ),
    "bitbucket cloud squash": Shape(
        f"Merged in feature/login (pull request #12)\n\nAdd login\n\n* Draw the form\n\n{A}\n\n"
        f"* Check the password\n\n{B}"
        "\n\nApproved-by: Ben\n",
        "Add login",
        12,
    ),
    "bitbucket server squash": Shape(
        "Pull request #12: Add login\n\nMerge in SHOP/web from feature/login to main\n\n"
        f"Squashed commit of the following:\n\ncommit {SHA}\nAuthor: Ben <ben@x.org>\n"
        "Date:   Mon Nov 2 10:00:00 2026\n\n"
        f"    Draw the form\n\n    {A}\n\ncommit {SHA[::-1]}\nAuthor: Ben <ben@x.org>\n\n    More\n\n    {B}\n",
        "Add login",
        12,
    ),
    "azure squash": Shape(
        f"Merged PR 123: Add login\n\n- Draw the form\n- Check the password\n\n{A}\n{B}\n\n"
        "Related work items: #500, #501\n",
        "Add login",
        123,
    ),
    "gitea squash": Shape(
        f"Add login (#12)\n\n{A}\n{B}\n\nReviewed-on: https://code.x.org/us/shop/pulls/12\n"
        "Reviewed-by: Ben <ben@x.org>\n",
        "Add login (#12)",
        12,
    ),
    "gerrit": Shape(
        f"Add login\n\nBug: 5\n{A}\n{B}\nChange-Id: {CHANGE}\nReviewed-on: https://review.x.org/c/shop/web/+/1234\n"
        "Tested-by: CI <ci@x.org>\nReviewed-by: Ben <ben@x.org>\n",
        "Add login",
        1234,
    ),
    "gerrit, picked to another branch": Shape(
        f"Add login\n\n{A}\n{B}\nChange-Id: {CHANGE}\nReviewed-on: https://review.x.org/c/shop/web/+/1234\n"
        f"(cherry picked from commit {SHA})\nReviewed-on: https://review.x.org/1250\n",
        "Add login",
        1250,
    ),
    "phabricator": Shape(
        f"Add login\n\nSummary:\nDraw the form.\n\n{A}\n{B}\n\nTest Plan: click\n\n"
        "Reviewers: ben\n\nReviewed By: ben\n\n"
        "Differential Revision: https://phab.x.org/D1234\n",
        "Add login",
        1234,
    ),
    "phabricator with nothing but a line to sum up": Shape(
        f"Add login\n\nSummary: {A}\n\nTest Plan: click\n\nDifferential Revision: https://phab.x.org/D9\n",
        "Add login",
        9,
        frozenset({"000000000001"}),
    ),
    "skip ci behind the number": Shape(f"Add login (#12) [skip ci]\n\n{A}\n{B}\n", "Add login (#12) [skip ci]", 12),
    "skip ci below and behind the lines": Shape(
        f"Add login (#12)\n\n{A} [skip ci]\n{B}\n[ci skip]\n", "Add login (#12)", 12
    ),
    "wrapped at 72 columns by a mail client": Shape(
        f"Add login\n\n{textwrap.fill(A, 72)}\n{textwrap.fill(B, 72)}\nSigned-off-by: Ben <ben@x.org>\n", "Add login"
    ),
    "quoted and wrapped": Shape(
        "Add login\n\nBen wrote:\n" + "".join(f"> {part}\n" for one in (A, B) for part in textwrap.wrap(one, 70)),
        "Add login",
    ),
    "git log pasted into the body": Shape(
        f"Add login\n\ncommit {SHA}\nAuthor: Ben <ben@x.org>\n\n    Draw the form\n    \n    {A}\n    {B}\n",
        "Add login",
    ),
    "lines in the middle of prose": Shape(f"Add login\n\nBefore\n{A}\nbetween\n{B}\nbehind it.\n", "Add login"),
    "lines twice": Shape(f"Add login\n\n{A}\n{B}\n\n{A}\n> {B}\n", "Add login"),
    "a line of another tool": Shape(
        f"Add login (#3)\n\nAI-Cost: $3\n{A}\n{B}\nAI-Cost: 0.42 USD (gpt-5)\n", "Add login (#3)", 3, foreign=2
    ),
    "a revert of a merge of the forge's": Shape(
        f'Revert "Merge pull request #7 from us/login"\n\nThis reverts commit {SHA}.\n\n{A}\n{B}\n',
        'Revert "Merge pull request #7 from us/login"',
    ),
    "a revert of a merge on bitbucket": Shape(
        f'Revert "Merged in login (pull request #7)"\n\nThis reverts commit {SHA}.\n\n{A}\n{B}\n',
        'Revert "Merged in login (pull request #7)"',
    ),
}
MERGED = {
    "github merge": Shape("Merge pull request #12 from us/login\n\nAdd login", "Add login", 12),
    "gitlab merge": Shape(
        "Merge branch 'login' into 'main'\n\nAdd login\n\nCloses #5\n\nSee merge request group/project!12",
        "Add login",
        12,
    ),
    "bitbucket cloud merge": Shape(
        "Merged in login (pull request #12)\n\nAdd login\n\nApproved-by: Ben", "Add login", 12
    ),
    "bitbucket server merge": Shape(
        "Pull request #12: Add login\n\nMerge in SHOP/web from login to main\n\n"
        f"* commit '{SHA}':\n  Draw the form\n  Check the password",
        "Add login",
        12,
    ),
    "bitbucket server merge, before version 7": Shape(
        f"Merge pull request #12 in SHOP/web from login to main\n\n* commit '{SHA}':\n  Draw the form",
        "Merge pull request #12 in SHOP/web from login to main",
        12,
    ),
    "azure merge": Shape("Merged PR 123: Add login\n\nRelated work items: #500", "Add login", 123),
    "gitea merge": Shape(
        "Merge pull request 'Add login' (#12) from login into main\n\nReviewed-on: https://code.x.org/us/shop/pulls/12",
        "Add login",
        12,
    ),
    "gerrit merge": Shape('Merge "Add login"', 'Merge "Add login"'),
}


class Clone(GitSandbox):
    """A repository whose messages are kept byte for byte, as forges write them."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine.repo.parent / "clone")
        self._environ = machine.environ | {"GIT_CONFIG_GLOBAL": os.devnull}

    def write(self, message: str) -> str:
        """A commit with this message."""
        self.now += 60
        file = self.path.parent / "message"
        file.write_bytes(message.encode())
        self.git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", str(file))
        return self.git("rev-parse", "HEAD")

    def report(self) -> dict[str, Any]:
        """What is told of it."""
        done = piped(["report", "--json"], self.path, self._environ)
        assert (done.returncode, done.stderr) == (0, "")
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def clone(empty_machine: Machine) -> Clone:
    clone = Clone(empty_machine)
    clone.write("root")
    return clone


def check(shape: Shape, report: dict[str, Any]) -> None:
    (row,) = report["changes"]
    assert (row["subject"], row["number"]) == (shape.title, shape.number)
    assert set(row["claims"]) == shape.claims
    assert report["list_cost"] == ("7.000000000" if shape.claims == BOTH else "2.000000000")
    assert (report["foreign_lines"], report["damaged_lines"]) == (shape.foreign, 0)


@pytest.mark.few
@pytest.mark.parametrize("shape", SQUASHED.values(), ids=SQUASHED)
def test_one_commit_is_one_change_whatever_its_message_went_through(clone: Clone, shape: Shape) -> None:
    clone.write(shape.message)
    check(shape, clone.report())


@pytest.mark.few
@pytest.mark.parametrize("shape", MERGED.values(), ids=MERGED)
def test_a_merge_brings_the_lines_of_its_branch_under_the_name_of_the_request(clone: Clone, shape: Shape) -> None:
    clone.switch("-c", "login")
    clone.write(f"Draw the form\n\n{A}")
    clone.write(f"Check the password\n\n{B}")
    clone.switch("main")
    clone.git("merge", "-q", "--no-ff", "-m", shape.message, "login")
    check(shape, clone.report())


def test_a_patch_by_mail_keeps_its_lines(clone: Clone) -> None:
    clone.switch("-c", "login")
    (clone.path / "form").write_text("x\n")
    clone.git("add", "form")
    clone.write(f"Draw the form\n\n{A}\n{B}\n")
    patch = clone.path.parent / "0001.patch"
    patch.write_text(clone.git("format-patch", "--stdout", "-1", "--signoff") + "\n")
    clone.switch("main")
    clone.git("branch", "-q", "-D", "login")
    clone.git("am", "-q", str(patch))
    check(Shape("", "Draw the form"), clone.report())


def test_a_revert_that_quotes_the_message_it_takes_back_does_not_bring_it_again(clone: Clone) -> None:
    """Gerrit's reverts do, below `Original change's description:`."""
    change = clone.write(f"Add login\n\n{A}\n{B}\nChange-Id: {CHANGE}\n")
    quoted = f"> Add login\n>\n> {A}\n> {B}\n> Change-Id: {CHANGE}\n"
    about = f"This reverts commit {change}.\n\nReason for revert: broke\n\nOriginal change's description:\n{quoted}"
    clone.write(f'Revert "Add login"\n\n{about}\nChange-Id: {CHANGE[::-1]}\n')
    report = clone.report()
    check(Shape("", "Add login"), report)
    assert (report["changes"][0]["state"], report["changes"][0]["reverted_list_cost"]) == ("reverted", "7.000000000")
    clone.write(
        f'Reland "Add login"\n\nThis is a reland of commit {change}\n\nOriginal change\'s description:\n{quoted}'
    )
    report = clone.report()
    check(Shape("", "Add login"), report)
    assert report["changes"][0]["state"] == "merged"
