/** The life of the server in this window: found, started, restarted, given up; and the figures that it told. */

import * as vscode from "vscode";
import { shortNames } from "../core/names";
import { nestedRoots, statusAround, statusToShow } from "../core/folders";
import type { Launch } from "../core/locate";
import { Pace } from "../core/pace";
import type { Follow, Status } from "../core/protocol";
import { States } from "../core/states";
import type { Phase } from "../core/statusText";
import { isNewEnough } from "../core/versions";
import { repositoryRoots, selectedRoots } from "./git";
import type { Connection } from "./connection";
import { findServer } from "./finder";
import { tellBadSetting, tellGaveUp, tellNotStarted, tellTooOld, type Unusable } from "./problems";
import type { Setup } from "./setup";

/** The least time between two changes of what is shown. */
const REST_MS = 120;

export class Session implements vscode.Disposable {
  private readonly emitter = new vscode.EventEmitter<undefined>();
  /** Fires when there is another state to show, or another phase. Whoever shows anything shows it then, of that state. */
  readonly changed = this.emitter.event;
  private readonly states = new States();
  private readonly pace = new Pace(() => {
    this.states.show();
    this.emitter.fire(undefined);
  }, REST_MS);
  private followed: Follow = { next: false, page: null, branches: null };
  private connection: Connection | undefined;
  /** Repositories below the open folders, as the server was told. */
  private nested: string[] = [];
  private current: Phase = "dormant";
  private work: Promise<void> = Promise.resolve();

  constructor(
    private readonly setup: Setup,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  get phase(): Phase {
    return this.current;
  }

  /** The figures that belong to what the user looks at. */
  shown(): Status | undefined {
    const editor = vscode.window.activeTextEditor?.document.uri;
    return statusToShow(this.known(), { editor: editor?.toString(), selected: selectedRoots() });
  }

  /** The figures of the folder that a file lies in, or of this folder. */
  around(uri: string): Status | undefined {
    return statusAround(this.known(), uri);
  }

  /** The name of the repository of these figures, where more than one is open. */
  nameOf(status: Status | undefined): string | undefined {
    const open = this.inRepositories().map((one) => one.uri);
    return status !== undefined && open.length > 1 ? shortNames(open).get(status.uri) : undefined;
  }

  /** The figures of all folders that lie in a repository. */
  inRepositories(): Status[] {
    return this.known().filter((status) => status.repository !== undefined);
  }

  /** Find a server and start it, unless that was done before. */
  start(): Promise<void> {
    if (this.current !== "dormant") return this.work;
    this.current = "starting";
    return this.restart();
  }

  /** Find a server and start it; whatever runs is ended before. */
  restart(): Promise<void> {
    this.work = this.work.then(async () => {
      try {
        await this.end();
        await this.begin();
      } catch (error) {
        this.log.error(`starting the server: ${String(error)}`);
        this.become("failed");
      }
    });
    return this.work;
  }

  /** Have the server follow repositories below the open folders, too. */
  async followRepositories(): Promise<void> {
    if (this.connection === undefined || this.current !== "running") return;
    const nested = nestedRoots(openFolders(), repositoryRoots());
    const added = nested.filter((root) => !this.nested.includes(root));
    const removed = this.nested.filter((root) => !nested.includes(root));
    this.nested = nested;
    if (added.length + removed.length > 0) await this.connection.changeFolders(added, removed);
  }

  /** Have the server tell this with the figures, too. */
  async follow(wanted: Partial<Follow>): Promise<void> {
    const followed = { ...this.followed, ...wanted };
    if (JSON.stringify(followed) === JSON.stringify(this.followed)) return;
    this.followed = followed;
    if (this.current === "running") await this.connection?.follow(followed);
  }

  /** Stop the server, for as long as something is done to what it runs from. */
  async pause(): Promise<void> {
    await this.work;
    await this.end();
  }

  /** Run a command of the server. Rejects with its words. */
  async command<Answer>(name: string, wish: object): Promise<Answer> {
    return await this.required().command(name, wish);
  }

  /** Something went wrong that nobody asked for. */
  note(what: string, error: unknown): void {
    this.log.warn(`${what}: ${String(error)}`);
  }

  dispose(): void {
    this.pace.stop();
    void this.end();
    this.emitter.dispose();
  }

  private async begin(): Promise<void> {
    const found = await findServer(this.setup.python);
    if (found.kind !== "found") {
      this.log.info("no server was found by the setting, the Python extension, PATH or an environment of ours");
      this.become("missing");
      if (found.kind === "bad-setting") void tellBadSetting(found.path);
      return;
    }
    this.become("starting");
    let problem: Unusable | undefined;
    for (const launch of found.launches) {
      if (launch.origin === "private") await this.setup.update();
      const unusable = await this.connect(launch);
      if (unusable === undefined) {
        this.become("running");
        await this.introduce();
        return;
      }
      problem ??= unusable;
    }
    this.become("failed");
    if (problem !== undefined) void (problem.version === "" ? tellNotStarted(problem.launch) : tellTooOld(problem));
  }

  /** Tell a server that begins what it cannot know: repositories below the open folders, and what is shown. */
  private async introduce(): Promise<void> {
    this.nested = [];
    await this.followRepositories();
    const { next, page, branches } = this.followed;
    if (next || page !== null || branches !== null) await this.connection?.follow(this.followed);
  }

  /** Say hello to one server; why it cannot be used. */
  private async connect(launch: Launch): Promise<Unusable | undefined> {
    const { Connection } = await import("./connection");
    const connection = new Connection(launch, this.log, {
      told: (status) => {
        if (this.states.take(status)) this.pace.ask();
      },
      began: () => {
        if (this.connection !== connection || this.current !== "running") return;
        this.introduce().catch((error: unknown) => {
          this.note("telling the server what is open", error);
        });
      },
      ended: () => {
        if (this.connection !== connection) return;
        this.states.outdate();
        this.pace.go();
      },
      gaveUp: () => {
        if (this.connection !== connection || this.current !== "running") return;
        void this.end();
        this.become("failed");
        void tellGaveUp();
      },
    });
    this.connection = connection;
    try {
      await connection.start();
    } catch (error) {
      this.log.error(`${launch.command} did not start: ${String(error)}`);
      await this.end();
      return { launch, version: "" };
    }
    const version = connection.version ?? "unknown";
    this.log.info(`server ${version} from the ${launch.origin}: ${launch.command}`);
    if (isNewEnough(version)) return undefined;
    await this.end();
    return { launch, version };
  }

  private async end(): Promise<void> {
    const ended = this.connection;
    this.connection = undefined;
    this.states.clear();
    this.nested = [];
    await ended?.stop().catch((error: unknown) => {
      this.log.warn(`the server did not end well: ${String(error)}`);
    });
  }

  private become(phase: Phase): void {
    this.current = phase;
    this.pace.go();
  }

  private required(): Connection {
    if (this.connection === undefined) throw new Error(vscode.l10n.t("the server is not running"));
    return this.connection;
  }

  private known(): Status[] {
    const open = new Set([...openFolders(), ...this.nested]);
    return this.states.of((uri) => open.has(vscode.Uri.parse(uri).toString()));
  }
}

function openFolders(): string[] {
  return (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.toString());
}
