/** The words of assigning usage to a branch. */

import { dollars, fullCount } from "./amounts";
import { visible } from "./plain";
import { t } from "./words";

/** Answer to `tokcost.assign`. */
export interface Assigned {
  readonly usage: number;
  readonly tokens: number;
  readonly list_cost: string;
  readonly unpriced_tokens?: number;
}

export function assignQuestion(of: Assigned, branch: string): { message: string; detail: string; done: string } {
  const replies = of.usage === 1 ? t("1 reply") : t("{0} replies", fullCount(of.usage));
  const cost = Number(of.list_cost) === 0 ? t("without a known price") : t("{0} list", dollars(of.list_cost));
  const what = t("{0}, {1}, {2} tokens", replies, cost, fullCount(of.tokens));
  return {
    message: t("Assign {0} to {1}?", replies, visible(branch)),
    detail: `${what}.\n\n${t("Your word outweighs all other evidence from then on. You can assign it to another branch later.")}`,
    done: t("{0}: assigned to {1}.", what, branch),
  };
}
