/** The next commit's line in the Source Control view, with a box that says whether it goes in. */

import * as vscode from "vscode";
import { inMarkdown } from "../core/markdown";
import { emptyText, nextLine, titleText, type NextLine } from "../core/nextLine";
import type { Preview } from "../core/protocol";
import { tellRefused } from "../server/problems";
import type { Session } from "../server/session";
import type { CostLines } from "./costLines";

/** Figures move while an assistant works: so long nothing must have happened before the line is asked for. */
const REST_MS = 400;

export class NextCommitView implements vscode.TreeDataProvider<NextLine>, vscode.Disposable {
  private readonly emitter = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.emitter.event;
  private readonly view: vscode.TreeView<NextLine>;
  private readonly subscriptions: vscode.Disposable[] = [];
  private next: NextLine[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly session: Session,
    private readonly costLines: CostLines,
  ) {
    this.view = vscode.window.createTreeView("tokcost.nextCommit", {
      treeDataProvider: this,
      manageCheckboxStateManually: true,
    });
    this.subscriptions.push(
      this.view,
      session.changed(() => {
        this.view.title = titleText(session.inRepositories());
        this.refreshSoon();
      }),
      this.view.onDidChangeVisibility(() => {
        this.refreshSoon();
      }),
      this.view.onDidChangeCheckboxState((event) => {
        for (const [next, state] of event.items) {
          this.costLines.omit(next, state === vscode.TreeItemCheckboxState.Unchecked).catch(tellRefused);
        }
      }),
    );
    this.refreshSoon();
  }

  getChildren(parent?: NextLine): NextLine[] {
    return parent === undefined ? this.next.filter((one) => one.lines.length > 0) : [];
  }

  getTreeItem(next: NextLine): vscode.TreeItem {
    const item = new vscode.TreeItem(next.label);
    const said = this.next.length > 1 ? [next.name, next.description] : [next.description];
    item.description = said.filter((text) => text !== "").join(", ");
    item.tooltip = new vscode.MarkdownString(next.hint.split("\n").map(inMarkdown).join("  \n"));
    item.contextValue = next.isOmitted ? "omitted" : "carried";
    item.checkboxState = {
      state: next.isOmitted ? vscode.TreeItemCheckboxState.Unchecked : vscode.TreeItemCheckboxState.Checked,
      tooltip: next.isOmitted ? "Put this line back into the next commit" : "Leave this line out of the next commit",
      accessibilityInformation: { label: "AI cost line in the next commit" },
    };
    item.accessibilityInformation = { label: next.spoken };
    return item;
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const one of this.subscriptions) one.dispose();
    this.emitter.dispose();
  }

  private refreshSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.refresh().catch((error: unknown) => {
        this.session.note("the next commit's line", error); // nobody asked: no window
      });
    }, REST_MS);
  }

  private async refresh(): Promise<void> {
    if (!this.view.visible || this.session.phase !== "running") return;
    const asked = this.session.inRepositories().filter((status) => status.cost_lines?.enabled === true);
    const found = await Promise.all(
      asked.map(async (status) => {
        const wish = { uri: status.uri, peek: true };
        return nextLine(status, await this.session.command<Preview>("preview", wish));
      }),
    );
    this.next = found.filter((one) => one !== undefined);
    this.view.message = emptyText(this.next) ?? "";
    this.emitter.fire(undefined);
  }
}
