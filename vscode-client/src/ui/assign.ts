/** Putting what a session spent on no branch onto one: which, what that moves, and only then doing it. */

import * as vscode from "vscode";
import { assignQuestion, type Assigned } from "../core/assignText";
import { inLabel, inNotification } from "../core/plain";
import type { Status } from "../core/protocol";
import type { Session } from "../server/session";

const ASSIGN = vscode.l10n.t("Assign");

/** Ask for the branch, show what would move, and have it moved by somebody who agrees. */
export async function assign(session: Session, { uri, branch }: Status, from: string): Promise<void> {
  const { branches } = await session.command<{ branches: readonly string[] }>("branches", { uri });
  const items = branches.map((name) => ({
    label: inLabel(name),
    name,
    ...(name === branch ? { description: vscode.l10n.t("checked out") } : {}),
  }));
  const title = vscode.l10n.t("Assign usage to a branch");
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: vscode.l10n.t("Which branch does it belong to?"),
  });
  if (picked === undefined) return;
  const wanted = { uri, branch: picked.name, unplaced: true, session: from };
  const would = await session.command<Assigned>("assign", { ...wanted, dry_run: true });
  const { message, detail } = assignQuestion(would, picked.name);
  const agreed = await vscode.window.showInformationMessage(message, { modal: true, detail }, ASSIGN);
  if (agreed !== ASSIGN) return;
  const done = await session.command<Assigned>("assign", wanted);
  const said = `tokcost: ${assignQuestion(done, picked.name).done}`;
  void vscode.window.showInformationMessage(inNotification(said));
}
