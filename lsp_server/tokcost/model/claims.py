"""Claims as the ledger knows them: plain values."""

from typing import Literal, NamedTuple

Fate = Literal["", "withheld", "bound"]
"""The decision of its owner: `withheld` is kept here and never published, `bound` belongs to a commit here alone."""

Precision = Literal["coarse", "exact"]


class Claim(NamedTuple):
    """An append-only list of usage; a version is a length of that list."""

    id: int
    """Row id; larger is newer."""
    name: str
    """The published id: 12 characters."""
    version: int
    """The newest version; 0 before the first was proposed."""
    fate: Fate = ""
    carried: int = 0
    """The newest version that a commit carries, now, on any ref; 0 when none does."""
    ever_carried: int = 0
    """The newest version any commit was ever seen to carry."""

    @property
    def is_lost(self) -> bool:
        """Whether its newest version is on no ref, and may be written again."""
        return self.fate == "" and self.version > 0 and self.carried < self.version


class Worth(NamedTuple):
    """The sum of the usage of a claim, or of other usage. Amounts in nano-dollars, models most expensive first."""

    list_cost: int
    tokens: int
    unpriced_tokens: int
    models: tuple[str, ...]
    classes: tuple[int, int, int, int, int, int] = (0, 0, 0, 0, 0, 0)
    """Tokens by class, in the order of `Tokens`."""
    has_estimates: bool = False
    """Whether counts in it are known to be estimated; not asked everywhere."""
    lower_bound: int = 0
    """The number of responses whose output the log tells only the least of."""
    broken_off: int = 0
    """The number of responses whose stream broke."""


class Terms(NamedTuple):
    """The terms that the developer agreed to publish under."""

    precision: Precision = "coarse"
    models: bool = True
    estimates: bool = False
    """Whether usage whose counts are estimated is published and counts against budgets."""


class Consent(NamedTuple):
    """The consent of one person in one clone."""

    enabled: bool = False
    """Whether lines are written."""
    decided: bool = False
    """Whether the developer ever said yes or no here."""
    terms: Terms = Terms()
    problem: str = ""
    """The reason why nothing is written although it was agreed to; empty when all is well."""
    is_unclear: bool = False
    """Whether that is only so until something is repaired: what is spent meanwhile waits."""
    is_anothers: bool = False
    """Whether lines are on here, but this person has not agreed to them in this clone."""


class Remembered(NamedTuple):
    """One version of a claim as the journal of a clone remembers it."""

    claim: str
    version: int
    line: str
    """The line of the version; empty when it was never written."""
    keys: list[tuple[str, str]]
    """The usage that came into this version: pairs of assistant and key."""
    withheld: bool = False

    @property
    def joins(self) -> bool:
        """Whether this is usage that came into a version after that was said."""
        return self.version > 0 and not self.line and not self.withheld
