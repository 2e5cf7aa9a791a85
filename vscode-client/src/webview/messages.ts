/** What the extension and the page of a branch tell each other. */

import type { Branch, Budget, Status, Why } from "../core/protocol";

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
  /** Whether cost lines and budgets of the clone take such replies. */
  readonly takesEstimates: boolean;
  readonly isStale: boolean;
}

/** The page of a state that has one; what is to be said where it has none. Nothing while the branch that somebody chose
 * is not in it yet. */
export function pageOf(status: Status | undefined, chosen: string | undefined): ToPage | undefined {
  if (status?.repository === undefined) return { type: "problem", text: "No repository with figures is open here." };
  const { page } = status;
  if (page == null || (chosen !== undefined && page.name !== chosen)) return undefined;
  const row = (label: string): string => status.tooltip.find((one) => one.label === label)?.value ?? "";
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
      today: row("Today"),
      noLogs: status.no_logs === true ? [row("Logs"), row("Looked in")] : [],
      takesEstimates: page.takes_estimates,
      isStale: status.stale,
    },
  };
}

export type ToPage =
  { readonly type: "model"; readonly model: PageModel } | { readonly type: "problem"; readonly text: string };

/** All that the page can have run. */
export const PAGE_COMMANDS = ["tokcost.previewLine", "tokcost.showReport"] as const;

export type PageCommand = (typeof PAGE_COMMANDS)[number];

export type FromPage =
  | { readonly type: "ready" }
  | { readonly type: "branch"; readonly name: string }
  | { readonly type: "command"; readonly command: PageCommand };

const LONGEST_NAME = 4096;

export function isPageCommand(word: unknown): word is PageCommand {
  return PAGE_COMMANDS.some((one) => one === word);
}

/** A message of the page as what it says; undefined for everything that is none of ours. Nothing else of it is kept. */
export function fromPage(message: unknown): FromPage | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const { type, name, command } = message as Readonly<Record<string, unknown>>;
  if (type === "ready") return { type };
  if (type === "branch" && typeof name === "string" && name.length <= LONGEST_NAME) return { type, name };
  if (type === "command" && isPageCommand(command)) return { type, command };
  return undefined;
}

/** What the editor kept of a page, as far as it is that. */
export function pageState(kept: unknown): PageState | undefined {
  if (typeof kept !== "object" || kept === null) return undefined;
  const { uri, branch } = kept as Readonly<Record<string, unknown>>;
  if (typeof uri !== "string") return undefined;
  return { uri, branch: typeof branch === "string" ? branch : undefined };
}

/** What the page remembers when its window is closed. */
export interface PageState {
  readonly uri: string;
  /** Chosen by hand; without a choice the page follows HEAD. */
  readonly branch?: string | undefined;
}
