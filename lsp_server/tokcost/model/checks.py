"""Answers of `doctor` and `hooks status`."""

from dataclasses import dataclass


@dataclass(slots=True)
class Check:
    """One line of the answer: a subject, what was found, and what to do when that is a finding."""

    subject: str
    found: str
    finding: bool = False
    hint: str = ""
    short: str = ""
    """The same as `found` in fewer words, where that is a long list; empty where it is none."""
