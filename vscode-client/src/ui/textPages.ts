/** Texts of the server, shown as documents that nobody can edit by mistake. */

import * as vscode from "vscode";

const SCHEME = "tokcost";

export class TextPages implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly emitter = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.emitter.event;
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.path) ?? "Ask for this page again.\n";
  }

  /** Show a text under a name; one page for each name, always the newest. */
  async show(name: string, text: string, language?: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/tokcost ${name}.txt` });
    this.texts.set(uri.path, text);
    this.emitter.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    if (language !== undefined) await vscode.languages.setTextDocumentLanguage(document, language);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  dispose(): void {
    this.registration.dispose();
    this.emitter.dispose();
  }
}
