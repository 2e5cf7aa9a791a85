"""What runs in continuous integration: the script in an empty environment, against a server that answers like a forge,
and the files that call it."""

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
from tokcost.reports.report_markdown import MARKER

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "ci/report.sh"

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")


@pytest.fixture
def clone(tmp_path: Path) -> GitSandbox:
    """A clone as CI has it: the request merged with the base, as GitHub checks it out."""
    repo = GitSandbox(tmp_path / "repo")
    commit(repo, 1, 100)
    repo.switch("-c", "feat")
    commit(repo, 2, 2)
    commit(repo, 3, 5)
    repo.switch("main")
    commit(repo, 4, 50)
    repo.git("update-ref", "refs/remotes/origin/main", "main")
    repo.git("checkout", "-q", "--detach")
    repo.git("merge", "-q", "--no-ff", "-m", "Merge feat into main", "feat")
    return repo


def run(clone: GitSandbox, **more: str) -> "subprocess.CompletedProcess[str]":
    """The script with nothing in its environment but what is said."""
    home = clone.path.parent / "home"
    programs = home / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    ours = programs / "tokcost"
    ours.write_text(f"#!/bin/sh\nexec {sys.executable} -P -c 'from tokcost.cli.start import main; main()' \"$@\"\n")
    ours.chmod(0o755)
    environ = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(home), **more}
    return subprocess.run(["sh", str(SCRIPT)], cwd=clone.path, env=environ, capture_output=True, text=True)


def github(forge: Forge, clone: GitSandbox, **more: str) -> "subprocess.CompletedProcess[str]":
    summary = str(clone.path.parent / "summary.md")
    said = {"GITHUB_API_URL": forge.address, "GITHUB_REPOSITORY": "us/shop", "GITHUB_STEP_SUMMARY": summary}
    return run(clone, **said, TOKCOST_PR="12", GITHUB_TOKEN=TOKEN, TOKCOST_HEAD=clone.git("rev-parse", "feat"), **more)


def test_without_a_forge_it_prints_what_the_branch_adds(clone: GitSandbox) -> None:
    done = run(clone)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(MARKER)
    assert "$7.00 list" in done.stdout
    assert "| Merge feat into main |" in done.stdout


def test_the_head_of_the_request_is_told_commit_by_commit(clone: GitSandbox) -> None:
    told = run(clone, TOKCOST_HEAD="feat").stdout
    assert "| Change 2 | \\~$2.00 |" in told
    assert "| Change 3 | \\~$5.00 |" in told
    assert "Change 1" not in told


@needs_curl
def test_the_first_run_comments_and_the_next_one_writes_into_that_comment(clone: GitSandbox, forge: Forge) -> None:
    forge.has("Nice!", user={"type": "User"})
    assert github(forge, clone).returncode == 0
    assert len(forge.comments) == 2
    assert "$7.00 list" in forge.comments[1]["body"]
    clone.switch("feat")
    commit(clone, 5, 10)
    done = github(forge, clone)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(forge.comments) == 2
    assert "$17.00 list" in forge.comments[1]["body"]
    assert [one[1] for one in forge.asked if one[0] == "PATCH"] == ["/api/repos/us/shop/issues/comments/2"]


@pytest.mark.slow
@needs_curl
def test_a_comment_of_someone_else_with_our_marker_is_left_alone(clone: GitSandbox, forge: Forge) -> None:
    forge.has(f"{MARKER}\nfree beer", user={"type": "User"})
    github(forge, clone)
    assert forge.comments[0]["body"].endswith("free beer")
    assert len(forge.comments) == 2


@needs_curl
@pytest.mark.slow
def test_our_comment_is_found_behind_a_hundred_others(clone: GitSandbox, forge: Forge) -> None:
    for _ in range(130):
        forge.has("me too", user={"type": "User"})
    github(forge, clone)
    github(forge, clone)
    assert [MARKER in one["body"] for one in forge.comments] == [False] * 130 + [True]


@pytest.mark.slow
@needs_curl
def test_a_request_from_a_fork_has_its_report_in_the_summary_and_does_not_fail(clone: GitSandbox, forge: Forge) -> None:
    forge.read_only = True
    done = github(forge, clone)
    assert done.returncode == 0
    assert "may not comment" in done.stderr
    assert "$7.00 list" in (clone.path.parent / "summary.md").read_text()
    assert forge.comments == []


