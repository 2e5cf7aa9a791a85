/** What can be wrong with a server: for each a sentence, and a button that helps. */

import * as vscode from "vscode";
import type { Launch } from "../core/locate";
import { inNotification } from "../core/plain";
import { OLDEST_SERVER } from "../core/versions";

const SETTINGS = vscode.l10n.t("Open Settings");
const LOG = vscode.l10n.t("Show Log");
const SET_UP = vscode.l10n.t("Set Up the Server…");
const RESTART = vscode.l10n.t("Restart");

const COMMANDS: Readonly<Record<string, string>> = {
  [SETTINGS]: "tokcost.openSettings",
  [LOG]: "tokcost.showLog",
  [SET_UP]: "tokcost.setUpServer",
  [RESTART]: "tokcost.restartServer",
};

export async function tellBadSetting(path: string): Promise<void> {
  await tell(
    vscode.l10n.t("tokcost: the setting tokcost.serverPath does not name a program that can be run: {0}", path),
    SETTINGS,
    SET_UP,
  );
}

export async function tellNotStarted(launch: Launch): Promise<void> {
  const help = launch.origin === "setting" ? SETTINGS : SET_UP;
  await tell(vscode.l10n.t("tokcost: the server did not start ({0}).", launch.command), LOG, help);
}

/** A server that did not start (then its version is empty), or that is too old. */
export interface Unusable {
  readonly launch: Launch;
  readonly version: string;
}

export async function tellTooOld({ launch, version }: Unusable): Promise<void> {
  const help = launch.origin === "setting" ? [SETTINGS] : [SET_UP, SETTINGS];
  await tell(
    vscode.l10n.t(
      "tokcost: the server {0} is version {1}; this extension needs {2} or later.",
      launch.command,
      version,
      OLDEST_SERVER,
    ),
    ...help,
  );
}

export async function tellGaveUp(): Promise<void> {
  await tell(vscode.l10n.t("tokcost: the server stopped repeatedly and is not started again."), RESTART, LOG);
}

/** A request that the server refused, or could not answer. */
export async function tellRefused(error: unknown): Promise<void> {
  await tell(`tokcost: ${error instanceof Error ? error.message : String(error)}`, LOG);
}

async function tell(message: string, ...buttons: string[]): Promise<void> {
  const picked = await vscode.window.showErrorMessage(inNotification(message), ...buttons);
  const command = picked === undefined ? undefined : COMMANDS[picked];
  if (command !== undefined) await vscode.commands.executeCommand(command);
}
