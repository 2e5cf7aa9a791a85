/** Everything a user can start, by the ids of package.json. They differ from the server's own commands, which
 * vscode-languageclient registers under their names. */

import * as vscode from "vscode";
import type { Status } from "../core/protocol";
import { tellRefused } from "../server/problems";
import type { Session } from "../server/session";
import type { Setup } from "../server/setup";
import { ALL } from "../webview/messages";
import { askBudget } from "./budget";
import type { CostLines } from "./costLines";
import { showMenu } from "./menu";
import type { SummaryPanels } from "./summaryPanel";
import type { TextPages } from "./textPages";

export interface Parts {
  readonly session: Session;
  readonly setup: Setup;
  readonly lines: CostLines;
  readonly panels: SummaryPanels;
  readonly pages: TextPages;
  readonly log: vscode.LogOutputChannel;
}

type Action = (argument: unknown) => unknown;

export function registerCommands(parts: Parts): vscode.Disposable {
  const actions = { ...ofExtension(parts), ...ofRepository(parts) };
  const registered = Object.entries(actions).map(([name, action]) =>
    vscode.commands.registerCommand(`tokcost.${name}`, async (argument: unknown) => {
      try {
        await action(argument);
      } catch (error) {
        await tellRefused(error);
      }
    }),
  );
  return vscode.Disposable.from(...registered);
}

function ofExtension({ session, setup, log }: Parts): Record<string, Action> {
  return {
    showMenu: () => showMenu(session),
    showLog: () => {
      log.show();
    },
    openSettings: () => vscode.commands.executeCommand("workbench.action.openSettings", "@ext:tokcost.tokcost"),
    openWalkthrough,
    restartServer: () => session.restart(),
    setUpServer: () => setUp(session, setup),
  };
}

/** Commands about the repository that is named, or that the user looks at. */
function ofRepository({ session, lines, panels, pages }: Parts): Record<string, Action> {
  const of = (action: (status: Status) => unknown): Action => {
    return (argument) => action(target(session, argument));
  };
  return {
    openSummary: of((status) => {
      panels.open(status);
    }),
    openBranches: of((status) => {
      panels.open(status, ALL);
    }),
    previewLine: of((status) => lines.preview(status)),
    enableLines: of((status) => lines.enable(status)),
    disableLines: of((status) => lines.disable(status)),
    omitNextLine: of((status) => lines.omit(status, true)),
    addNextLine: of((status) => lines.omit(status, false)),
    setBudget: of((status) => askBudget(session, status)),
    showReport: of(async ({ uri }) => {
      await pages.show("report", (await session.command<{ text: string }>("report", { uri })).text);
    }),
    runDoctor: of(async ({ uri }) => {
      await pages.show("doctor", (await session.command<{ text: string }>("doctor", { uri })).text);
    }),
  };
}

export async function openWalkthrough(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.openWalkthrough", "tokcost.tokcost#start", false);
}

async function setUp(session: Session, setup: Setup): Promise<void> {
  const isThere = await setup.run(() => session.pause());
  const settings = vscode.workspace.getConfiguration("tokcost");
  // Somebody who sets it up wants this one: a path would be preferred.
  if (isThere && settings.get<string>("serverPath", "") !== "") {
    await settings.update("serverPath", undefined, vscode.ConfigurationTarget.Global);
  }
  if (isThere || session.phase !== "missing") await session.restart();
}

/** What a menu passes: a file, a repository of the Source Control view, an item of ours; or nothing. */
function target(session: Session, argument: unknown): Status {
  const status = session.around(uriOf(argument)?.toString() ?? "") ?? session.shown();
  if (status?.repository !== undefined) return status;
  throw new Error(
    session.phase === "running"
      ? vscode.l10n.t("no open folder is in a git repository")
      : vscode.l10n.t("the server is not running"),
  );
}

function uriOf(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument;
  if (typeof argument !== "object" || argument === null) return undefined;
  const { rootUri, uri } = argument as { rootUri?: unknown; uri?: unknown };
  if (rootUri instanceof vscode.Uri) return rootUri;
  return typeof uri === "string" ? vscode.Uri.parse(uri) : undefined;
}
