/** Whether a folder lies in a git repository: asked before anything else is loaded. */

import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Whether the folder, or one around it, holds a `.git` folder or file. */
export async function liesInRepository(folder: string): Promise<boolean> {
  for (let here = folder; ; here = dirname(here)) {
    if (await exists(join(here, ".git"))) return true;
    if (here === dirname(here)) return false;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
