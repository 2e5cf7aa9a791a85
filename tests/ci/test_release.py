"""What a release is made with: one version everywhere, notes from the changelog, workflows that pin what they run."""

import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

import tokcost

ROOT = Path(__file__).parent.parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
NOTES = """# Changelog

## Unreleased

- Later.

## 0.9.0 (2026-12-01)

- A first line.
- A second.

## 0.8.0

- Old.
"""


def tree(folder: Path, version: str, changelog: str = NOTES) -> Path:
    """The files that say a version, as they are here but for the version and the changelogs."""
    for name in (".ci/version.py", "lsp_server/tokcost/__init__.py", "vscode-client/package.json",
                 "vscode-client/package-lock.json"):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    init = folder / "lsp_server/tokcost/__init__.py"
    init.write_text(init.read_text().replace(tokcost.__version__, version))
    for name in ("package.json", "package-lock.json"):
        path = folder / "vscode-client" / name
        path.write_text(json.dumps(json.loads(path.read_text()) | {"version": version}))
    for name in ("CHANGELOG.md", "vscode-client/CHANGELOG.md"):
        (folder / name).write_text(changelog)
    return folder


def asked(folder: Path, version: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(folder / ".ci/version.py"), version]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_the_notes_of_a_release_are_its_section_of_the_changelog(tmp_path: Path) -> None:
    done = asked(tree(tmp_path, "0.9.0"), "0.9.0")
    assert (done.returncode, done.stdout) == (0, "- A first line.\n- A second.\n")


def test_a_tag_that_a_file_contradicts_is_no_release(tmp_path: Path) -> None:
    done = asked(tree(tmp_path, "0.8.0"), "0.9.0")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "lsp_server/tokcost/__init__.py says 0.8.0, the tag 0.9.0.",
        "vscode-client/package.json says 0.8.0, the tag 0.9.0.",
        "vscode-client/package-lock.json says 0.8.0, the tag 0.9.0.",
    ]


@pytest.mark.parametrize(
    "changelog", ["# Changelog\n\n## 0.9.01\n\n- Other.\n", "# Changelog\n\n## 0.9.0\n\n## 0.8.0\n\n- Old.\n"]
)
def test_a_version_without_a_word_in_the_changelog_is_no_release(changelog: str, tmp_path: Path) -> None:
    done = asked(tree(tmp_path, "0.9.0", changelog), "0.9.0")
    assert done.returncode == 1
    assert "CHANGELOG.md has no section for 0.9.0." in done.stderr


def test_all_places_say_the_same_version_now() -> None:
    client = json.loads((ROOT / "vscode-client/package.json").read_text())
    lock = json.loads((ROOT / "vscode-client/package-lock.json").read_text())
    assert {client["version"], lock["version"]} == {tokcost.__version__}


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=[path.name for path in WORKFLOWS])
def test_a_workflow_runs_nothing_that_can_change_overnight(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", name)] == []
    assert workflow["permissions"] == {"contents": "read"}  # a job that needs more says so itself
    runners = {job["runs-on"] for job in workflow["jobs"].values()}
    assert all(not name.endswith("latest") for name in runners)


@pytest.mark.parametrize("path", WORKFLOWS, ids=[path.name for path in WORKFLOWS])
def test_what_a_workflow_runs_of_ours_is_there(path: Path) -> None:
    words = " ".join(step.get("run", "") for step in steps(yaml.safe_load(path.read_text())))
    scripts = re.findall(r"\.ci/[\w.]+", words)
    assert all((ROOT / name).exists() for name in scripts)
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}:" in makefile for target in re.findall(r"make (\w+)", words))


def test_no_text_of_a_pull_request_reaches_a_shell() -> None:
    """`${{ github.event.… }}` in a command is text that a stranger wrote; it goes through the environment."""
    for path in WORKFLOWS:
        for step in steps(yaml.safe_load(path.read_text())):
            assert "${{" not in step.get("run", ""), step


def test_only_the_publishing_jobs_hold_a_secret() -> None:
    release = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    holding = {name for name, job in release["jobs"].items() if "secrets." in json.dumps(job)}
    assert holding == {"galleries"}
    assert {name for name, job in release["jobs"].items() if "environment" in job} == {"pypi", "galleries"}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm here")
def test_everything_of_a_release_is_built_from_a_clone(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    version = tokcost.__version__
    for name in ("CHANGELOG.md", "vscode-client/CHANGELOG.md"):
        text = (clone / name).read_text()
        (clone / name).write_text(text.replace("## Unreleased", f"## {version}", 1))
    words = ["sh", ".ci/build.sh", f"v{version}", "--pre-release"]
    env_url = "https://github.com/somebody/tokcost"
    done = subprocess.run(
        ["env", f"REPOSITORY_URL={env_url}", *words], cwd=clone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    out = clone / "build/release"
    assert {path.suffix for path in out.iterdir()} == {".whl", ".gz", ".json", ".vsix", ".md"}
    with tarfile.open(next(out.glob("*.tar.gz"))) as source:
        names = {name.partition("/")[2] for name in source.getnames()}
    assert {"LICENSE", "README.md", "CHANGELOG.md", "lsp_server/tokcost/__init__.py"} <= names
    bill = json.loads(next(out.glob("*.cyclonedx.json")).read_text())
    assert {"pygls", "click"} <= {part["name"] for part in bill["components"]}
    with zipfile.ZipFile(out / "tokcost.vsix") as package:
        manifest = package.read("extension.vsixmanifest").decode()
        page = package.read("extension/readme.md").decode()
    assert 'Id="Microsoft.VisualStudio.Code.PreRelease" Value="true"' in manifest
    assert f"({env_url}/raw/v{version}/vscode-client/media/figure-dark.png)" in page
