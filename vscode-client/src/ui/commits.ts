/** Opening a commit: in the editor's own view of it where there is one, else as text. */

import * as vscode from "vscode";
import type { Status } from "../core/protocol";
import type { Session } from "../server/session";
import type { TextPages } from "./textPages";

/** A command of the Git extension, of newer editors: the changes of a commit, file by file. */
const VIEW_COMMIT = "git.viewCommit";

export async function openCommit(
  session: Session,
  pages: TextPages,
  { uri, repository }: Status,
  commit: string,
): Promise<void> {
  const isKnown = (await vscode.commands.getCommands(true)).includes(VIEW_COMMIT);
  if (isKnown && repository !== undefined && (await viewed(repository, commit))) return;
  const { text } = await session.command<{ text: string }>("commit", { uri, commit });
  await pages.show(commit.slice(0, 7), text, "diff");
}

async function viewed(repository: string, commit: string): Promise<boolean> {
  try {
    await vscode.commands.executeCommand(VIEW_COMMIT, vscode.Uri.file(repository), commit);
    return true;
  } catch {
    return false; // the Git extension does not have this repository open
  }
}
