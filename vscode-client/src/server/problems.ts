/** What can be wrong with a server: for each a sentence, and a button that helps. */

import * as vscode from "vscode";
import type { Launch } from "../core/locate";
import { inNotification } from "../core/plain";
import { OLDEST_SERVER } from "../core/versions";

const SETTINGS = "Open Settings";
const LOG = "Show Log";
const SET_UP = "Set Up the Server…";
const RESTART = "Restart";

const COMMANDS: Readonly<Record<string, string>> = {
  [SETTINGS]: "tokcost.openSettings",
  [LOG]: "tokcost.showLog",
  [SET_UP]: "tokcost.setUpServer",
  [RESTART]: "tokcost.restartServer",
};

export async function tellBadSetting(path: string): Promise<void> {
  await tell(`tokcost: the setting tokcost.serverPath names no program that can be run: ${path}`, SETTINGS, SET_UP);
}

export async function tellNotStarted(launch: Launch): Promise<void> {
  const help = launch.origin === "setting" ? SETTINGS : SET_UP;
  await tell(`tokcost: the server did not start (${launch.command}).`, LOG, help);
}

/** A server that did not start (then its version is empty), or that is too old. */
export interface Unusable {
  readonly launch: Launch;
  readonly version: string;
}

export async function tellTooOld({ launch, version }: Unusable): Promise<void> {
  const need = `this extension needs ${OLDEST_SERVER} or later`;
  const help = launch.origin === "setting" ? [SETTINGS] : [SET_UP, SETTINGS];
  await tell(`tokcost: the server ${launch.command} is version ${version}; ${need}.`, ...help);
}

export async function tellGaveUp(): Promise<void> {
  await tell("tokcost: the server ended again and again, so it was left alone.", RESTART, LOG);
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
