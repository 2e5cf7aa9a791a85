/** What we use of the Git extension that every build of VS Code brings: which repository is selected, and its changes. */

import * as vscode from "vscode";

interface Repository {
  readonly rootUri: vscode.Uri;
  readonly ui: { readonly selected: boolean; readonly onDidChange: vscode.Event<void> };
}

interface GitApi {
  readonly repositories: readonly Repository[];
  readonly onDidOpenRepository: vscode.Event<Repository>;
  readonly onDidCloseRepository: vscode.Event<Repository>;
}

interface GitExtension {
  readonly enabled: boolean;
  getAPI(version: 1): GitApi;
}

/** Roots of the repositories that are selected in the Source Control view. */
export function selectedRoots(): string[] {
  return (api()?.repositories ?? []).filter((one) => one.ui.selected).map((one) => one.rootUri.toString());
}

/** Roots of all repositories that the editor has found. */
export function repositoryRoots(): string[] {
  return (api()?.repositories ?? []).map((one) => one.rootUri.toString());
}

/** Calls back when a repository is opened, closed or another one is selected. Waits for the Git extension, which the editor
 * starts in any case. */
export async function watchRepositories(changed: () => void): Promise<vscode.Disposable> {
  await gitExtension()?.activate();
  const found = api();
  const watch = (one: Repository): vscode.Disposable => one.ui.onDidChange(changed);
  const watched = found?.repositories.map(watch) ?? [];
  if (found !== undefined) {
    watched.push(
      found.onDidCloseRepository(changed),
      found.onDidOpenRepository((one) => {
        watched.push(watch(one));
        changed();
      }),
    );
    changed();
  }
  return new vscode.Disposable(() => {
    for (const one of watched) one.dispose();
  });
}

function api(): GitApi | undefined {
  const extension = gitExtension();
  const exported = extension?.isActive === true ? extension.exports : undefined;
  return exported?.enabled === true ? exported.getAPI(1) : undefined;
}

function gitExtension(): vscode.Extension<GitExtension> | undefined {
  return vscode.extensions.getExtension<GitExtension>("vscode.git");
}
