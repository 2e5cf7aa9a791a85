/** The branch summary: one panel for each window, which follows the figures while it can be seen. */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type { Status } from "../core/protocol";
import { tellRefused } from "../server/problems";
import type { Session } from "../server/session";
import { ALL, fromPage, pageOf, pageState, type PageState, type ToPage } from "../webview/messages";
import { shell } from "../webview/shell";

export const VIEW_TYPE = "tokcost.summary";

/** What somebody can have done from a page. */
export interface PageActions {
  /** Put what a session spent on no branch onto one. */
  assign(status: Status, session: string): Promise<void>;
  openCommit(status: Status, commit: string): Promise<void>;
}

export class SummaryPanels implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private state: PageState = { uri: "", branch: undefined };
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly session: Session,
    private readonly extensionUri: vscode.Uri,
    private readonly actions: PageActions,
  ) {
    this.subscriptions = [
      vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this),
      session.changed(() => {
        this.render();
      }),
    ];
  }

  /** Show the branch that is checked out in a folder, or another one, or `ALL`. */
  open(status: Status, branch?: string): void {
    this.state = { ...this.state, uri: status.uri, branch };
    if (this.panel === undefined) {
      const column = vscode.window.activeTextEditor?.viewColumn ?? vscode.ViewColumn.Active;
      this.take(vscode.window.createWebviewPanel(VIEW_TYPE, TITLE, column, {}));
    } else {
      this.panel.reveal();
      this.render();
    }
  }

  /** A window was closed with the panel, and is back. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Thenable<void> {
    this.state = pageState(state) ?? this.state;
    this.take(panel);
    return Promise.resolve();
  }

  dispose(): void {
    this.panel?.dispose();
    for (const one of this.subscriptions) one.dispose();
  }

  private take(panel: vscode.WebviewPanel): void {
    this.panel?.dispose();
    this.panel = panel;
    const at = (...path: string[]): vscode.Uri => vscode.Uri.joinPath(this.extensionUri, ...path);
    const link = (uri: vscode.Uri): string => panel.webview.asWebviewUri(uri).toString();
    panel.webview.options = { enableScripts: true, localResourceRoots: [at("dist"), at("media")] };
    panel.iconPath = { light: at("media", "graph-light.svg"), dark: at("media", "graph-dark.svg") };
    panel.webview.onDidReceiveMessage((message: unknown) => {
      this.told(message);
    });
    panel.onDidChangeViewState(() => {
      this.follow();
      this.render();
    });
    panel.onDidDispose(() => {
      if (this.panel === panel) this.panel = undefined;
      this.follow();
    });
    panel.webview.html = shell(
      {
        script: link(at("dist", "page.js")),
        style: link(at("media", "summary.css")),
        origin: panel.webview.cspSource,
        nonce: randomBytes(16).toString("hex"),
      },
      this.state,
      { language: vscode.env.language, words: vscode.l10n.bundle ?? {} },
    );
  }

  private told(words: unknown): void {
    const message = fromPage(words);
    switch (message?.type) {
      case "ready":
        this.render();
        break;
      case "branch":
        this.state = { ...this.state, branch: message.name };
        this.render();
        break;
      case "assign":
        this.act((status) => this.actions.assign(status, message.session));
        break;
      case "commit":
        this.act((status) => {
          // A page can open what it shows, and nothing else.
          const isShown = status.page?.branch?.commits.some((one) => one.commit === message.commit) === true;
          return isShown ? this.actions.openCommit(status, message.commit) : Promise.resolve();
        });
        break;
      case "command":
        void vscode.commands.executeCommand(message.command, vscode.Uri.parse(this.state.uri));
        break;
      case undefined: // not one of ours
        break;
    }
  }

  private act(action: (status: Status) => Promise<void>): void {
    const status = this.status();
    if (status !== undefined) action(status).catch(tellRefused);
  }

  /** Have the server tell the page with the figures, as long as it can be seen. */
  private follow(): void {
    const uri = this.panel?.visible === true ? this.status()?.uri : undefined;
    const { branch } = this.state;
    const page = uri === undefined || branch === ALL ? null : { uri, branch: branch ?? null };
    const branches = branch === ALL ? (uri ?? null) : null;
    this.session.follow({ page, branches }).catch((error: unknown) => {
      this.session.note("the branch summary", error);
    });
  }

  /** Show the state that everything else shows. */
  private render(): void {
    const panel = this.panel;
    if (panel?.visible !== true || this.session.phase === "starting") return;
    this.follow(); // the folder may be known only now
    const message = this.message();
    if (message === undefined) return;
    panel.title = title(message, this.session.nameOf(this.status()));
    void panel.webview.postMessage(message);
  }

  private message(): ToPage | undefined {
    if (this.session.phase !== "running") {
      return {
        type: "problem",
        text: vscode.l10n.t("The tokcost server is not running. The figures are the last that it sent."),
      };
    }
    return pageOf(this.status(), this.state.branch);
  }

  private status(): Status | undefined {
    return this.session.around(this.state.uri) ?? this.session.shown();
  }
}

const TITLE = vscode.l10n.t("Branch summary");

function title(message: ToPage, repository: string | undefined): string {
  if (message.type === "problem") return TITLE;
  const name = message.type === "table" ? vscode.l10n.t("All branches") : message.model.name;
  return repository === undefined ? name : `${name} (${repository})`;
}
