/** What the extension and the page of a branch tell each other. */

import type { Branch, Budget } from "../core/protocol";

/** Everything that the page shows. */
export interface PageModel {
  readonly repository: string;
  /** The branch that is shown; there may be no usage on it. */
  readonly name: string;
  readonly branch: Branch | undefined;
  readonly names: readonly string[];
  readonly current: string | null;
  /** Of the branch that is checked out alone. */
  readonly budgets: readonly Budget[];
  readonly today: string | undefined;
  readonly isStale: boolean;
}

export type ToPage =
  { readonly type: "model"; readonly model: PageModel } | { readonly type: "problem"; readonly text: string };

export type FromPage =
  | { readonly type: "ready" }
  | { readonly type: "branch"; readonly name: string }
  | { readonly type: "command"; readonly command: "tokcost.previewLine" | "tokcost.showReport" };

/** What the page remembers when its window is closed. */
export interface PageState {
  readonly uri: string;
  /** Chosen by hand; without a choice the page follows HEAD. */
  readonly branch?: string | undefined;
}
