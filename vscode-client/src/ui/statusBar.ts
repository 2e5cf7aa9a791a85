/** The figure in the status bar. */

import * as vscode from "vscode";
import type { Status } from "../core/protocol";
import { itemLook, type Phase, type Shown } from "../core/statusText";
import { tooltipMarkdown, TOOLTIP_COMMANDS } from "../core/tooltip";

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("tokcost.figure", vscode.StatusBarAlignment.Left, 40);

  constructor() {
    this.item.name = "tokcost";
    this.item.command = "tokcost.showMenu";
  }

  /** Show this, or nothing. */
  show(phase: Phase, status: Status | undefined, name: string | undefined): void {
    const look = itemLook(phase, status, shownFigure(), format());
    if (look === undefined) {
      this.item.hide();
      return;
    }
    this.item.text = look.text;
    this.item.accessibilityInformation = { label: look.spoken, role: "button" };
    this.item.backgroundColor = look.isWarning ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
    this.item.tooltip = tooltip(phase, status, name);
    this.item.show();
  }

  dispose(): void {
    this.item.dispose();
  }
}

function shownFigure(): Shown {
  const said = vscode.workspace.getConfiguration("tokcost").get<string>("statusBar.show");
  return said === "branchAndPending" || said === "today" ? said : "branch";
}

function format(): string {
  return vscode.workspace.getConfiguration("tokcost").get<string>("statusBar.format") ?? "";
}

function tooltip(phase: Phase, status: Status | undefined, name: string | undefined): vscode.MarkdownString {
  const made = new vscode.MarkdownString(tooltipMarkdown(phase, status, name), true);
  made.isTrusted = { enabledCommands: TOOLTIP_COMMANDS };
  made.supportHtml = false;
  return made;
}
