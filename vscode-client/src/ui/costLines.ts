/** Cost lines in commits: preview, agree, take back, and one commit without. Nothing is written that was not shown. */

import * as vscode from "vscode";
import { CHOICES } from "../core/lineChoices";
import { LEFT_OUT, TOO_LATE } from "../core/nextLine";
import { inNotification, visible } from "../core/plain";
import type { Preview, Status, Terms } from "../core/protocol";
import { tellRefused } from "../server/problems";
import type { Session } from "../server/session";
import type { TextPages } from "./textPages";

const AGREE = vscode.l10n.t("Put Cost Lines into Commits");
const FROM_NOW = vscode.l10n.t("Only What Comes From Now On");
const LEAVE_OUT = vscode.l10n.t("Leave It Out Once");
const UNDO = vscode.l10n.t("Put It Back");
const TURN_ON = vscode.l10n.t("Put Cost Lines into Commits…");

interface Enabled {
  readonly text: string;
  readonly hooks_complete: boolean;
  readonly hooks_text: string;
}

export class CostLines {
  constructor(
    private readonly session: Session,
    private readonly pages: TextPages,
  ) {}

  /** Show what the next commit would carry. */
  async preview(status: Status): Promise<void> {
    const found = await this.session.command<Preview>("preview", { uri: status.uri });
    const isOmitted = status.cost_lines?.omitted === true;
    const ofLine = isOmitted ? UNDO : LEAVE_OUT;
    const button = found.enabled ? (found.lines.length > 0 ? ofLine : undefined) : TURN_ON;
    const message = vscode.l10n.t(
      "What the next commit on {0} would carry",
      visible(found.branch ?? vscode.l10n.t("this detached HEAD")),
    );
    const buttons = button === undefined ? [] : [button];
    const detail = isOmitted ? `${found.text}\n\n${LEFT_OUT}` : found.text;
    const picked = await vscode.window.showInformationMessage(message, { modal: true, detail }, ...buttons);
    if (picked === LEAVE_OUT) await this.omit(status, true);
    if (picked === UNDO) await this.omit(status, false);
    if (picked === TURN_ON) await this.enable(status);
  }

  /** Ask how much a line may say, show it with all it means, and turn lines on for somebody who agrees. */
  async enable(status: Status): Promise<void> {
    const placeHolder = vscode.l10n.t("How much may the line of a commit reveal? You see it before you agree.");
    const choice = await vscode.window.showQuickPick(CHOICES, {
      title: vscode.l10n.t("Cost lines in commits"),
      placeHolder,
    });
    if (choice !== undefined) await this.ask(status, choice.terms);
  }

  /** Turn lines off. */
  async disable(status: Status): Promise<void> {
    const done = await this.session.command<{ text: string }>("disable", { uri: status.uri });
    void vscode.window.showInformationMessage(inNotification(`tokcost: ${done.text}`));
  }

  /** Leave the line of the next commit out, or add it again. */
  async omit(status: Pick<Status, "uri">, omit: boolean): Promise<void> {
    const done = await this.session.command<{ text: string }>("omit", { uri: status.uri, omit });
    if (!omit) {
      vscode.window.setStatusBarMessage(`tokcost: ${done.text}`, 6000);
      return;
    }
    vscode.window
      .showInformationMessage(inNotification(`tokcost: ${done.text}`), UNDO)
      .then((picked) => (picked === UNDO ? this.putBack(status) : undefined))
      .then(undefined, tellRefused);
  }

  /** A notification stays: its button may be found when the commit was made. */
  private async putBack(status: Pick<Status, "uri">): Promise<void> {
    if (this.session.around(status.uri)?.cost_lines?.omitted === true) await this.omit(status, false);
    else void vscode.window.showInformationMessage(`tokcost: ${TOO_LATE}`);
  }

  private async ask(status: Status, terms: Terms): Promise<void> {
    const found = await this.session.command<Preview>("preview", { uri: status.uri, ...terms });
    const buttons = terms.from_now === true || found.lines.length === 0 ? [AGREE] : [AGREE, FROM_NOW];
    const picked = await vscode.window.showInformationMessage(
      vscode.l10n.t("Put a cost line into the commits of this clone?"),
      { modal: true, detail: found.consent_text },
      ...buttons,
    );
    if (picked === FROM_NOW) await this.ask(status, { ...terms, from_now: true });
    if (picked !== AGREE) return;
    this.tell(await this.session.command<Enabled>("enable", { uri: status.uri, ...terms, consent: true }));
  }

  private tell(done: Enabled): void {
    void vscode.commands.executeCommand("tokcost.nextCommit.focus");
    if (done.hooks_complete) {
      void vscode.window.showInformationMessage(inNotification(`tokcost: ${done.text}`));
      return;
    }
    const show = vscode.l10n.t("Show What Is Left to Do");
    const message = vscode.l10n.t(
      "tokcost: {0} Other git hooks are in the way and need a line from tokcost.",
      inNotification(done.text),
    );
    vscode.window
      .showWarningMessage(message, show)
      .then((picked) => (picked === show ? this.pages.show("hooks", done.hooks_text) : undefined))
      .then(undefined, tellRefused);
  }
}
