"""`assign`, `prices` and `doctor`, as a person meets them: the real program on logs a real assistant wrote."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from support import samples, warm

PROGRAM = "from tokcost.cli.start import main; main()"


class Shown(NamedTuple):
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


class User:
    """Somebody in a repository on which Claude Code worked."""

    def __init__(self, path: Path) -> None:
        sample = samples.unpack("claude-2.1.330/S5-switch", path)
        self.repo = sample.repo
        kept = {"PATH": os.environ["PATH"]}
        self.environ = kept | {"HOME": str(sample.home), "TOKCOST_HOME": str(path / "ledger"), "TZ": "UTC"}

    def runs(self, *words: str, cwd: Path | None = None) -> Shown:
        """Run tokcost with these words."""
        done = warm.tokcost(*words, cwd=cwd or self.repo, env=self.environ)
        return Shown(done.returncode, done.stdout, done.stderr)

    def branches(self) -> dict[str, int]:
        """Number of replies by branch."""
        rows = json.loads(self.runs("log", "--json").out)["branches"]
        return {row["branch"]: row["usage"] for row in rows if row["usage"]}


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path)


def test_usage_is_moved_by_hand_and_the_sum_stays(user: User) -> None:
    before = user.branches()
    tried = user.runs("assign", "feat/a", "--from", "feat/b", "--dry-run")
    assert (tried.code, user.branches()) == (0, before)
    assert "would be moved from feat/b to feat/a" in tried.out
    done = user.runs("assign", "feat/a", "--from", "feat/b")
    assert done.code == 0
    after = user.branches()
    assert after["feat/a"] == before["feat/a"] + before["feat/b"]
    assert sum(after.values()) == sum(before.values())


def test_what_was_assigned_outlives_the_ledger(user: User) -> None:
    user.branches()
    assert user.runs("assign", "feat/a", "--from", "feat/b").code == 0
    before = json.loads(user.runs("log", "--json").out)
    for path in Path(user.environ["TOKCOST_HOME"]).glob("ledger.db*"):
        path.unlink()
    again = json.loads(user.runs("log", "--json").out)
    assert again["conservation"] == before["conservation"]
    assert again["branches"] == before["branches"]
    assert any("assigned" in row["evidence"] for row in again["branches"])


@pytest.mark.few
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["feat/a"], "no usage is named"),
        (["feat/zzz", "--from", "feat/b"], "there is no branch feat/zzz"),
        (["feat/a", "--from", "nowhere"], "no usage matches"),
        (["feat/a", "--since", "flurb"], "flurb"),
    ],
)
def test_an_assignment_that_makes_no_sense_is_refused_in_a_sentence(user: User, words: list[str], said: str) -> None:
    user.branches()
    shown = user.runs("assign", *words)
    assert (shown.code, shown.out) == (2, "")
    assert said in shown.err
    assert "Traceback" not in shown.err


def test_a_session_is_named_by_the_beginning_of_its_id(user: User) -> None:
    user.branches()
    shown = user.runs("assign", "main", "--session", "4243d449")
    assert shown.code == 0
    assert user.branches() == {"main": 7}


def test_prices_lists_what_was_used_with_its_source(user: User) -> None:
    user.branches()
    shown = user.runs("prices", "list")
    assert "claude-sonnet-4-5   3.00        0.30      3.75      6.00   15.00" in shown.out
    assert "anthropic/claude-sonnet-4-5" in shown.out


def test_prices_explains_tiers_and_says_when_a_model_has_no_price(user: User) -> None:
    known = user.runs("prices", "explain", "claude-sonnet-4-5")
    assert "prompt above 200,000: input 6.00" in known.out
    unknown = user.runs("prices", "explain", "never-heard-of")
    assert (unknown.code, "unpriced" in unknown.out) == (1, True)


def test_a_price_of_the_users_own_is_used_for_pricing_again(user: User) -> None:
    user.branches()
    own = '[[price]]\nmatch = "claude-sonnet-4-5"\ndiscount = "0.5"\n'
    (Path(user.environ["TOKCOST_HOME"]) / "prices.toml").write_text(own)
    tried = user.runs("prices", "reprice", "--since", "2026-01-01", "--dry-run")
    assert "7 of 7 responses would change: $0.09 list before, $0.04 after." in tried.out
    before = json.loads(user.runs("log", "--json").out)["totals"]["list_cost"]
    assert user.runs("prices", "reprice", "--since", "2026-01-01").code == 0
    after = json.loads(user.runs("log", "--json").out)["totals"]["list_cost"]
    assert (before, after) == ("0.086205000", "0.043102500")
    assert user.runs("doctor").code == 0


def test_a_damaged_price_file_is_told_and_ignored(user: User) -> None:
    home = Path(user.environ["TOKCOST_HOME"])
    home.mkdir(mode=0o700)
    (home / "prices.toml").write_text('[[price]]\nmatch = "x"\ninptu = "1"\n')
    shown = user.runs("log")
    assert shown.code == 0
    assert "inptu" in shown.out
    assert user.runs("prices", "list").code == 3


def test_a_file_that_is_no_price_file_is_refused(user: User, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    shown = user.runs("prices", "import", str(tmp_path / "x.json"))
    assert (shown.code, "not a price file" in shown.err, "Traceback" in shown.err) == (3, True, False)


def test_the_doctor_finds_nothing_wrong_on_a_good_machine(user: User) -> None:
    user.branches()
    shown = user.runs("doctor")
    assert shown.code == 0
    assert "every stored sum agrees with its rows" in shown.out
    assert "further line of the same response" in shown.out
    assert shown.out.endswith("Nothing is wrong.\n")


def test_the_doctor_names_what_is_wrong_and_what_to_do(user: User) -> None:
    user.branches()
    home = Path(user.environ["TOKCOST_HOME"])
    home.chmod(0o755)
    (user.repo / ".git/logs/HEAD").unlink()
    shown = user.runs("doctor", "--json")
    found = json.loads(shown.out)
    wrong = {row["subject"] for rows in found["parts"].values() for row in rows if row["finding"]}
    assert (shown.code, wrong, found["findings"]) == (1, {"privacy", "reflog"}, 2)


def test_the_doctor_works_without_a_ledger_a_repository_or_logs(user: User, tmp_path: Path) -> None:
    user.environ |= {"HOME": str(tmp_path / "nobody")}
    shown = user.runs("doctor", cwd=tmp_path)
    assert (shown.code, "Traceback" in shown.err) == (0, False)


def test_the_doctor_says_that_a_ledger_is_damaged(user: User) -> None:
    user.branches()
    for path in Path(user.environ["TOKCOST_HOME"]).iterdir():
        path.write_bytes(b"\xff" * 9000)
    shown = user.runs("doctor")
    assert (shown.code, "damaged" in shown.out) == (1, True)


def test_no_command_opens_a_connection(user: User) -> None:
    watched = (
        "import sys\n"
        "def watch(event, args):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.bind', 'socket.sendto'):\n"
        "        raise SystemExit('NETWORK ' + event)\n"
        "sys.addaudithook(watch)\n" + PROGRAM
    )
    for words in (
        ["log"],
        ["status"],
        ["doctor"],
        ["prices", "explain", "o3"],
        ["demo"],
        ["log", "--by", "session"],
        ["uninstall", "--yes"],
    ):
        done = subprocess.run(
            [sys.executable, "-P", "-c", watched, *words],
            cwd=user.repo,
            env=user.environ,
            capture_output=True,
            text=True,
        )
        assert (done.returncode, "NETWORK" in done.stderr) == (0, False), words
