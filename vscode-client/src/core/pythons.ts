/** Which Python can make an environment for the server. Pure: the caller runs them and tells what they said. */

import { isNewEnough } from "./versions";

export const OLDEST_PYTHON = "3.11";

/** What a Python is asked; it answers one line of JSON. */
export const PROBE = [
  "import json, sys",
  "from importlib.util import find_spec",
  "print(json.dumps({'version': '.'.join(map(str, sys.version_info[:3])), 'path': sys.executable,",
  " 'venv': all(map(find_spec, ('venv', 'ensurepip')))}))",
].join("\n");

export interface Python {
  readonly path: string;
  readonly version: string;
  /** Whether it can make environments; Debian puts that into a package of its own. */
  readonly venv: boolean;
}

export type Verdict =
  | { readonly kind: "good"; readonly python: Python }
  | { readonly kind: "no-venv"; readonly python: Python }
  | { readonly kind: "too-old"; readonly newest: Python }
  | { readonly kind: "none" };

/** Programs to try, the likely best first; the active interpreter before all others. */
export function candidates(interpreter: string | undefined, platform: NodeJS.Platform): string[] {
  const versions = ["3.14", "3.13", "3.12", "3.11"].map((version) => `python${version}`);
  const names = platform === "win32" ? ["py", "python", "python3"] : [...versions, "python3", "python"];
  return interpreter === undefined ? names : [interpreter, ...names];
}

/** What a Python answered; undefined when that was no Python. */
export function parseProbe(output: string): Python | undefined {
  try {
    const said: unknown = JSON.parse(output.trim().split("\n").at(-1) ?? "");
    return isPython(said) ? said : undefined;
  } catch {
    return undefined;
  }
}

/** The first that can do it; otherwise what comes nearest. */
export function judge(found: readonly Python[]): Verdict {
  const recent = found.filter((python) => isNewEnough(python.version, OLDEST_PYTHON));
  const good = recent.find((python) => python.venv);
  if (good !== undefined) return { kind: "good", python: good };
  if (recent[0] !== undefined) return { kind: "no-venv", python: recent[0] };
  const newest = [...found].sort((a, b) => (isNewEnough(a.version, b.version) ? -1 : 1))[0];
  return newest === undefined ? { kind: "none" } : { kind: "too-old", newest };
}

function isPython(said: unknown): said is Python {
  if (typeof said !== "object" || said === null) return false;
  const { path, version, venv } = said as Partial<Record<keyof Python, unknown>>;
  return typeof path === "string" && path !== "" && typeof version === "string" && typeof venv === "boolean";
}
