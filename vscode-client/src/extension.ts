/** Where the extension begins: sleeps until a folder lies in a git repository, then starts the server and shows. */

import * as vscode from "vscode";
import type { Status } from "./core/protocol";
import type { Phase } from "./core/statusText";
import { liesInRepository } from "./disk/repositories";
import { StatusBar } from "./ui/statusBar";

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("tokcost", { log: true });
  const bar = new StatusBar();
  const figures = new Map<string, Status>();
  let phase: Phase = "dormant";
  const show = (): void => {
    bar.show(phase, [...figures.values()][0]);
  };
  context.subscriptions.push(
    log,
    bar,
    vscode.commands.registerCommand("tokcost.showLog", () => {
      log.show();
    }),
    vscode.commands.registerCommand("tokcost.showMenu", () => {
      log.show();
    }),
  );
  const folders = vscode.workspace.workspaceFolders ?? [];
  const inside = await Promise.all(folders.map((folder) => liesInRepository(folder.uri.fsPath)));
  if (!inside.includes(true)) return;
  const { findServer } = await import("./server/finder");
  const found = await findServer("");
  if (found.kind !== "found") {
    phase = "missing";
    show();
    return;
  }
  phase = "starting";
  show();
  const { Connection } = await import("./server/connection");
  const connection = new Connection(found.launch, log, {
    told: (status) => {
      figures.set(status.uri, status);
      phase = "running";
      show();
    },
    gaveUp: () => {
      phase = "failed";
      show();
    },
  });
  context.subscriptions.push({ dispose: () => void connection.stop() });
  await connection.start();
}
