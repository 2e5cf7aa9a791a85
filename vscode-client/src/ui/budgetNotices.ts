/** Notifications about budgets: that one comes near its limit or went over it, and what one did to a commit. */

import * as vscode from "vscode";
import {
  budgetNews,
  CHANGE_BUDGET,
  dayOf,
  NOT_TODAY,
  OPEN_SUMMARY,
  remembering,
  type BudgetNews,
  type Memory,
  type Said,
} from "../core/budgetNews";
import { commitNews, type CommitNews } from "../core/commitNews";
import { inNotification } from "../core/plain";
import type { Status } from "../core/protocol";
import type { Session } from "../server/session";

const SAID = "budgetsSaid";
const COMMIT_SAID = "commitSaid";
const COMMANDS: Readonly<Record<string, string>> = {
  [OPEN_SUMMARY]: "tokcost.openSummary",
  [CHANGE_BUDGET]: "tokcost.setBudget",
};

export class BudgetNotices implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[];

  /** What was said is remembered for all windows. */
  constructor(
    private readonly session: Session,
    private readonly memento: vscode.Memento,
  ) {
    const look = (): void => {
      // The window that somebody looks at says it; the others know by then that it was said.
      if (vscode.window.state.focused) for (const status of session.inRepositories()) this.look(status);
    };
    this.subscriptions = [session.changed(look), vscode.window.onDidChangeWindowState(look)];
  }

  dispose(): void {
    for (const one of this.subscriptions) one.dispose();
  }

  private look(status: Status): void {
    const said = commitNews(status, this.memento.get<number>(COMMIT_SAID, 0), Date.now());
    if (said !== undefined) {
      this.keep(COMMIT_SAID, said.time);
      this.tellOfCommit(status, said);
    }
    for (const news of budgetNews(status, this.memory(), dayOf(new Date()), this.session.nameOf(status))) {
      this.remember(news.key, news.state);
      // What a commit was just told of need not be said twice.
      if (said === undefined) this.tell(status, news);
    }
  }

  private tell(status: Status, news: BudgetNews): void {
    const text = inNotification(`tokcost: ${news.message}`);
    const show = news.state === "over" ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
    show(text, OPEN_SUMMARY, CHANGE_BUDGET, NOT_TODAY).then(
      (picked) => {
        if (picked === NOT_TODAY) this.remember(news.key, "silenced");
        else this.run(picked, status);
      },
      (error: unknown) => {
        this.session.note("a notification", error);
      },
    );
  }

  private tellOfCommit(status: Status, said: CommitNews): void {
    vscode.window.showWarningMessage(inNotification(`tokcost: ${said.message}`), CHANGE_BUDGET, OPEN_SUMMARY).then(
      (picked) => {
        this.run(picked, status);
      },
      (error: unknown) => {
        this.session.note("a notification", error);
      },
    );
  }

  private run(picked: string | undefined, { uri }: Status): void {
    const command = picked === undefined ? undefined : COMMANDS[picked];
    if (command !== undefined) void vscode.commands.executeCommand(command, { uri });
  }

  private memory(): Memory {
    return this.memento.get<Memory>(SAID, {});
  }

  private remember(key: string, said: Said): void {
    this.keep(SAID, remembering(this.memory(), key, said, dayOf(new Date())));
  }

  private keep(key: string, value: unknown): void {
    this.memento.update(key, value).then(undefined, (error: unknown) => {
      this.session.note("remembering what was said", error);
    });
  }
}
