/** The words of assigning usage to a branch. */

import { fullCount } from "./amounts";
import { visible } from "./plain";
import { t } from "./words";

/** Answer to `tokcost.assign`. */
export interface Assigned {
  readonly usage: number;
  readonly tokens: number;
  /** The list cost as it is written, with all that it leaves open. */
  readonly amount: string;
}

export function assignQuestion(of: Assigned, branch: string): { message: string; detail: string; done: string } {
  const responses = of.usage === 1 ? t("1 response") : t("{0} responses", fullCount(of.usage));
  const what = t("{0}, {1}, {2} tokens", responses, of.amount, fullCount(of.tokens));
  return {
    message: t("Assign {0} to {1}?", responses, visible(branch)),
    detail: `${what}.\n\n${t("From then on, what you say outweighs all other evidence. You can assign it to another branch later.")}`,
    done: t("{0}: assigned to {1}.", what, branch),
  };
}
