/** What the server says and is asked, as docs/editors.md describes it. A test compares the names with the server's. */

export const STATUS = "tokcost/status";
export const FOLLOW = "tokcost/follow";

export type State = "ready" | "importing" | "no-repository" | "problem";
export type BudgetState = "none" | "ok" | "near" | "unpriced" | "over";

/** Whether cost lines go into commits of a clone, and into the next one of this worktree. */
export interface CostLines {
  readonly enabled: boolean;
  /** Why nothing is written although it was agreed to. */
  readonly problem: string;
  /** Whether the next commit was asked to carry none. */
  readonly omitted: boolean;
}

export type Scope = "branch" | "commit" | "day";

/** A limit on list cost, and where it stands. */
export interface Budget {
  readonly scope: Scope;
  readonly list_cost: string;
  /** The list cost as it is written, with all that it leaves open. */
  readonly amount: string;
  /** The part of the limit that it is, written so too; empty where nothing has a price, or there is no limit. */
  readonly share: string;
  /** Without a limit there is none, or it was taken away on purpose. */
  readonly limit: string | null;
  readonly percent: number | null;
  readonly state: BudgetState;
  readonly block: boolean;
  readonly source: "clone" | "branch" | "repository" | null;
}

export interface TooltipRow {
  /** What it is of, in no language. */
  readonly name: string;
  readonly label: string;
  readonly value: string;
}

/** The rows that something else than the tooltip shows. */
export type RowName = "branch" | "tokens" | "models" | "budget" | "pending" | "today" | "logs" | "looked_in";

/** `tokcost/status`; without a repository only the first part is sent. */
export interface Status {
  readonly uri: string;
  readonly state: State;
  readonly stale: boolean;
  /** Grows with every state of this folder: what is older than what is shown is passed over. */
  readonly version: number;
  readonly problem: string;
  readonly branch: string | null;
  readonly text: string;
  readonly line: string;
  readonly tooltip: readonly TooltipRow[];
  readonly accessible: string;
  readonly repository?: string;
  readonly list_cost?: string;
  readonly pending?: string;
  readonly today?: string;
  readonly tokens?: number;
  readonly unpriced_tokens?: number;
  readonly today_unpriced_tokens?: number;
  /** Responses whose counts no provider reported. */
  readonly estimated_counts?: number;
  readonly today_estimated_counts?: number;
  readonly budget?: BudgetState;
  readonly budgets?: readonly Budget[];
  readonly cost_lines?: CostLines;
  /** What a budget said at the newest commit, where it was made outside of a terminal. */
  readonly commit_said?: CommitSaid | null;
  /** What the next commit carries, as it is written; empty where that is nothing. */
  readonly pending_text?: string;
  readonly today_text?: string;
  /** Whether there is nothing that a figure could be of. */
  readonly no_logs?: boolean;
  readonly rule_state?: "none" | "near" | "unpriced" | "over";
  /** The lines of the next commit, where they are followed and lines are written here. */
  readonly next?: NextLines | null;
  /** The page of a branch, where one of this folder is followed. */
  readonly page?: BranchPage | null;
  /** All branches of this folder, where they are followed. */
  readonly branches?: BranchTable | null;
}

export interface CommitSaid {
  readonly stopped: boolean;
  readonly text: string;
  readonly time_ms: number;
}

/** What else shall come with the figures, in the same state. */
export interface Follow {
  readonly next: boolean;
  readonly page: { readonly uri: string; readonly branch: string | null } | null;
  /** The folder all whose branches are shown. */
  readonly branches: string | null;
}

export interface NextLines {
  /** As they would be written; none when nothing is pending. */
  readonly lines: readonly string[];
  /** The same with what they stand for. */
  readonly text: string;
}

export interface BranchPage {
  readonly name: string;
  readonly names: readonly string[];
  /** Nothing where nothing was spent on it. */
  readonly branch: Branch | null;
  readonly why: Why | null;
  /** Whether cost lines and budgets take what is estimated. */
  readonly takes_estimates: boolean;
}

/** All branches of a repository, and what is on none of them. */
export interface BranchTable {
  readonly rows: readonly TableRow[];
  readonly unplaced: readonly Unplaced[];
  readonly total: TableFigures;
  readonly conservation: Conservation;
}

export interface TableFigures {
  readonly usage: number;
  readonly tokens: number;
  readonly list_cost: string;
  /** The list cost as it is written, with all that it leaves open. */
  readonly amount: string;
  readonly estimated_counts: number;
  readonly first: string | null;
  readonly last: string | null;
}

