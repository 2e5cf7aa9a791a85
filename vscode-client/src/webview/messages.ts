/** What the extension and the page of a branch tell each other. */

import { rowOf } from "../core/rows";
import { t } from "../core/words";
import type { Branch, BranchTable, Budget, Status, Why } from "../core/protocol";

/** Everything that the page shows. */
export interface PageModel {
  /** The version of the state that it is of, for tests alone. */
  readonly version: number;
  readonly repository: string;
  /** The branch that is shown; there may be no usage on it. */
  readonly name: string;
  readonly branch: Branch | undefined;
  /** What drove its list cost, where the server tells it. */
  readonly why: Why | undefined;
  readonly names: readonly string[];
  readonly current: string | null;
  /** Of the branch that is checked out alone. */
  readonly budgets: readonly Budget[];
  /** As it is written; empty where nothing was spent. */
  readonly today: string;
  /** Where no logs were found: what is read, and where it was looked for. */
  readonly noLogs: readonly string[];
  /** Whether cost lines and budgets of the clone count such responses. */
  readonly takesEstimates: boolean;
  readonly isStale: boolean;
}

/** Everything that the page of all branches shows. */
export interface TableModel extends BranchTable {
  readonly version: number;
  readonly repository: string;
  readonly current: string | null;
  readonly isStale: boolean;
}

/** The page of a state that has one; what is to be said where it has none. Nothing while the branch that somebody chose
 * is not in it yet. */
export function pageOf(status: Status | undefined, chosen: string | undefined): ToPage | undefined {
  if (status?.repository === undefined) return { type: "problem", text: t("No repository with figures is open here.") };
  if (chosen === ALL) {
    const { version, repository, branches, branch, stale } = status;
    if (branches == null) return undefined;
    return { type: "table", model: { ...branches, version, repository, current: branch, isStale: stale } };
  }
  const { page } = status;
  if (page == null || (chosen !== undefined && page.name !== chosen)) return undefined;
  return {
    type: "model",
    model: {
      version: status.version,
      repository: status.repository,
      name: page.name,
      branch: page.branch ?? undefined,
      why: page.why ?? undefined,
      names: page.names,
      current: status.branch,
      budgets: page.name === status.branch ? (status.budgets ?? []) : [],
      today: rowOf(status, "today"),
      noLogs: status.no_logs === true ? [rowOf(status, "logs"), rowOf(status, "looked_in")] : [],
      takesEstimates: page.takes_estimates,
      isStale: status.stale,
    },
  };
}

export type ToPage =
  | { readonly type: "model"; readonly model: PageModel }
  | { readonly type: "table"; readonly model: TableModel }
  | { readonly type: "problem"; readonly text: string };

/** Chosen in place of a branch: all of them. No branch has an empty name. */
export const ALL = "";

/** All that the page can have run. */
export const PAGE_COMMANDS = ["tokcost.previewLine", "tokcost.showReport"] as const;

export type PageCommand = (typeof PAGE_COMMANDS)[number];

export type FromPage =
  | { readonly type: "ready" }
  | { readonly type: "branch"; readonly name: string }
  | { readonly type: "command"; readonly command: PageCommand }
  /** Put what a session spent on no branch onto one. */
  | { readonly type: "assign"; readonly session: string }
  | { readonly type: "commit"; readonly commit: string };

const LONGEST_NAME = 4096;
const COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

export function isPageCommand(word: unknown): word is PageCommand {
  return PAGE_COMMANDS.some((one) => one === word);
}

/** A message of the page as what it says; undefined for everything that is none of ours. Nothing else of it is kept. */
export function fromPage(message: unknown): FromPage | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const { type, name, command, session, commit } = message as Readonly<Record<string, unknown>>;
  if (type === "ready") return { type };
  if (type === "assign" && isName(session) && session !== "") return { type, session };
  if (type === "commit" && typeof commit === "string" && COMMIT.test(commit)) return { type, commit };
  if (type === "branch" && isName(name)) return { type, name };
  if (type === "command" && isPageCommand(command)) return { type, command };
  return undefined;
}

function isName(word: unknown): word is string {
  return typeof word === "string" && word.length <= LONGEST_NAME;
}

/** What the editor kept of a page, as far as it is that. */
export function pageState(kept: unknown): PageState | undefined {
  if (typeof kept !== "object" || kept === null) return undefined;
  const { uri, branch, order } = kept as Readonly<Record<string, unknown>>;
  if (typeof uri !== "string") return undefined;
  const state = { uri, branch: typeof branch === "string" ? branch : undefined };
  const ordered = orderOf(order);
  return ordered === undefined ? state : { ...state, order: ordered };
}

/** What the page remembers when its window is closed. */
export interface PageState {
  readonly uri: string;
  /** Chosen by hand, `ALL` is all of them; without a choice the page follows HEAD. */
  readonly branch?: string | undefined;
  /** That of the rows of all branches. */
  readonly order?: Order;
}

export const COLUMNS = ["branch", "state", "cost", "pending", "tokens", "last"] as const;
export type Column = (typeof COLUMNS)[number];

/** By which column rows are sorted. */
export interface Order {
  readonly column: Column;
  readonly isDescending: boolean;
}

export function isColumn(word: unknown): word is Column {
  return COLUMNS.some((one) => one === word);
}

function orderOf(kept: unknown): Order | undefined {
  if (typeof kept !== "object" || kept === null) return undefined;
  const { column, isDescending } = kept as Readonly<Record<string, unknown>>;
  return isColumn(column) && typeof isDescending === "boolean" ? { column, isDescending } : undefined;
}
