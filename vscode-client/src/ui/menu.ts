/** The menu behind the figure. */

import * as vscode from "vscode";
import { menuEntries, type Entry } from "../core/menu";
import { visible } from "../core/plain";
import type { Session } from "../server/session";

type Item = vscode.QuickPickItem & { readonly entry: Entry };

export async function showMenu(session: Session): Promise<void> {
  const status = session.shown();
  const items = menuEntries(session.phase, status).map((entry): Item => ({
    entry,
    label: entry.label,
    ...(entry.description === undefined ? {} : { description: entry.description }),
    ...(entry.command === undefined ? { kind: vscode.QuickPickItemKind.Separator } : {}),
  }));
  const title = status?.branch == null ? "tokcost" : `tokcost: ${visible(status.branch)}`;
  const picked = await vscode.window.showQuickPick(items, { title, matchOnDescription: true });
  if (picked?.entry.command !== undefined) await vscode.commands.executeCommand(picked.entry.command);
}
