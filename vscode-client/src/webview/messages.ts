/** What the extension and the page of a branch tell each other. */

import type { Branch, Budget, Why } from "../core/protocol";

/** Everything that the page shows. */
export interface PageModel {
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
  readonly today: string | undefined;
  /** Replies since midnight whose counts no provider told. */
  readonly todayEstimated: number;
  /** Whether cost lines and budgets of the clone take such replies. */
  readonly takesEstimates: boolean;
  readonly isStale: boolean;
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