export interface TableRow extends TableFigures {
  readonly branch: string;
  readonly current: boolean;
  readonly state: string;
  /** Empty where commits carry all of it. */
  readonly pending_amount: string;
  readonly pending_list_cost: string;
}

/** What one session spent on no branch. */
export interface Unplaced extends TableFigures {
  readonly session: string;
  readonly short_id: string;
  readonly assistant: string;
  /** Sentences: why it is on no branch. */
  readonly reasons: readonly string[];
  readonly directories: readonly string[];
}

/** Answer to `tokcost.preview`. */
export interface Preview {
  readonly branch: string | null;
  readonly enabled: boolean;
  readonly problem: string;
  readonly lines: readonly string[];
  readonly pending: { readonly tokens: number; readonly list_cost: string };
  readonly text: string;
  readonly consent_text: string;
}

/** What somebody would publish; left out: as before. */
export interface Terms {
  readonly precision?: "coarse" | "exact";
  readonly models?: boolean;
  readonly from_now?: boolean;
}

/** Figures of anything on a page. */
export interface Figures {
  /** The list cost as it is written, with all that it leaves open. */
  readonly amount: string;
  readonly usage: number;
  readonly tokens: Readonly<Record<TokenClass, number>> & { readonly reasoning: number; readonly total: number };
  readonly list_cost: string;
  readonly unpriced_tokens: number;
  readonly pending_list_cost: string;
  readonly pending_tokens: number;
  /** Responses whose counts no provider reported, and their part of the other fields. */
  readonly estimated_counts?: number;
  readonly estimated_counts_tokens?: number;
  readonly estimated_counts_list_cost?: string;
  readonly pending_estimated_tokens?: number;
  readonly first: string | null;
  readonly last: string | null;
}

export const TOKEN_CLASSES = ["input", "cache_read", "cache_write_5m", "cache_write_1h", "output"] as const;
export type TokenClass = (typeof TOKEN_CLASSES)[number];

export const PARTS = ["carried", "withheld", "bound", "pending", "unplaced"] as const;
export type Part = (typeof PARTS)[number];
export type Conservation = Readonly<Record<Part | "total", Sum>>;

export interface Sum {
  readonly tokens: number;
  readonly list_cost: string;
}

export interface Commit {
  readonly amount: string;
  readonly commit: string;
  readonly claims: readonly string[];
  readonly list_cost: string;
  readonly tokens: number;
  readonly unpriced_tokens: number;
  /** Whether a part of what it carries is estimated. */
  readonly has_estimates?: boolean;
  readonly published: boolean;
  readonly subject: string | null;
  readonly time: string | null;
}

export interface Model extends Figures {
  /** Its name without what does not tell it apart: maker, date. */
  readonly name: string;
}

export interface Split extends Figures {
  readonly assistants: Readonly<Record<string, Figures>>;
  readonly models: Readonly<Record<string, Model>>;
  readonly evidence: Readonly<Record<string, number>>;
}

export interface Branch extends Split {
  readonly branch: string;
  readonly current: boolean;
  readonly state: string;
  readonly commits: readonly Commit[];
  readonly conservation: Conservation;
  readonly days?: Readonly<Record<string, Figures>>;
  readonly sessions?: number;
  readonly pending_amount: string;
  readonly estimated_amount: string;
  readonly broken_off_amount: string;
  /** Its figures by what became of them; what is nothing is left out. */
  readonly parts: Readonly<Partial<Record<Part, Figures>>>;
  readonly lower_bound: number;
  readonly partial: { readonly usage: number };
}

/** What a part of a list cost comes to. */
export interface Driven {
  readonly list_cost: string;
  readonly tokens: number;
  readonly requests: number;
}

export interface DriverPart extends Driven {
  readonly driver: string;
}

export interface DriverShare extends Driven {
  readonly share: string;
}

export interface Finding {
  readonly of: string;
  readonly text: string;
}

/** What drove the list cost of one branch, as `tokcost why --json` tells it (docs/drivers.md). */
export interface Why {
  readonly list_cost: string;
  readonly tokens: number;
  readonly requests: number;
  readonly unpriced_tokens: number;
  readonly unpriced_requests: number;
  readonly lower_bound_requests: number;
  readonly amount: string;
  /** That of each driver, as it is written. */
  readonly amounts: Readonly<Record<string, string>>;
  /** All of them; they add up to `list_cost`. */
  readonly drivers: readonly DriverPart[];
  /** Parts across the drivers: they add up to nothing. */
  readonly shares: readonly DriverShare[];
  /** Sentences for what stands out, dearest first. */
  readonly findings: readonly Finding[];
}
