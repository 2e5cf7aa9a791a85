/** One click that makes an environment for the server: says what it will do, asks, does it or leaves nothing behind. */

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import * as vscode from "vscode";
import { inNotification } from "../core/plain";
import type { Python } from "../core/pythons";
import {
  failureText,
  OFFER_CHOICE,
  OFFER_COPY,
  OFFER_PYTHON,
  OFFER_RETRY,
  setupConsent,
  STEP_TEXT,
  verdictText,
  type Offer,
} from "../core/setupText";
import {
  basePython,
  environmentPython,
  findPython,
  isOutdated,
  makeEnvironment,
  SetupFailed,
} from "../disk/environment";
import { activeInterpreter } from "./finder";

const GET_PYTHON = "https://www.python.org/downloads/";
const DEBIAN = "sudo apt install python3-venv";

export class Setup {
  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** The Python of our own environment, whether it is there or not. */
  get python(): string {
    return environmentPython(this.storage);
  }

  /** Ask, and make the environment. Whether it is there now; `before` is done when the user has agreed. */
  async run(before: () => Promise<void>, chosen?: string): Promise<boolean> {
    const wheel = await this.wheel();
    if (wheel === undefined) {
      await vscode.window.showErrorMessage(vscode.l10n.t("tokcost: this build of the extension contains no server."));
      return false;
    }
    const verdict = await this.look(chosen);
    if (verdict.kind !== "good") return await this.offer(verdictText(verdict, chosen), before);
    const { python } = verdict;
    const { message, detail, button } = setupConsent(python, this.storage, basename(wheel));
    const picked = await vscode.window.showInformationMessage(message, { modal: true, detail }, button, OFFER_CHOICE);
    if (picked === OFFER_CHOICE) return await this.choose(before);
    if (picked !== button) return false;
    await before();
    return await this.make(python.path, wheel, before);
  }

  /** Bring our environment to the wheel that this version carries; agreed to when it was made. */
  async update(): Promise<void> {
    const wheel = await this.wheel();
    if (wheel === undefined || !existsSync(this.python) || !(await isOutdated(this.storage, wheel))) return;
    const base = await basePython(this.storage);
    const same = base === undefined ? undefined : await findPython(undefined, base);
    const verdict = same?.kind === "good" ? same : await findPython(undefined);
    if (verdict.kind !== "good") return;
    try {
      await this.progress(vscode.l10n.t("Updating the tokcost server"), verdict.python.path, wheel);
    } catch (error) {
      this.log.warn(`the server stays as it was: ${String(error)}`); // it may be new enough; if not, that is told
    }
  }

  private get storage(): string {
    return this.context.globalStorageUri.fsPath;
  }

  private async wheel(): Promise<string | undefined> {
    const folder = join(this.context.extensionPath, "server");
    const names = await readdir(folder).catch((): string[] => []);
    const name = names.find((one) => one.endsWith(".whl"));
    return name === undefined ? undefined : join(folder, name);
  }

  private async look(chosen: string | undefined): ReturnType<typeof findPython> {
    const where = { location: vscode.ProgressLocation.Window, title: vscode.l10n.t("tokcost: looking for Python") };
    return await vscode.window.withProgress(where, async () => findPython(await activeInterpreter(), chosen));
  }

  private async make(python: string, wheel: string, before: () => Promise<void>): Promise<boolean> {
    try {
      await this.progress(vscode.l10n.t("Setting up the tokcost server"), python, wheel);
      return true;
    } catch (error) {
      if (!(error instanceof SetupFailed)) return false; // cancelled
      this.log.error(`${error.why}: ${error.details}`);
      return await this.offer(failureText(error.why), before);
    }
  }

  private async progress(title: string, python: Python["path"], wheel: string): Promise<void> {
    const where = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    await vscode.window.withProgress(where, async (progress, cancel) => {
      const stop = new AbortController();
      cancel.onCancellationRequested(() => {
        stop.abort();
      });
      await makeEnvironment({
        storage: this.storage,
        wheel,
        python,
        signal: stop.signal,
        began: (step) => {
          progress.report({ message: STEP_TEXT[step] });
        },
        said: (text) => {
          this.log.info(text.trimEnd());
        },
      });
    });
  }

  private async offer(offer: Offer, before: () => Promise<void>): Promise<boolean> {
    const picked = await vscode.window.showErrorMessage(inNotification(offer.message), ...offer.buttons);
    switch (picked) {
      case OFFER_CHOICE:
        return await this.choose(before);
      case OFFER_RETRY:
        return await this.run(before);
      case OFFER_PYTHON:
        await vscode.env.openExternal(vscode.Uri.parse(GET_PYTHON));
        return false;
      case OFFER_COPY:
        await vscode.env.clipboard.writeText(DEBIAN);
        return false;
      case undefined:
        return false;
      default:
        this.log.show();
        return false;
    }
  }

  private async choose(before: () => Promise<void>): Promise<boolean> {
    const picked = await vscode.window.showOpenDialog({
      openLabel: vscode.l10n.t("Use This Python"),
      canSelectMany: false,
    });
    const path = picked?.[0]?.fsPath;
    return path === undefined ? false : await this.run(before, path);
  }
}
