"""Results of `doctor` and `hooks status`."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Check:
    """One line of the result: a subject, what was found, and what to do about a finding."""

    subject: str
    found: str
    finding: bool = False
    hint: str = ""
    short: str = ""
    """A shorter form of `found` if that is a long list; empty if it is not."""


@dataclass(slots=True)
class Diagnosis:
    """All checks, by section."""

    parts: dict[str, list[Check]] = field(default_factory=dict[str, list[Check]])

    def add(self, part: str, *checks: Check) -> None:
        """Add checks to a section."""
        if checks:
            self.parts.setdefault(part, []).extend(checks)

    @property
    def findings(self) -> int:
        """The number of checks that found something wrong."""
        return sum(check.finding for checks in self.parts.values() for check in checks)
