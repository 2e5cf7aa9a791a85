"""What hooks say on standard error."""

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.hooked import Hooked
from tokcost.claims.refresh_carriers import RestoreNeeded
from tokcost.reports.text import escape
from tokcost_hooks import console


@given(st.text(), st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_passes_that_the_screen_would_not_show(
    capfd: pytest.CaptureFixture[str], sentence: str, hint: str
) -> None:
    console.tell(f"x{sentence}", f"x{hint}")
    said = capfd.readouterr().err
    first, second = said.removesuffix("\n").split("\n")
    assert first.startswith("tokcost: x")
    assert second.startswith("hint: x")
    assert all(escape(char) == char for char in first + second)
    if all(unicodedata.category(char) != "Zs" for char in sentence):
        assert first == f"tokcost: x{escape(sentence)}"


def test_half_a_character_is_escaped_and_never_an_error_whatever_the_encoding() -> None:
    code = "from tokcost_hooks.console import tell; tell('bran\u0107h \\udc80')"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        check=True,
        env={"PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "1", "PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    assert done.stderr == "tokcost: bran\u0107h \\x80\n".encode()


def test_a_budget_names_a_hostile_branch_in_text_and_a_command_that_can_be_copied(repo: Hooked) -> None:
    name = "feat/$(touch${IFS}owned)\u202e\u200b'x"
    repo.git("checkout", "-q", "-b", name)
    from support.terminal import piped

    done = piped(["budget", "set", "0.001", "--branch", name, "--block"], repo.path, repo.environ)
    assert (done.returncode, done.stderr) == (0, ""), done
    repo.spend()
    repo.change()
    made = subprocess.run(
        ["git", "commit", "-q", "-m", "Work"], cwd=repo.path, env=repo.environ, capture_output=True, text=True
    )
    assert made.returncode == 1
    assert escape(made.stderr.replace("\n", "")) == made.stderr.replace("\n", "")
    command = made.stderr.partition("from now on: ")[2].replace("AMOUNT", "20").strip()
    word = command.partition("--branch ")[2]
    back = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True, cwd=repo.path)
    assert back.stdout.decode() == name


def test_a_failure_says_what_to_do_about_it() -> None:
    problem = RestoreNeeded("the ledger is new", "`tokcost log` does that.")
    said = console.failure("prepare-commit-msg", console.words(problem), 0, console.hint_of(problem))
    assert said[1] == "`tokcost log` does that."
    assert console.hint_of(ValueError("no hint")) == ""
    stopped = console.failure("pre-commit", "slow", console.STOP, "Wait.")
    assert stopped[1] == console.PAST_UNCHECKED
