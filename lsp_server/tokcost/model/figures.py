"""Sums of usage, and the rows of `tokcost log`."""

from typing import TYPE_CHECKING, Literal, NamedTuple

from tokcost.model.periods import Period, period_of
from tokcost.model.usage import NO_TOKENS, Tokens

if TYPE_CHECKING:
    from tokcost.model.plans import Leverage

BranchState = Literal["active", "merged", "deleted", "unmerged"]


class Estimates(NamedTuple):
    """The estimated part of a sum, whose counts no provider reported. Amounts are nano-dollars."""

    usage: int = 0
    tokens: int = 0
    list_cost: int = 0
    unpriced_tokens: int = 0
    pending_tokens: int = 0
    """The part that no claim holds: it stays on this machine, unless the clone's owner asked for estimates."""
    pending_list_cost: int = 0
    pending_unpriced_tokens: int = 0

    def plus(self, other: "Estimates") -> "Estimates":
        """The sum of both."""
        if not self.usage:
            return other
        return Estimates(*map(sum, zip(self, other, strict=True))) if other.usage else self


NO_ESTIMATES = Estimates()


class Figures(NamedTuple):
    """A sum over usage. Amounts are nano-dollars at list price, times are milliseconds UTC."""

    usage: int = 0
    tokens: Tokens = NO_TOKENS
    list_cost: int = 0
    unpriced_tokens: int = 0
    """Tokens of usage whose model has no known price; included in `tokens`, not in `list_cost`."""
    pending_tokens: int = 0
    pending_list_cost: int = 0
    """The part that no claim holds yet."""
    partial: int = 0
    """Usage whose stream broke (kind `partial`); included in the sums."""
    partial_tokens: int = 0
    partial_list_cost: int = 0
    unlogged: int = 0
    """Usage recovered from session totals (kind `unlogged`); included in the sums."""
    unlogged_tokens: int = 0
    unlogged_list_cost: int = 0
    estimated: int = 0
    """Usage at the closest known price, because its service level or region has none; included in the sums."""
    estimated_tokens: int = 0
    estimated_list_cost: int = 0
    lower_bound: int = 0
    """Usage whose output count in the log is only a lower bound."""
    first_ms: int | None = None
    last_ms: int | None = None
    estimates: Estimates = NO_ESTIMATES
    """Included in the sums."""

    def plus(self, other: "Figures") -> "Figures":
        """The sum of both."""
        added = {name: getattr(self, name) + getattr(other, name) for name in _SUMMED}
        first = [one for one in (self.first_ms, other.first_ms) if one is not None]
        last = [one for one in (self.last_ms, other.last_ms) if one is not None]
        tokens = self.tokens.plus(other.tokens)
        return Figures(
            tokens=tokens,
            first_ms=min(first, default=None),
            last_ms=max(last, default=None),
            estimates=self.estimates.plus(other.estimates),
            **added,
        )


def by_period(days: dict[str, "Figures"], period: Period) -> dict[str, "Figures"]:
    """Figures by day, summed by week or month, in chronological order."""
    found: dict[str, Figures] = {}
    for day in sorted(days):
        name = period_of(day, period)
        found[name] = found.get(name, NO_FIGURES).plus(days[day])
    return found


_SUMMED = tuple(name for name in Figures._fields if name not in ("tokens", "first_ms", "last_ms", "estimates"))
NO_FIGURES = Figures()


class Split:
    """Figures in total, by assistant, by model and by evidence (which counts usage)."""

    def __init__(self, total: Figures = NO_FIGURES) -> None:
        self.total = total
        self.assistants: dict[str, Figures] = {}
        self.models: dict[str, Figures] = {}
        self.evidence: dict[str, int] = {}

    def add(self, figures: Figures, assistant: str, model: str, evidence: str) -> None:
        """Add the usage of one assistant and model, for one kind of evidence."""
        self.total = self.total.plus(figures)
        self.assistants[assistant] = self.assistants.get(assistant, NO_FIGURES).plus(figures)
        self.models[model] = self.models.get(model, NO_FIGURES).plus(figures)
        self.evidence[evidence] = self.evidence.get(evidence, 0) + figures.usage

    def take(self, other: "Split") -> None:
        """Add everything in another one."""
        self.total = self.total.plus(other.total)
        for mine, theirs in ((self.assistants, other.assistants), (self.models, other.models)):
            for name, figures in theirs.items():
                mine[name] = mine.get(name, NO_FIGURES).plus(figures)
        for name, count in other.evidence.items():
            self.evidence[name] = self.evidence.get(name, 0) + count


