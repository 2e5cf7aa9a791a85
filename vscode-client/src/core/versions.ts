/** Versions of the server: which are new enough to be spoken to. */

/** The first server that answers everything this extension asks. */
export const OLDEST_SERVER = "0.1.0";

/** Whether a version is that, or a later one. What is no version is taken for too old. */
export function isNewEnough(version: string | undefined, oldest = OLDEST_SERVER): boolean {
  const have = parts(version ?? "");
  const need = parts(oldest) ?? [];
  if (have === undefined) return false;
  for (const [index, wanted] of need.entries()) {
    const found = have[index] ?? 0;
    if (found !== wanted) return found > wanted;
  }
  return true;
}

function parts(version: string): number[] | undefined {
  const found = /^v?(\d+(?:\.\d+)*)/.exec(version.trim())?.[1];
  return found?.split(".").map(Number);
}
