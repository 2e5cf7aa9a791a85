/** The next commit's line in the Source Control view, with a box that says whether it goes in. */

import * as vscode from "vscode";
import { inMarkdown } from "../core/markdown";
import { emptyText, nextLines, titleText, type NextLine } from "../core/nextLine";
import { Pace } from "../core/pace";
import { tellRefused } from "../server/problems";
import type { Session } from "../server/session";
import type { CostLines } from "./costLines";

/** The editor draws rows anew only when nothing was to be drawn for 200 ms, however long that goes on: more often than that
 * none would be drawn at all while figures move. */
const ROWS_REST_MS = 250;

export class NextCommitView implements vscode.TreeDataProvider<NextLine>, vscode.Disposable {
  private readonly emitter = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.emitter.event;
  private readonly view: vscode.TreeView<NextLine>;
  private readonly subscriptions: vscode.Disposable[] = [];
  private next: NextLine[] = [];
  private coming: NextLine[] = [];
  private readonly pace = new Pace(() => {
    this.next = this.coming;
    this.emitter.fire(undefined);
  }, ROWS_REST_MS);

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
        this.render();
      }),
      this.view.onDidChangeVisibility(() => {
        this.follow();
      }),
      this.view.onDidChangeCheckboxState((event) => {
        for (const [next, state] of event.items) {
          this.costLines.omit(next, state === vscode.TreeItemCheckboxState.Unchecked).catch(tellRefused);
        }
      }),
    );
    this.follow();
  }

  getChildren(parent?: NextLine): NextLine[] {
    return parent === undefined ? this.next.filter((one) => one.lines.length > 0) : [];
  }

  getTreeItem(next: NextLine): vscode.TreeItem {
    const item = new vscode.TreeItem(next.label);
    item.id = next.uri; // a row that is drawn anew is the same one
    item.description = [next.name, next.description].filter((text) => text !== "").join(", ");
    item.tooltip = new vscode.MarkdownString(next.hint.split("\n").map(inMarkdown).join("  \n"));
    item.contextValue = next.isOmitted ? "omitted" : "carried";
    item.checkboxState = {
      state: next.isOmitted ? vscode.TreeItemCheckboxState.Unchecked : vscode.TreeItemCheckboxState.Checked,
      tooltip: next.isOmitted
        ? vscode.l10n.t("Put this line back into the next commit")
        : vscode.l10n.t("Leave this line out of the next commit"),
      accessibilityInformation: { label: vscode.l10n.t("AI cost line in the next commit") },
    };
    item.accessibilityInformation = { label: next.spoken };
    return item;
  }

  dispose(): void {
    this.pace.stop();
    for (const one of this.subscriptions) one.dispose();
    this.emitter.dispose();
  }

  private follow(): void {
    this.session.follow({ next: this.view.visible }).catch((error: unknown) => {
      this.session.note("the next commit's line", error); // nobody asked: no window
    });
  }

  /** Show the state that everything else shows. Rows that are as before are left alone: somebody may be about to click. */
  private render(): void {
    const statuses = this.session.inRepositories();
    this.view.title = titleText(statuses);
    this.coming = nextLines(statuses);
    const message = emptyText(this.coming) ?? "";
    if (this.view.message !== message) this.view.message = message;
    if (JSON.stringify(this.coming) !== JSON.stringify(this.next)) this.pace.ask();
  }
}
