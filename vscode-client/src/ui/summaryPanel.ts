/** The branch summary: one panel for each window, which follows the figures while it can be seen. */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type { Status } from "../core/protocol";
import type { Session } from "../server/session";
import { fromPage, pageOf, pageState, type PageState, type ToPage } from "../webview/messages";
import { shell } from "../webview/shell";

export const VIEW_TYPE = "tokcost.summary";

export class SummaryPanels implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private state: PageState = { uri: "", branch: undefined };
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly session: Session,
    private readonly extensionUri: vscode.Uri,
  ) {
    this.subscriptions = [
      vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this),
      session.changed(() => {
        this.render();
      }),
    ];
  }

  /** Show the branch that is checked out in a folder. */
  open(status: Status): void {
    this.state = { uri: status.uri, branch: undefined };
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
      case "command":
        void vscode.commands.executeCommand(message.command, vscode.Uri.parse(this.state.uri));
        break;
      case undefined: // not one of ours
        break;
    }
  }

  /** Have the server tell the page with the figures, as long as it can be seen. */
  private follow(): void {
    const status = this.status();
    const page =
      this.panel?.visible === true && status !== undefined
        ? { uri: status.uri, branch: this.state.branch ?? null }
        : null;
    this.session.follow({ page }).catch((error: unknown) => {
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
    panel.title = message.type === "model" ? title(message.model.name, this.session.nameOf(this.status())) : TITLE;
    void panel.webview.postMessage(message);
  }

  private message(): ToPage | undefined {
    if (this.session.phase !== "running") {
      return { type: "problem", text: "The server of tokcost does not run. What is shown is what it told last." };
    }
    return pageOf(this.status(), this.state.branch);
  }

  private status(): Status | undefined {
    return this.session.around(this.state.uri) ?? this.session.shown();
  }
}

const TITLE = "Branch summary";

function title(branch: string, repository: string | undefined): string {
  return repository === undefined ? branch : `${branch} (${repository})`;
}
