"""Results of `doctor` and `hooks status`."""

from dataclasses import dataclass


@dataclass(slots=True)
class Check:
    """One line of the result: a subject, what was found, and what to do about a finding."""

    subject: str
    found: str
    finding: bool = False
    hint: str = ""
    short: str = ""
    """A shorter form of `found` if that is a long list; empty if it is not."""