@pytest.mark.slow
@needs_curl
@pytest.mark.parametrize(("limit", "code"), [("7", 0), ("6.99", 1)])
def test_over_the_budget_it_fails_after_it_has_commented(
    clone: GitSandbox, forge: Forge, limit: str, code: int
) -> None:
    assert github(forge, clone, TOKCOST_CHECK=limit).returncode == code
    assert ("Over the 6.99 US dollars" in forge.comments[0]["body"]) is bool(code)


@needs_curl
@pytest.mark.slow
def test_on_gitlab_the_note_of_the_token_is_kept_up_to_date(clone: GitSandbox, forge: Forge) -> None:
    said = {"CI_API_V4_URL": forge.address, "CI_MERGE_REQUEST_PROJECT_ID": "4", "CI_MERGE_REQUEST_IID": "9"}
    forge.has(MARKER, author={"id": 3})
    run(clone, **said, TOKCOST_GITLAB_TOKEN=TOKEN)
    done = run(clone, **said, TOKCOST_GITLAB_TOKEN=TOKEN)
    assert (done.returncode, done.stderr) == (0, "")
    assert [MARKER in one["body"] and "$7.00" in one["body"] for one in forge.comments] == [False, True]
    assert forge.asked[-1][:2] == ("PUT", "/api/projects/4/merge_requests/9/notes/2")
    assert "$7.00 list" in run(clone, **said).stdout


@pytest.mark.slow
@needs_curl
def test_the_token_is_in_no_argument_and_no_output(clone: GitSandbox, forge: Forge) -> None:
    done = github(forge, clone)
    assert all(TOKEN in token for _, _, token in forge.asked)
    assert TOKEN not in done.stdout + done.stderr
    assert not re.search(r"(?:curl|ask|comment)\b[^\n]*TOKEN", SCRIPT.read_text())


@pytest.mark.slow
def test_what_cannot_be_compared_is_an_error_with_a_way_out(clone: GitSandbox, tmp_path: Path) -> None:
    done = run(clone, TOKCOST_BASE="origin/nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    shallow = GitSandbox(tmp_path / "shallow", init=False)
    clone.git("clone", "-q", "--depth=1", "-b", "feat", "--no-single-branch", f"file://{clone.path}", str(shallow.path))
    done = run(shallow, TOKCOST_HEAD="feat")
    assert (done.returncode, done.stdout) == (3, "")
    assert "fetch-depth: 0" in done.stderr


@pytest.mark.slow
def test_a_base_that_a_shallow_clone_did_not_fetch_has_the_same_way_out(clone: GitSandbox, tmp_path: Path) -> None:
    """As actions/checkout leaves it where nothing is said."""
    shallow = GitSandbox(tmp_path / "shallow", init=False)
    clone.git("clone", "-q", "--depth=1", "-b", "feat", f"file://{clone.path}", str(shallow.path))
    done = run(shallow, TOKCOST_HEAD="feat")
    assert done.returncode == 3
    assert "origin/main is not in this clone, which is shallow" in done.stderr
    assert "fetch-depth: 0" in done.stderr


@pytest.mark.slow
def test_a_name_of_a_branch_is_never_run(clone: GitSandbox) -> None:
    name = "x;touch${IFS}owned;$(touch${IFS}owned)"
    clone.git("branch", name, "feat")
    assert "$7.00 list" in run(clone, TOKCOST_HEAD=name).stdout
    assert "not a revision range" in run(clone, TOKCOST_HEAD="--output=owned").stderr
    assert not (clone.path / "owned").exists()


def test_the_action_is_one_that_puts_no_text_from_outside_into_a_script() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    steps = action["runs"]["steps"]
    assert not [step for step in steps if "${{" in step["run"]]
    given = {name for step in steps for name in step["env"]}
    read = set(re.findall(r"\b(?:TOKCOST|GITHUB)_[A-Z_]+\b", "".join(step["run"] for step in steps)))
    assert read <= given
    assert {"TOKCOST_BASE", "TOKCOST_HEAD", "TOKCOST_CHECK", "TOKCOST_PR", "GITHUB_TOKEN"} <= given
    for step in steps:
        subprocess.run(["sh", "-n"], input=step["run"], text=True, check=True)


def gitlab_job() -> Any:
    (job,) = yaml.safe_load((ROOT / "ci/gitlab-ci.yml").read_text()).values()
    return job


def test_the_template_for_gitlab_is_for_merge_requests_and_names_no_source_of_its_own() -> None:
    job = gitlab_job()
    assert job["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]
    assert str(job["variables"]["GIT_DEPTH"]) == "0"
    assert "TOKCOST_SOURCE" not in job["variables"]


def run_gitlab(folder: Path, home: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    """The job as a runner runs it: its lines one after the other, each of which must succeed."""
    home.mkdir(exist_ok=True)
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home), **more}
    asked = ["sh", "-e", "-c", "\n".join(gitlab_job()["script"])]
    return subprocess.run(asked, cwd=folder, env=environ, capture_output=True, text=True)


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "source",
    [
        None,
        "",
        "tokcost",
        "tokcost==1.0",
        "https://example.com/tokcost.git",
        "https://example.com/tokcost.git@main",
        "https://example.com/tokcost.git@v1.0",
        f"https://example.com/tokcost.git@{COMMIT[:12]}",
        f"https://example.com/tokcost.git@{COMMIT}0",
        f"https://example.com/tokcost.git@{COMMIT[:39]}Z",
        COMMIT,
        f"@{COMMIT}",
        f"--upload-pack=touch owned@{COMMIT}",
        f"ext::touch owned@{COMMIT}",
        f"http://example.com/tokcost.git@{COMMIT}",
    ],
)
def test_a_source_that_is_not_pinned_to_a_commit_is_refused_with_what_to_write(
    tmp_path: Path, source: str | None
) -> None:
    done = run_gitlab(tmp_path, tmp_path / "home", **({} if source is None else {"TOKCOST_SOURCE": source}))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("Set TOKCOST_SOURCE to URL@COMMIT: ")
    assert list(tmp_path.rglob("*")) == [tmp_path / "home"]


