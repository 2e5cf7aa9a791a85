/** The words of assigning usage to a branch. */

import { dollars, fullCount } from "./amounts";
import { visible } from "./plain";

/** Answer to `tokcost.assign`. */
export interface Assigned {
  readonly usage: number;
  readonly tokens: number;
  readonly list_cost: string;
  readonly unpriced_tokens?: number;
}

export function assignQuestion(of: Assigned, branch: string): { message: string; detail: string; done: string } {
  const replies = of.usage === 1 ? "1 reply" : `${fullCount(of.usage)} replies`;
  const cost = Number(of.list_cost) === 0 ? "without a known price" : `${dollars(of.list_cost)} list`;
  const what = `${replies}, ${cost}, ${fullCount(of.tokens)} tokens`;
  return {
    message: `Assign ${replies} to ${visible(branch)}?`,
    detail: `${what}.\n\nYour word outweighs all other evidence from then on. You can assign it to another branch later.`,
    done: `${what}: assigned to ${branch}.`,
  };
}
