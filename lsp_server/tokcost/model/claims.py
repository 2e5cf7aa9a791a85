"""Claims in the ledger: plain values."""

from typing import Literal, NamedTuple

Fate = Literal["", "withheld", "bound"]
"""The owner's decision: `withheld` usage stays here and is never published, `bound` usage belongs to a commit on
this machine only."""

Precision = Literal["coarse", "exact"]


class Claim(NamedTuple):
    """A claim: an append-only list of usage. A version is a length of that list."""

    id: int
    """Row id; newer claims have larger ids."""
    name: str
    """The published id: 12 characters."""
    version: int
    """The newest version; 0 before the first proposal."""
    fate: Fate = ""
    carried: int = 0
    """The newest version that a commit on any ref carries at present; 0 if none does."""
    ever_carried: int = 0
    """The newest version that any commit was ever seen to carry."""

    @property
    def is_lost(self) -> bool:
        """Whether no ref carries its newest version, so that it may be written again."""
        return self.fate == "" and self.version > 0 and self.carried < self.version


class Worth(NamedTuple):
    """The sum of the usage of a claim, or of other usage. Amounts are nano-dollars; models are ordered by cost,
    highest first."""

    list_cost: int
    tokens: int
    unpriced_tokens: int
    models: tuple[str, ...]
    classes: tuple[int, int, int, int, int, int] = (0, 0, 0, 0, 0, 0)
    """Tokens by class, in the order of `Tokens`."""
    has_estimates: bool = False
    """Whether some counts in it are known to be estimated; not always determined."""
    lower_bound: int = 0
    """The number of responses whose log records only a minimum of the output."""
    broken_off: int = 0
    """The number of responses whose stream broke."""


class Terms(NamedTuple):
    """The developer's terms of publication."""

    precision: Precision = "coarse"
    models: bool = True
    estimates: bool = False
    """Whether usage with estimated counts is published and counts against budgets."""


class Consent(NamedTuple):
    """The consent of one person in one clone."""

    enabled: bool = False
    """Whether lines are written."""
    decided: bool = False
    """Whether the developer ever decided here."""
    terms: Terms = Terms()
    problem: str = ""
    """The reason why nothing is written despite the consent; empty if there is none."""
    remedy: str = ""
    """The remedy; empty if there is nothing to do here."""
    is_unclear: bool = False
    """Whether `problem` is temporary: new usage waits until it is repaired."""
    is_anothers: bool = False
    """Whether lines are enabled here by other people, but not by this person."""

    @property
    def told(self) -> str:
        """The reason why nothing is written, and what to do about it; empty when all is well."""
        return f"{self.problem}. {self.remedy}" if self.remedy else self.problem


class Remembered(NamedTuple):
    """One version of a claim in a clone's journal."""

    claim: str
    version: int
    line: str
    """The line of the version; empty if it was never written."""
    keys: list[tuple[str, str]]
    """The usage added by this version: pairs of assistant and key."""
    withheld: bool = False

    @property
    def joins(self) -> bool:
        """Whether this is usage that joined a version after its publication."""
        return self.version > 0 and not self.line and not self.withheld