@pytest.mark.slow
def test_the_job_runs_exactly_the_commit_that_is_named(clone: GitSandbox, tmp_path: Path) -> None:
    """With pip, from the package registry; what lies in the clone is not what Python imports."""
    (clone.path / "json.py").write_text("raise SystemExit('the module of a stranger')")
    ours = GitSandbox(tmp_path / "tokcost", init=False)
    clone.git("clone", "-q", f"file://{ROOT}", str(ours.path))
    pinned = ours.git("rev-parse", "HEAD")
    (ours.path / "ci/report.sh").write_text("echo another program\n")
    ours.git("commit", "-qam", "Do something else")
    said = {"TOKCOST_BASE": "origin/main", "TOKCOST_HEAD": clone.git("rev-parse", "feat"), "TOKCOST_CHECK": ""}
    source = f"file://{ours.path}@{pinned}"
    done = run_gitlab(clone.path, tmp_path / "home", TOKCOST_SOURCE=source, **said)
    assert done.returncode == 0, done.stderr
    assert "$7.00 list" in done.stdout
    assert "<html" in (clone.path / "tokcost.html").read_text()


@pytest.mark.slow
def test_nothing_is_installed_by_a_name_that_anybody_can_register() -> None:
    """`pip install tokcost` runs whatever somebody puts there; our packages come from a path or a pinned source."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    installs = re.compile(r"\b(?:pip3?|pipx|uv|uvx)\b[^\n]*\b(?:install|run|add|inject)\b[^\n]*")
    ours = re.compile(r"(?<![\w./$-])'?\"?tokcost(?:\[\w+\])?(?:[=<>~]=?[\w.]+)?'?\"?(?=$|[\s`'\"),;])")
    files = [ROOT / name for name in listed.split("\0") if name and not name.startswith("tests/")]
    found = [
        (file.name, command)
        for file in files
        if file.is_file() and file.suffix in (".md", ".yml", ".yaml", ".sh", ".py", ".ts", ".toml", ".json", "")
        for command in installs.findall(file.read_text(errors="replace"))
        if ours.search(command.partition("install")[2])
    ]
    assert found == []
    assert ours.search(" 'tokcost[html]'")
    assert ours.search(" tokcost==1.0")
    assert not ours.search(" ./tokcost")


def test_what_ci_installs_is_pinned_to_the_last_package() -> None:
    for name in ("run", "build", "html"):
        lines = (ROOT / f"requirements/{name}.txt").read_text().splitlines()
        assert [line for line in lines if not re.fullmatch(r"#.*|[\w.-]+==[\w.]+", line)] == []
    script = (ROOT / "ci/install.sh").read_text()
    assert "--no-build-isolation --no-deps" in script
    subprocess.run(["sh", "-n"], input=script, text=True, check=True)
