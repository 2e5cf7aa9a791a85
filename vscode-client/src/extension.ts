/** Where the extension begins: it sleeps until a folder lies in a git repository, and loads the rest only then. */

import "./server/language"; // first: the words of all others are made as they load
import * as vscode from "vscode";
import { liesInRepository } from "./disk/repositories";
import { Setup } from "./server/setup";
import { Session } from "./server/session";
import { BudgetNotices } from "./ui/budgetNotices";
import { assign } from "./ui/assign";
import { openCommit } from "./ui/commits";
import { CostLines } from "./ui/costLines";
import { openWalkthrough, registerCommands } from "./ui/commands";
import { publishing } from "./core/folders";
import { repositoryRoots, watchRepositories } from "./server/git";
import { NextCommitView } from "./ui/nextCommitView";
import { StatusBar } from "./ui/statusBar";
import { SummaryPanels } from "./ui/summaryPanel";
import { TextPages } from "./ui/textPages";

const GREETED = "greeted";

export function activate(context: vscode.ExtensionContext): void {
  const began = performance.now();
  const log = vscode.window.createOutputChannel("tokcost", { log: true });
  const setup = new Setup(context, log);
  const session = new Session(setup, log);
  const pages = new TextPages();
  const lines = new CostLines(session, pages);
  const panels = new SummaryPanels(session, context.extensionUri, {
    assign: (status, from) => assign(session, status, from),
    openCommit: (status, commit) => openCommit(session, pages, status, commit),
  });
  const bar = new StatusBar();
  const view = new NextCommitView(session, lines);
  const notices = new BudgetNotices(session, context.globalState);
  const show = (): void => {
    const shown = session.shown();
    bar.show(session.phase, shown, session.nameOf(shown));
    tellMenus(session);
  };
  const commands = registerCommands({ session, setup, lines, panels, pages, log });
  context.subscriptions.push(log, session, pages, panels, bar, view, notices, commands);
  context.subscriptions.push(session.changed(show), vscode.window.onDidChangeActiveTextEditor(show));
  follow(context, session, show);
  log.info(`activated in ${(performance.now() - began).toFixed(1)} ms`);
}

/** Wake as soon as there is a repository, and start again when a setting says where the server is. */
function follow(context: vscode.ExtensionContext, session: Session, show: () => void): void {
  const wake = (): void => {
    wakeUp(context, session).catch((error: unknown) => {
      session.note("waking up", error);
    });
  };
  context.subscriptions.push(
    vscode.workspace.onDidChangeWorkspaceFolders(wake),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("tokcost.statusBar")) show();
      // A dormant session reads the setting when it wakes up.
      if (event.affectsConfiguration("tokcost.serverPath") && session.phase !== "dormant") void session.restart();
    }),
  );
  wake();
  watchRepositories(() => {
    wake();
    show();
    session.followRepositories().catch((error: unknown) => {
      session.note("following repositories", error);
    });
  }).then(
    (watch) => context.subscriptions.push(watch),
    (error: unknown) => {
      session.note("the Git extension", error);
    },
  );
}

async function wakeUp(context: vscode.ExtensionContext, session: Session): Promise<void> {
  if (session.phase !== "dormant") return;
  // Folders of virtual file systems have no git on this disk.
  const folders = (vscode.workspace.workspaceFolders ?? []).filter((folder) => folder.uri.scheme === "file");
  const inside = await Promise.all(folders.map((folder) => liesInRepository(folder.uri.fsPath)));
  // `liesInRepository` looks only upwards; the Git extension also finds repositories below a folder.
  if (!inside.includes(true) && repositoryRoots().length === 0) return;
  if (context.globalState.get(GREETED) !== true) {
    await context.globalState.update(GREETED, true);
    await openWalkthrough(); // before the server starts: its steps follow what happens from now on
  }
  await session.start();
}

/** What the `when` clauses of package.json ask. */
function tellMenus(session: Session): void {
  const lines = session.shown()?.cost_lines;
  const running = session.phase === "running";
  const roots = publishing(running ? session.inRepositories() : [], repositoryRoots());
  const said = {
    "tokcost.carrying": roots.on,
    "tokcost.omitting": roots.omitted,
    "tokcost.running": session.phase === "running",
    "tokcost.linesOn": session.phase === "running" && lines?.enabled === true,
    "tokcost.omitted": lines?.omitted === true,
    "tokcost.hasFigure": running && session.inRepositories().some((one) => (one.tokens ?? 0) > 0),
  };
  for (const [key, value] of Object.entries(said)) void vscode.commands.executeCommand("setContext", key, value);
}
