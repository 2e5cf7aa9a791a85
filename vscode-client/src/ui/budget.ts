/** Sets a budget in three questions. */

import * as vscode from "vscode";
import { amountProblem, budgetChoices } from "../core/budgetText";
import { inNotification } from "../core/plain";
import type { Status } from "../core/protocol";
import type { Session } from "../server/session";

const TITLE = vscode.l10n.t("Budget at list cost");

export async function askBudget(session: Session, status: Status): Promise<void> {
  const placeHolder = vscode.l10n.t("What do you want to limit in this clone?");
  const choice = await vscode.window.showQuickPick(budgetChoices(status), { title: TITLE, placeHolder });
  if (choice === undefined) return;
  const amount = await vscode.window.showInputBox({
    title: `${TITLE}: ${choice.label}`,
    prompt: vscode.l10n.t("US dollars, for example 20. 'none' means no limit; empty removes this budget."),
    validateInput: amountProblem,
  });
  if (amount === undefined) return;
  const { scope, branch } = choice;
  const named = { uri: status.uri, scope, ...(branch === undefined ? {} : { branch }) };
  const limit = amount.trim();
  if (limit === "") {
    await tell(session, named);
    return;
  }
  const block = limit.toLowerCase() === "none" ? false : await askBlock();
  if (block !== undefined) await tell(session, { ...named, amount: limit, block });
}

async function askBlock(): Promise<boolean | undefined> {
  const picked = await vscode.window.showQuickPick(
    [
      { label: vscode.l10n.t("Warn at a commit"), block: false },
      { label: vscode.l10n.t("Stop the commit"), block: true },
    ],
    {
      title: vscode.l10n.t("{0}: when it is over", TITLE),
      placeHolder: vscode.l10n.t("Either way tokcost's git hooks are installed in this clone."),
    },
  );
  return picked?.block;
}

async function tell(session: Session, wish: object): Promise<void> {
  const done = await session.command<{ text: string; hooks_text: string }>("budget", wish);
  if (done.hooks_text === "") void vscode.window.showInformationMessage(inNotification(`tokcost: ${done.text}`));
  else void vscode.window.showWarningMessage(inNotification(`tokcost: ${done.text} ${done.hooks_text}`));
}
