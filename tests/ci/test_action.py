"""The steps of `action.yml`, run as a runner runs them: its expressions, an environment of nothing but what is said, a
clone as actions/checkout makes it, and the event of a pull request from a fork."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.forge import TOKEN, Forge, commit
from support.git_sandbox import GitSandbox

ROOT = Path(__file__).parent.parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")


class Context:
    """`github.event.…`: what is missing is empty, as in an expression."""

    def __init__(self, said: dict[str, Any]) -> None:
        self._said = said

    def __getattr__(self, name: str) -> Any:
        found = self._said.get(name)
        return Context(found or {}) if isinstance(found, dict) or found is None else found

    def __bool__(self) -> bool:
        return bool(self._said)

    def __eq__(self, other: object) -> bool:
        return not self._said and other == ""

    def __str__(self) -> str:
        return ""


class Runner:
    """A job with a clone, a folder of the runner's and an event."""

    def __init__(self, scratch: Path, forge: Forge, **inputs: str) -> None:
        self.workspace, self.temp, self.forge = scratch / "work", scratch / "temp", forge
        self.temp.mkdir()
        self.origin = GitSandbox(scratch / "origin")
        commit(self.origin, 1, 100)
        self.origin.switch("-c", "theirs")
        commit(self.origin, 2, 2)
        self.head = commit(self.origin, 3, 5)
        self.origin.switch("main")
        commit(self.origin, 4, 50)
        self.origin.git("checkout", "-q", "--detach")
        self.origin.git("merge", "-q", "--no-ff", "-m", f"Merge {self.head} into main", "theirs")
        self.origin.git("update-ref", "refs/pull/12/merge", "HEAD")
        self.origin.switch("main")
        self.origin.git("branch", "-q", "-D", "theirs")
        request = {"number": 12, "head": {"sha": self.head, "ref": "theirs", "repo": {"fork": True}}}
        github = {"event": {"pull_request": request}, "base_ref": "main", "token": TOKEN, "action_path": str(ROOT)}
        self.contexts = {"github": Context(github), "runner": Context({"temp": str(self.temp)})}
        default = {name: self.filled(one["default"]) for name, one in ACTION["inputs"].items()}
        self.contexts["inputs"] = Context(default | inputs)

    def checkout(self, depth: int) -> None:
        """actions/checkout: with 0 every branch, else no more than the merge that was made for the request."""
        clone = GitSandbox(self.workspace)
        clone.git("remote", "add", "origin", f"file://{self.origin.path}")
        merge = "+refs/pull/12/merge:refs/remotes/pull/12/merge"
        asked = [f"--depth={depth}"] if depth else ["+refs/heads/*:refs/remotes/origin/*"]
        clone.git("fetch", "-q", "--no-tags", *asked[:depth], "origin", *asked[depth:], merge)
        clone.git("checkout", "-q", "--force", "refs/remotes/pull/12/merge")

    def filled(self, text: Any) -> str:
        """A value of the file with its `${{ expressions }}` worked out."""
        return re.sub(r"\$\{\{(.*?)\}\}", lambda found: str(self._worked_out(found[1])), str(text))

    def _worked_out(self, expression: str) -> Any:
        python = expression.replace("&&", " and ").replace("||", " or ").strip()
        return eval(python, {"__builtins__": {}, "format": lambda form, *words: form.format(*words)}, self.contexts)

    def step(self, number: int) -> "subprocess.CompletedProcess[str]":
        step = ACTION["runs"]["steps"][number]
        said = {name: self.filled(value) for name, value in step["env"].items()}
        runner = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.temp),
            "GITHUB_API_URL": self.forge.address,
            "GITHUB_REPOSITORY": "us/shop",
            "GITHUB_STEP_SUMMARY": str(self.temp / "summary.md"),
        }
        folder = self.filled(step.get("working-directory", str(self.workspace)))
        script = self.temp / f"step{number}.sh"
        script.write_text(step["run"])
        asked = [step["shell"], "-e", str(script)]
        return subprocess.run(asked, cwd=folder, env=runner | said, capture_output=True, text=True)

    def installed(self) -> None:
        """Instead of the first step, which asks the package registry: this tokcost."""
        ours = self.temp / "tokcost-venv/bin/tokcost"
        ours.parent.mkdir(parents=True)
        ours.write_text(f"#!/bin/sh\nexec {sys.executable} -P -c 'from tokcost.cli.start import main; main()' \"$@\"\n")
        ours.chmod(0o755)

    @property
    def summary(self) -> str:
        return (self.temp / "summary.md").read_text()


@needs_curl
def test_it_comments_what_the_request_brings_and_nothing_of_the_base(tmp_path: Path, forge: Forge) -> None:
    runner = Runner(tmp_path, forge)
    runner.checkout(0)
    runner.installed()
    done = runner.step(1)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (comment,) = forge.comments
    assert "$7.00 list" in comment["body"]
    assert "Change 4" not in comment["body"]
    assert {path.split("?")[0] for _, path, _ in forge.asked} == {"/api/repos/us/shop/issues/12/comments"}


@needs_curl
def test_with_the_token_that_a_fork_gets_the_report_is_in_the_summary(tmp_path: Path, forge: Forge) -> None:
    runner = Runner(tmp_path, forge, check="6.99")
    forge.read_only = True
    runner.checkout(0)
    runner.installed()
    done = runner.step(1)
    assert done.returncode == 1
    assert "may not comment" in done.stderr
    assert "$7.00 list" in runner.summary
    assert "Over the 6.99 US dollars" in runner.summary
    assert forge.comments == []


def test_without_comments_the_forge_is_not_asked(tmp_path: Path, forge: Forge) -> None:
    runner = Runner(tmp_path, forge, comment="false")
    runner.checkout(0)
    runner.installed()
    assert runner.step(1).returncode == 0
    assert "$7.00 list" in runner.summary
    assert forge.asked == []


def test_with_the_depth_that_checkout_has_of_itself_it_says_what_to_write(tmp_path: Path, forge: Forge) -> None:
    runner = Runner(tmp_path, forge)
    runner.checkout(1)
    runner.installed()
    done = runner.step(1)
    assert done.returncode == 3
    assert "fetch-depth: 0" in done.stderr
    assert forge.asked == []


@needs_curl
@pytest.mark.slow
def test_every_step_from_an_empty_machine(tmp_path: Path, forge: Forge) -> None:
    """With pip, from the package registry; json.py in the clone is not what python imports."""
    runner = Runner(tmp_path, forge)
    runner.checkout(0)
    (runner.workspace / "json.py").write_text("raise SystemExit('the module of a stranger')")
    for number in range(len(ACTION["runs"]["steps"])):
        done = runner.step(number)
        assert done.returncode == 0, done.stderr
    assert "$7.00 list" in json.dumps(forge.comments)
