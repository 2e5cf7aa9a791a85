/** The branch summary: one panel for each window, which follows the figures while it can be seen. */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { SUMMARY, type Status, type Summary } from "../core/protocol";
import type { Session } from "../server/session";
import { fromPage, pageState, type PageModel, type PageState, type ToPage } from "../webview/messages";
import { shell } from "../webview/shell";

export const VIEW_TYPE = "tokcost.summary";
const REST_MS = 200;

export class SummaryPanels implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private state: PageState = { uri: "", branch: undefined };
  private timer: NodeJS.Timeout | undefined;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly session: Session,
    private readonly extensionUri: vscode.Uri,
  ) {
    this.subscriptions = [
      vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this),
      session.changed(() => {
        this.refreshSoon();
      }),
    ];
  }

  /** Show the branch that is checked out in a folder. */
  open(status: Status): void {
    this.state = { uri: status.uri, branch: undefined };
    if (this.panel === undefined) {
      const column = vscode.window.activeTextEditor?.viewColumn ?? vscode.ViewColumn.Active;
      this.take(vscode.window.createWebviewPanel(VIEW_TYPE, "Branch summary", column, {}));
    } else {
      this.panel.reveal();
      this.refreshSoon();
    }
  }

  /** A window was closed with the panel, and is back. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Thenable<void> {
    this.state = pageState(state) ?? this.state;
    this.take(panel);
    return Promise.resolve();
  }

  dispose(): void {
    clearTimeout(this.timer);
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
      this.refreshSoon();
    });
    panel.onDidDispose(() => {
      if (this.panel === panel) this.panel = undefined;
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
        void this.refresh();
        break;
      case "branch":
        this.state = { ...this.state, branch: message.name };
        void this.refresh();
        break;
      case "command":
        void vscode.commands.executeCommand(message.command, vscode.Uri.parse(this.state.uri));
        break;
      case undefined: // not one of ours
        break;
    }
  }

  private refreshSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      void this.refresh();
    }, REST_MS);
  }

  private async refresh(): Promise<void> {
    const panel = this.panel;
    if (panel?.visible !== true || this.session.phase === "starting") return;
    const message = await this.message();
    panel.title = message.type === "model" ? message.model.name : "Branch summary";
    await panel.webview.postMessage(message);
  }

  private async message(): Promise<ToPage> {
    if (this.session.phase !== "running") {
      return { type: "problem", text: "The server of tokcost does not run. What is shown is what it told last." };
    }
    const status = this.session.around(this.state.uri) ?? this.session.shown();
    if (status?.repository === undefined) return { type: "problem", text: "No repository with figures is open here." };
    try {
      return { type: "model", model: await this.model(status) };
    } catch (error) {
      return { type: "problem", text: error instanceof Error ? error.message : String(error) };
    }
  }

  private async model(status: Status): Promise<PageModel> {
    const { uri } = status;
    const all = await this.session.request<Summary>(SUMMARY, { uri });
    const names = all.branches.map((one) => one.branch);
    const name = this.state.branch ?? status.branch ?? names[0] ?? "";
    const one = name === "" ? undefined : await this.session.request<Summary>(SUMMARY, { uri, branch: name });
    return {
      repository: all.repository,
      name,
      branch: one?.branches.find((branch) => branch.branch === name),
      why: one?.why,
      names,
      current: status.branch,
      budgets: name === status.branch ? (status.budgets ?? []) : [],
      today: status.today,
      todayEstimated: status.today_estimated_counts ?? 0,
      takesEstimates: all.takes_estimates ?? false,
      isStale: status.stale,
    };
  }
}
