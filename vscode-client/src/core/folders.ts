/** Whose figure the status bar shows when several folders are open. */

import type { Status } from "./protocol";

export interface Where {
  /** The file in the active editor. */
  readonly editor: string | undefined;
  /** Roots of repositories that are selected in the Source Control view. */
  readonly selected: readonly string[];
}

/** The status of the active editor's folder; else of the selected repository; else the first one that has figures. */
export function statusToShow(statuses: readonly Status[], where: Where): Status | undefined {
  const inRepositories = statuses.filter((status) => status.state !== "no-repository");
  const ofEditor = where.editor === undefined ? undefined : statusAround(statuses, where.editor);
  if (ofEditor !== undefined && (ofEditor.state !== "no-repository" || inRepositories.length === 0)) return ofEditor;
  for (const root of where.selected) {
    const found = statusAround(inRepositories, root) ?? inRepositories.find((status) => isInside(status.uri, root));
    if (found !== undefined) return found;
  }
  return inRepositories[0] ?? statuses[0];
}

/** The status of the innermost folder that a file lies in. */
export function statusAround(statuses: readonly Status[], uri: string): Status | undefined {
  const around = statuses.filter((status) => isInside(uri, status.uri));
  return around.sort((a, b) => b.uri.length - a.uri.length)[0];
}

/** Repositories below the open folders: the server is told of them as if they were open, and shows their figures too. */
export function nestedRoots(folders: readonly string[], roots: readonly string[]): string[] {
  const isNested = (root: string): boolean => folders.some((folder) => folder !== root && isInside(root, folder));
  return [...new Set(roots)].filter((root) => isNested(root) && !folders.includes(root));
}

/** The roots of repositories whose commits carry a line, and those whose next one was asked to carry none: the icons
 * beside the commit button are of one repository each. */
export function publishing(statuses: readonly Status[], roots: readonly string[]): { on: string[]; omitted: string[] } {
  const lines = (root: string): Status["cost_lines"] => statusAround(statuses, root)?.cost_lines;
  const on = roots.filter((root) => lines(root)?.enabled === true);
  const omitted = on.filter((root) => lines(root)?.omitted === true);
  return { on: on.filter((root) => !omitted.includes(root)), omitted };
}

function isInside(uri: string, folder: string): boolean {
  return uri === folder || uri.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
