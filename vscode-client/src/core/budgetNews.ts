/** When a budget is worth a notification, and its words. Pure: what was said before is told by the caller. */

import { dollars } from "./amounts";
import { visible } from "./plain";
import type { Budget, Status } from "./protocol";
import { t } from "./words";

export const OPEN_SUMMARY = t("Open Summary");
export const CHANGE_BUDGET = t("Change Budget");
export const NOT_TODAY = t("Not Again Today");

/** How much was said of a budget on a day: the higher of what it came to. */
export type Said = "near" | "over" | "silenced";

export interface BudgetNews {
  /** The budget, as it is remembered. */
  readonly key: string;
  readonly state: "near" | "over";
  readonly message: string;
}

/** What was said, by budget and day; days that have passed are forgotten. */
export type Memory = Readonly<Record<string, { readonly day: string; readonly said: Said }>>;

/** The budgets of a status that came near their limit or went over it, and were not told of today. `name` is that of the
 * repository, where more than one is open. */
export function budgetNews(status: Status, memory: Memory, day: string, name?: string): BudgetNews[] {
  if (status.state !== "ready" || status.stale) return [];
  return (status.budgets ?? []).flatMap((budget) => {
    const { state } = budget;
    if (state !== "near" && state !== "over") return [];
    const key = keyOf(status, budget);
    const before = memory[key]?.day === day ? memory[key].said : undefined;
    const isNew = before === undefined || (before === "near" && state === "over");
    return isNew ? [{ key, state, message: message(status, budget, name) }] : [];
  });
}

/** The memory with something added. */
export function remembering(memory: Memory, key: string, said: Said, day: string): Memory {
  const today = Object.entries(memory).filter(([, one]) => one.day === day);
  return { ...Object.fromEntries(today), [key]: { day, said } };
}

/** The day of the user's calendar, at which the budget of a day begins anew. */
export function dayOf(now: Date): string {
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${String(now.getFullYear())}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** A budget of each branch is another one on each branch. */
function keyOf(status: Status, { scope }: Budget): string {
  return [status.repository ?? status.uri, scope, scope === "day" ? "" : (status.branch ?? "")].join("\n");
}

const NEAR = {
  branch: t("near the branch budget"),
  commit: t("near the budget of the next commit"),
  day: t("near the budget of a day"),
} as const;
const OVER = {
  branch: t("over the branch budget"),
  commit: t("over the budget of the next commit"),
  day: t("over the budget of a day"),
} as const;

function message(status: Status, budget: Budget, name: string | undefined): string {
  const where = name ?? (status.repository ?? "").split("/").at(-1) ?? "";
  const of = budget.scope === "day" ? where : t("{0} in {1}", status.branch ?? t("detached HEAD"), where);
  const limit = dollars(budget.limit ?? "0");
  const means = (budget.state === "over" ? OVER : NEAR)[budget.scope];
  const stands = t("{0}: {1} of {2} list ({3}), {4}", of, budget.amount, limit, budget.share, means);
  const stops = budget.block && budget.state === "over";
  return visible(stops ? t("{0}; the next commit will be stopped.", stands) : `${stands}.`);
}
