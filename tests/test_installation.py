"""Commands that are shown fit the way in which tokcost was installed, and name it on no registry."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.claude_lines import iso
from support.git_sandbox import GitSandbox
from tokcost.installation import EXTENSION_RECORD, Installation, installation

ROOT = Path(__file__).parent.parent


def test_this_one_was_installed_from_this_checkout() -> None:
    found = installation()
    assert (found.source, found.editable) == (str(ROOT), True)
    assert found.upgrade.endswith(f"{sys.executable} -m pip install --upgrade --editable {ROOT}")
    assert found.uninstall == f"{sys.executable} -m pip uninstall tokcost"


@pytest.mark.parametrize(
    ("mark", "kind"),
    [("pipx_metadata.json", "pipx"), ("uv-receipt.toml", "uv"), (EXTENSION_RECORD, "extension"), ("pyvenv.cfg", "pip")],
)
def test_an_environment_says_who_made_it(tmp_path: Path, mark: str, kind: str) -> None:
    (tmp_path / mark).touch()
    assert installation(str(tmp_path)).kind == kind


def test_the_extension_leaves_that_record() -> None:
    text = (ROOT / "vscode-client/src/disk/environment.ts").read_text(encoding="utf-8")
    assert f'const RECORD = "{EXTENSION_RECORD}";' in text


@pytest.mark.parametrize(
    ("found", "upgrade", "uninstall", "adding"),
    [
        (
            Installation("pipx", "/src/it's", checkout="/src/it's"),
            """git -C '/src/it'"'"'s' pull && pipx install --force '/src/it'"'"'s'""",
            "pipx uninstall tokcost",
            "pipx inject tokcost 'zstandard>=0.23'",
        ),
        (
            Installation("uv", "git+https://example.org/t.git@abc"),
            "uv tool install --force git+https://example.org/t.git@abc",
            "uv tool uninstall tokcost",
            "uv tool install --force --with 'zstandard>=0.23' git+https://example.org/t.git@abc",
        ),
        (
            Installation("pip", "/wheels/tokcost-1.whl"),
            f"{sys.executable} -m pip install --upgrade /wheels/tokcost-1.whl",
            f"{sys.executable} -m pip uninstall tokcost",
            f"{sys.executable} -m pip install 'zstandard>=0.23'",
        ),
        (
            Installation("folder", "/src", folder="/opt/t"),
            f"{sys.executable} -m pip install --upgrade --target /opt/t /src",
            "delete what was installed into /opt/t",
            f"{sys.executable} -m pip install --target /opt/t 'zstandard>=0.23'",
        ),
    ],
)
def test_each_way_has_its_commands(found: Installation, upgrade: str, uninstall: str, adding: str) -> None:
    assert (found.upgrade, found.uninstall) == (upgrade, uninstall)
    assert found.adding(["zstandard>=0.23"]) == adding


def test_an_unknown_source_is_never_made_up() -> None:
    for kind in ("pipx", "uv", "pip", "folder"):
        assert "install tokcost" not in Installation(kind).upgrade


def test_a_compressed_log_says_what_is_missing_to_read_it(tmp_path: Path) -> None:
    import zstandard

    repo = GitSandbox(tmp_path / "repo")
    repo.commit()
    sessions = tmp_path / "home/.codex/sessions"
    sessions.mkdir(parents=True)
    line = f'{{"timestamp":"{iso(1_790_000_001_000)}","type":"session_meta","payload":{{"id":"x","cwd":"/"}}}}\n'
    (sessions / "rollout-x.jsonl.zst").write_bytes(zstandard.compress(line.encode()))
    shown: dict[str, str] = {}
    for name, code in (("with", ""), ("without", "sys.modules['zstandard'] = None; ")):
        environ = repo.environ | {"HOME": str(tmp_path / "home"), "TOKCOST_HOME": str(tmp_path / name)}
        program = f"import sys; {code}from tokcost.cli.start import main; main()"
        done = subprocess.run(
            [sys.executable, "-P", "-c", program, "log"],
            cwd=repo.path, env=environ | {"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        shown[name] = done.stdout
    assert "skipped" not in shown["with"]
    assert "rollout-x.jsonl.zst (compressed, and the package that reads it is not installed: " in shown["without"]
    assert f"{sys.executable} -m pip install 'zstandard>=0.23'" in shown["without"]
