"""Makes the demo's bundled logs from the samples: `PYTHONPATH=tests python -m support.make_demo_data`.

Kept are the lines that tell spending, with their numbers untouched. Changed are what would give the scratch folder
away or make two runs look like one: paths, branch names, and the ids the recording server gave to every run alike.
"""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from support.samples import unpack

TARGET = Path(__file__).parent.parent.parent / "lsp_server/tokcost/demo/data"

STORY = {
    "1-codex-login": ("codex-0.44.0/S2-tools", {"feat/a": "feat/login"}),
    "2-claude-subagent": ("claude-2.1.330/S8-subagent", {"feat/a": "feat/login", "feat/b": "fix/timeout"}),
    "3-codex-timeout": ("codex-0.169.0/S2-tools", {"feat/a": "fix/timeout"}),
    "4-claude-readme": ("claude-2.1.330/S2-tools", {"feat/a": "main"}),
    "5-claude-main": ("claude-2.1.330/S1-single", {"feat/a": "main"}),
}
KEPT = {"assistant", "cost-state", "session_meta", "turn_context", "token_usage_record", "event_msg"}
DROPPED_FIELDS = {"base_instructions", "instructions", "user_instructions", "permission_profile", "sandbox_policy"}


def main() -> None:
    """Write one file for each log of each scenario."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, (sample, branches) in STORY.items():
            unpacked = unpack(sample, Path(scratch))
            for log in sorted(unpacked.home.rglob("*.jsonl")):
                relative = log.relative_to(unpacked.home).as_posix()
                text = "".join(kept(raw, branches) for raw in log.read_text().splitlines())
                text = text.replace(str(unpacked.repo), "{repo}")
                text = re.sub(r"(msg|req|resp|toolu)_mock", rf"\g<1>_demo{name[0]}_", text)
                relative = re.sub(r"projects/[^/]+/", "projects/{slug}/", relative)
                target = TARGET / name / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)


def kept(raw: str, branches: dict[str, str]) -> str:
    """The line as it is bundled; empty when it tells nothing of spending."""
    line: dict[str, Any] = json.loads(raw)
    if line.get("type") not in KEPT:
        return ""
    payload: dict[str, Any] = line.get("payload") or {}
    if payload:
        if line["type"] == "event_msg" and payload.get("type") != "token_count":
            return ""
        for field in DROPPED_FIELDS & payload.keys():
            del payload[field]
        if payload.get("git"):
            payload["git"] = {"branch": branches[payload["git"]["branch"]]}
    if "gitBranch" in line:
        line["gitBranch"] = branches[line["gitBranch"]]
    return json.dumps(line, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    main()
