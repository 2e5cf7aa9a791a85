"""A repository in which Claude Code worked, request by request, at times and with counts of a test's own."""

from pathlib import Path
from typing import Any

from support.claude_lines import append, assistant, counts
from support.git_sandbox import T0
from support.hooked import Hooked
from tokcost.model.drivers import DRIVERS, Explanation
from tokcost.services.explain_cost import WhyOptions, explain_cost
from tokcost.services.refresh import refresh

MINUTE = 60_000


class Worked:
    """Requests of claude-sonnet-4-5, which costs 3,000 nano-dollars for a token of input, 300 read from a cache, 3,750
    and 6,000 written to one, and 15,000 of output, unless a test says otherwise."""

    def __init__(self, folder: Path) -> None:
        self.repo = Hooked(folder, enabled=False, rooted=True)
        self.now_ms: int = (T0 + 2) * 1000
        self.projects = self.repo.home / ".claude" / "projects" / "repo"
        self._number = 0

    def request(
        self,
        after_minutes: float = 0.5,
        *,
        read: int = 0,
        write: int = 0,
        write_1h: int = 0,
        input: int = 0,
        output: int = 0,
        session: str = "session-1",
        file: str = "",
        **more: Any,
    ) -> None:
        """One response, so long after the one before."""
        self.now_ms += round(after_minutes * MINUTE)
        self._number += 1
        usage = counts(input, read, write, write_1h, output, **more.pop("counts", {}))
        line = assistant(f"msg_{self._number}", f"req_{self._number}", self.now_ms, usage=usage, **more)
        place = {"cwd": str(self.repo.path), "gitBranch": "", "sessionId": session}
        self.write(line | place, file or f"{session}.jsonl")

    def write(self, line: dict[str, Any], file: str) -> None:
        """A line of a log."""
        path = self.projects / file
        path.parent.mkdir(parents=True, exist_ok=True)
        append(path, line)

    def explain(self, **options: Any) -> Explanation:
        """The answer of `tokcost why`; it closes, whatever was asked."""
        refresh(self.repo.ledger_home, self.repo.environ)
        found = explain_cost(self.repo.ledger_home, self.repo.path, WhyOptions(**options)).explanation
        assert found.closes
        return found

    def costs(self, **options: Any) -> dict[str, int]:
        """Nano-dollars by driver, of those that cost something."""
        found = self.explain(**options)
        return {driver: found.drivers[driver].list_cost for driver in DRIVERS if found.drivers[driver].list_cost}

    def tokens(self, **options: Any) -> dict[str, int]:
        """Tokens by driver, of those that have some."""
        found = self.explain(**options)
        return {driver: found.drivers[driver].tokens for driver in DRIVERS if found.drivers[driver].tokens}
