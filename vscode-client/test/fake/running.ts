/** A session on a fake editor and a fake server, for tests of what shows and asks. */

import type * as vscode from "vscode";
import type { Status } from "../../src/core/protocol";
import { Session } from "../../src/server/session";
import type { Setup } from "../../src/server/setup";
import { servers, type LanguageClient } from "./languageclient";
import { fake } from "./vscode";

export const ROOT = "file:///w/shop";

export interface Running {
  readonly session: Session;
  readonly server: LanguageClient;
  /** What was logged. */
  readonly log: readonly string[];
  /** The server tells this, and it is shown at once. */
  readonly tell: (...statuses: Status[]) => Promise<void>;
}

export function newSession(log: string[] = []): Session {
  const write = (text: string): number => log.push(text);
  const channel = { info: write, warn: write, error: write } as unknown as vscode.LogOutputChannel;
  const setup = { python: "/nowhere/python", update: () => Promise.resolve() } as unknown as Setup;
  return new Session(setup, channel);
}

/** A window on some folders, with a server that runs. */
export async function running(...folders: string[]): Promise<Running> {
  fake.reset();
  servers.reset();
  fake.folders.push(...(folders.length === 0 ? [ROOT] : folders));
  fake.settings["tokcost.serverPath"] = process.execPath;
  const log: string[] = [];
  const session = newSession(log);
  await session.start();
  const server = servers.made[0];
  if (server === undefined) throw new Error("no server was started");
  const tell = async (...statuses: Status[]): Promise<void> => {
    for (const one of statuses) server.tell("tokcost/status", one);
    await new Promise((resolve) => setTimeout(resolve, 130)); // the pace of what is shown
  };
  return { session, server, log, tell };
}

/** Let promises that nobody waits for come to their end. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve, 5));
}
