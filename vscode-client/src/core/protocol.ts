/** What the server says and is asked, as docs/editors.md describes it. A test compares the names with the server's. */

export const STATUS = "tokcost/status";
export const SUMMARY = "tokcost/summary";

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

export interface TooltipRow {
  readonly label: string;
  readonly value: string;
}

/** `tokcost/status`; without a repository only the first part is sent. */
export interface Status {
  readonly uri: string;
  readonly state: State;
  readonly stale: boolean;
  readonly problem: string;
  readonly branch: string | null;
  readonly text: string;
  readonly line: string;
  readonly tooltip: readonly TooltipRow[];
  readonly accessible: string;
  readonly repository?: string;
  readonly list_cost?: string;
  readonly pending?: string;
  readonly pending_tokens?: number;
  readonly today?: string;
  readonly tokens?: number;
  readonly unpriced_tokens?: number;
  readonly budget?: BudgetState;
  readonly cost_lines?: CostLines;
}