class Conservation(NamedTuple):
    """The sum that must close: total = carried + withheld + bound + pending + unplaced. Each part is a pair of
    tokens and nano-dollars."""

    total: tuple[int, int] = (0, 0)
    carried: tuple[int, int] = (0, 0)
    withheld: tuple[int, int] = (0, 0)
    bound: tuple[int, int] = (0, 0)
    pending: tuple[int, int] = (0, 0)
    unplaced: tuple[int, int] = (0, 0)

    def plus(self, other: "Conservation") -> "Conservation":
        """The sum of both, part by part."""
        return Conservation(*((a[0] + b[0], a[1] + b[1]) for a, b in zip(self, other, strict=True)))

    @property
    def closes(self) -> bool:
        """Whether the parts add up to the total, to the last token and nano-dollar."""
        parts = (self.carried, self.withheld, self.bound, self.pending, self.unplaced)
        return self.total == (sum(p[0] for p in parts), sum(p[1] for p in parts))


class CommitRow:
    """A commit that carries claims with usage of one branch.

    Figures cover that usage only; they are exact, in nano-dollars. A claim that several commits carry counts at one of
    them; the others are its `copies`.
    """

    def __init__(self, commit: str) -> None:
        self.commit = commit
        self.claims: dict[str, int] = {}
        """Ids, with the version that is carried."""
        self.list_cost = 0
        self.tokens = 0
        self.unpriced_tokens = 0
        self.has_estimates = False
        """Whether a claim that it carries holds usage with estimated counts."""
        self.lower_bound = 0
        """Usage whose output is only a lower bound; filled for the page of a single branch, like the next field."""
        self.broken_off = 0
        """Usage whose stream broke."""
        self.published = False
        """Whether its message carries any of it; otherwise it is bound to the commit on this machine only."""
        self.branch = ""
        """A branch that contains the commit (`main`, `origin/main`); empty if there is none, or it was not asked
        for."""
        self.copies: dict[str, str] = {}
        """Other commits that carry the same claims, each with a branch that contains it."""
        self.subject = ""
        self.time_ms: int | None = None
        """The time of the commit; like the subject, filled if commits are listed."""


class BranchRow:
    """One branch of one repository in `tokcost log`."""

    def __init__(self, branch: str, current: bool, state: BranchState, split: Split) -> None:
        self.branch = branch
        self.current = current
        self.state: BranchState = state
        self.split = split
        self.days: dict[str, Figures] = {}
        """Figures by local calendar day (`2026-11-23`); filled if days were asked for."""
        self.sessions: int | None = None
        """Distinct sessions; filled for a single branch."""
        self.commits: list[CommitRow] = []
        """Newest first. Their list cost adds up to the branch's, together with withheld and pending usage."""
        self.parts = Conservation()
        """The parts of its usage by the state of their claims."""
        self.lost: tuple[int, int] = (0, 0)
        """Tokens and nano-dollars that a commit carried and none carries any more; included in the pending part."""
        self.carried_on: tuple[str, ...] = ()
        """Other branches that carry this branch's usage: the default branch if it carries all of it."""
        self.squashed = False
        """Whether fewer commits of the default branch carry the usage of several commits of this one."""


class SessionRow:
    """One session of an assistant, with its usage in this repository."""

    def __init__(self, session: str, assistant: str) -> None:
        self.session = session
        """The session id, which never leaves this machine."""
        self.assistant = assistant
        self.short_id = session
        """The beginning of the id that is unambiguous in the ledger."""
        self.split = Split()
        self.branches: dict[str, Figures] = {}
        """Its usage by branch; unplaced usage is under the empty name."""


class Skipped(NamedTuple):
    """Records and files that could not be read: damaged records by reason, and files by name, each with its reason."""

    records: dict[str, int]
    files: list[tuple[str, str]]


class Summary:
    """Everything that `tokcost log` shows about one repository."""

    def __init__(self, repository: str) -> None:
        self.repository = repository
        """Path of the repository's root (its main worktree)."""
        self.branches: list[BranchRow] = []
        """Most recently used first, the current branch marked; a branch without usage appears only when it is
        current."""
        self.unplaced = Split()
        """Usage in this repository on no known branch."""
        self.unplaced_days: dict[str, Figures] = {}
        """That usage by local calendar day; filled if days were asked for."""
        self.sessions: list[SessionRow] = []
        """Most recently used first; filled if sessions were asked for."""
        self.totals = Split()
        self.conservation = Conservation()
        self.takes_estimates = False
        """Whether commits here carry usage with estimated counts."""
        self.skipped = Skipped({}, [])
        self.looked_in: list[str] = []
        """Folders in which assistants' logs were looked for."""
        self.plans: list[Leverage] = []
        """The user's plans beside the list cost of the usage they cover, in all repositories; part of no figure."""
        self.notes: list[str] = []
        """Sentences for the user: weaker evidence (no reflog), a rebuilt ledger, and so on."""
