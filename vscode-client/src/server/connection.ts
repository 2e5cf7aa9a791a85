/** One running server and the figures that it last told: starts it, restarts it a few times, gives up with a reason. */

import { homedir } from "node:os";
import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  RevealOutputChannelOn,
  State,
  TransportKind,
  type LanguageClientOptions,
} from "vscode-languageclient/node";
import type { Launch } from "../core/locate";
import { FOLLOW, STATUS, type Follow, type Status } from "../core/protocol";
import { mayRestart } from "../core/restarts";
import { serverEnvironment } from "../core/serverEnvironment";

const DOCUMENTS = [
  { scheme: "file", language: "git-commit" },
  { scheme: "file", pattern: "**/{COMMIT_EDITMSG,MERGE_MSG,SQUASH_MSG}" },
];

/** A program that is no server may never answer; Python on a cold disk takes its time. */
const START_SECONDS = 60;

export interface Listener {
  /** Figures of a folder changed. */
  told(status: Status): void;
  /** The server runs, for the first time or once more: it knows only the folders of the workspace. */
  began(): void;
  /** The server ended, and is started again. */
  ended(): void;
  /** The server ended more often than one can overlook. */
  gaveUp(): void;
}

export class Connection {
  private readonly client: LanguageClient;
  private readonly crashes: number[] = [];

  constructor(launch: Launch, log: vscode.OutputChannel, listener: Listener) {
    const options: LanguageClientOptions = {
      documentSelector: DOCUMENTS,
      outputChannel: log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          listener.ended();
          if (mayRestart(this.crashes, Date.now())) return { action: CloseAction.Restart, handled: true };
          listener.gaveUp();
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
    };
    this.client = new LanguageClient(
      "tokcost",
      "tokcost",
      // In the home folder: nothing of a repository can be taken for a part of the server.
      {
        command: launch.command,
        args: [...launch.args],
        transport: TransportKind.stdio,
        options: { cwd: homedir(), env: serverEnvironment(process.env) },
      },
      options,
    );
    this.client.onDidChangeState(({ newState }) => {
      if (newState === State.Running) listener.began();
    });
    this.client.onNotification(STATUS, (status: Status) => {
      listener.told(status);
    });
  }

  /** Say hello. Rejects when no server answers. */
  async start(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`no answer within ${String(START_SECONDS)} seconds`));
      }, START_SECONDS * 1000);
    });
    try {
      await Promise.race([this.client.start(), tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  async stop(): Promise<void> {
    if (this.client.needsStop()) await this.client.stop();
    await this.client.dispose();
  }

  /** What the server says it is. */
  get version(): string | undefined {
    return this.client.initializeResult?.serverInfo?.version;
  }

  /** Tell of folders as if the user had opened or closed them. */
  async changeFolders(added: readonly string[], removed: readonly string[]): Promise<void> {
    const named = (uri: string): { uri: string; name: string } => ({ uri, name: uri.split("/").at(-1) ?? uri });
    const event = { added: added.map(named), removed: removed.map(named) };
    await this.client.sendNotification("workspace/didChangeWorkspaceFolders", { event });
  }

  /** Have this told with the figures from now on. */
  async follow(wanted: Follow): Promise<void> {
    await this.client.sendNotification(FOLLOW, wanted);
  }

  /** Run a command of the server. */
  command<Answer>(name: string, wish: object): Promise<Answer> {
    return this.client.sendRequest("workspace/executeCommand", { command: `tokcost.${name}`, arguments: [wish] });
  }
}
