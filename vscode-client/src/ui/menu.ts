/** The menu behind the figure. */

import * as vscode from "vscode";
import { menuEntries, menuTitle, type Entry } from "../core/menu";
import type { Session } from "../server/session";

type Item = vscode.QuickPickItem & { readonly entry: Entry };

export async function showMenu(session: Session): Promise<void> {
  const status = session.shown();
  const name = session.nameOf(status);
  const items = menuEntries(session.phase, status).map((entry): Item => ({
    entry,
    label: entry.label,
    ...(entry.description === undefined ? {} : { description: entry.description }),
    ...(entry.command === undefined ? { kind: vscode.QuickPickItemKind.Separator } : {}),
  }));
  const title = menuTitle(status, name);
  const picked = await vscode.window.showQuickPick(items, { title, matchOnDescription: true });
  if (picked?.entry.command === undefined) return;
  // What was offered is about this repository, also where another one is shown by now.
  await vscode.commands.executeCommand(picked.entry.command, status === undefined ? undefined : { uri: status.uri });
}
