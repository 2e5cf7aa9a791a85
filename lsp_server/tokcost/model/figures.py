"""Sums of usage, and the rows `tokcost log` is made of."""

from dataclasses import dataclass, field
from typing import Literal

from tokcost.model.usage import NO_TOKENS, Tokens

BranchState = Literal["active", "merged", "deleted", "unmerged"]


@dataclass(slots=True)
class Figures:
    """A sum over usage. Amounts are nano-dollars at list price, times are milliseconds UTC."""

    usage: int = 0
    tokens: Tokens = NO_TOKENS
    list_cost: int = 0
    unpriced_tokens: int = 0
    """Tokens of usage whose model has no known price; they are in `tokens` and not in `list_cost`."""
    pending_tokens: int = 0
    pending_list_cost: int = 0
    """The part no claim holds yet."""
    partial: int = 0
    """Usage whose stream broke (kind `partial`); contained in the sums."""
    partial_tokens: int = 0
    partial_list_cost: int = 0
    unlogged: int = 0
    """Usage recovered from session totals (kind `unlogged`); contained in the sums."""
    unlogged_tokens: int = 0
    unlogged_list_cost: int = 0
    lower_bound: int = 0
    """Usage whose output count in the log is only a lower bound."""
    first_ms: int | None = None
    last_ms: int | None = None

    def add(self, other: "Figures") -> None:
        """Add another sum to this one."""
        self.tokens = self.tokens.plus(other.tokens)
        for name in _SUMMED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if other.first_ms is not None:
            self.first_ms = other.first_ms if self.first_ms is None else min(self.first_ms, other.first_ms)
        if other.last_ms is not None:
            self.last_ms = other.last_ms if self.last_ms is None else max(self.last_ms, other.last_ms)


_SUMMED = tuple(name for name in Figures.__annotations__ if name not in ("tokens", "first_ms", "last_ms"))


@dataclass(slots=True)
class Split:
    """Figures and the same figures by assistant, by model and by evidence (evidence counts usage)."""

    total: Figures = field(default_factory=Figures)
    assistants: dict[str, Figures] = field(default_factory=dict[str, Figures])
    models: dict[str, Figures] = field(default_factory=dict[str, Figures])
    evidence: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(slots=True)
class Conservation:
    """The sum that must close: total = carried + withheld + bound + pending + unplaced.

    Each part is a pair of tokens and nano-dollars.
    """

    total: tuple[int, int] = (0, 0)
    carried: tuple[int, int] = (0, 0)
    withheld: tuple[int, int] = (0, 0)
    bound: tuple[int, int] = (0, 0)
    pending: tuple[int, int] = (0, 0)
    unplaced: tuple[int, int] = (0, 0)

    @property
    def closes(self) -> bool:
        """Whether the parts add up to the total, to the last token and nano-dollar."""
        parts = (self.carried, self.withheld, self.bound, self.pending, self.unplaced)
        return self.total == (sum(p[0] for p in parts), sum(p[1] for p in parts))


@dataclass(slots=True)
class CommitRow:
    """A commit that carries claims with usage of one branch. Figures are of that usage alone, exact, in nano-dollars.

    A claim that several commits carry counts at one of them; the others are its `copies`.
    """

    commit: str
    claims: dict[str, int] = field(default_factory=dict[str, int])
    """Ids and the version of each that is carried."""
    list_cost: int = 0
    tokens: int = 0
    unpriced_tokens: int = 0
    published: bool = False
    """Whether its message says any of it; otherwise it is bound to the commit on this machine alone."""
    branch: str = ""
    """A branch that the commit is on (`main`, `origin/main`); empty where it is on none, or nobody asked."""
    copies: dict[str, str] = field(default_factory=dict[str, str])
    """Other commits that carry the same claims, each with a branch it is on."""
    subject: str = ""
    time_ms: int | None = None
    """When it was committed; filled, like the subject, where commits are listed."""


@dataclass(slots=True)
class BranchRow:
    """One branch of one repository in `tokcost log`."""

    branch: str
    current: bool
    state: BranchState
    split: Split
    days: dict[str, Figures] = field(default_factory=dict[str, Figures])
    """Figures by local calendar day (`2026-11-23`); filled where days were asked for."""
    sessions: int | None = None
    """Distinct sessions; filled for a single branch."""
    commits: list[CommitRow] = field(default_factory=list[CommitRow])
    """Newest first. Their list cost, with what is withheld and pending, adds up to the branch's."""
    parts: Conservation = field(default_factory=Conservation)
    """What became of its usage."""
    lost: tuple[int, int] = (0, 0)
    """Tokens and nano-dollars that a commit carried and none carries any more; contained in what is pending."""
    carried_on: tuple[str, ...] = ()
    """Other branches that carry what this one spent: the default branch where it carries all of it."""
    squashed: bool = False
    """Whether fewer commits of the default branch carry what several commits of this one carried."""


@dataclass(slots=True)
class Skipped:
    """What could not be read: damaged records counted by reason, and files by name with the reason."""

    records: dict[str, int] = field(default_factory=dict[str, int])
    files: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


@dataclass(slots=True)
class Summary:
    """Everything `tokcost log` shows of one repository."""

    repository: str
    """Path of the repository's root (its main worktree)."""
    branches: list[BranchRow]
    """Most recently used first, the current branch marked; a branch without usage appears only when it is current."""
    unplaced: Split
    """Usage in this repository on no known branch."""
    totals: Split
    conservation: Conservation
    skipped: Skipped
    looked_in: list[str] = field(default_factory=list[str])
    """Folders in which assistants' logs were looked for."""
    notes: list[str] = field(default_factory=list[str])
    """Sentences for the reader: degraded evidence (no reflog), a ledger rebuilt, and so on."""
