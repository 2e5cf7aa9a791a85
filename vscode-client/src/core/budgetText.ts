/** The words of setting a budget. */

import { dollars } from "./amounts";
import { inLabel } from "./plain";
import type { Budget, Scope, Status } from "./protocol";
import { t } from "./words";

export interface BudgetChoice {
  readonly label: string;
  readonly description: string;
  readonly scope: Scope;
  /** A branch that gets a budget of its own. */
  readonly branch?: string;
}

/** What can be limited here, and where it stands. */
export function budgetChoices(status: Status): BudgetChoice[] {
  const found = (scope: Scope): Budget | undefined => status.budgets?.find((one) => one.scope === scope);
  const made: BudgetChoice[] = [];
  const branch = found("branch");
  if (status.branch !== null) {
    const own = branch?.source === "branch" ? standing(branch) : t("no budget of its own");
    const every = branch?.source === "branch" ? "" : standing(branch);
    made.push({
      label: inLabel(t("Branch {0}", status.branch)),
      description: own,
      scope: "branch",
      branch: status.branch,
    });
    made.push({ label: t("Each branch"), description: every, scope: "branch" });
    made.push({ label: t("The next commit"), description: standing(found("commit")), scope: "commit" });
  }
  made.push({ label: t("A day in this repository"), description: standing(found("day")), scope: "day" });
  return made;
}

/** Why that is no amount; nothing when it is one. */
export function amountProblem(said: string): string | undefined {
  const text = said.trim();
  if (text === "" || text.toLowerCase() === "none") return undefined;
  if (!/^\$?(\d{1,9}(\.\d{1,9})?|\.\d{1,9})$/.test(text)) return t("An amount in US dollars, for example 20 or 7.50");
  return Number(text.replace("$", "")) > 0 ? undefined : t("A budget must be more than $0");
}

function standing(budget: Budget | undefined): string {
  if (budget?.limit == null) return t("no limit");
  const when = budget.block ? t("stops commits when over") : t("warns");
  const said = t("{0} of {1} list, {2}", budget.share || budget.amount, dollars(budget.limit), when);
  return budget.source === "repository" ? t("{0}, recommended by the repository", said) : said;
}
