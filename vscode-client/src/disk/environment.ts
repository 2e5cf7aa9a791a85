/**
 * The environment that we make for the server: a folder `server` in the extension's storage, whole or not there.
 *
 * It is made beside its place and renamed. Its place never changes, also for a newer server: git hooks that were
 * installed from it name its Python.
 */

import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { candidates, judge, parseProbe, PROBE, type Python, type Verdict } from "../core/pythons";
import { run } from "./run";

const NAME = "server";
const RECORD = "tokcost.json";
const UNFINISHED = /^server-(new|old)-/;
const UNFINISHED_MS = 60 * 60 * 1000;

export type Step = "venv" | "pip" | "check";

/** Why an environment could not be made. The words of the program that failed are in `details`. */
export class SetupFailed extends Error {
  constructor(
    readonly why: "venv" | "offline" | "pip" | "check" | "disk",
    readonly details: string,
  ) {
    super(details);
  }
}

export interface Plan {
  readonly storage: string;
  readonly wheel: string;
  readonly python: string;
  readonly signal: AbortSignal;
  readonly began: (step: Step) => void;
  readonly said: (text: string) => void;
}

/** The Python of the environment, whether it is there or not. */
export function environmentPython(storage: string): string {
  return pythonIn(join(storage, NAME));
}

/** Whether the environment was made from another wheel than this one. */
export async function isOutdated(storage: string, wheel: string): Promise<boolean> {
  try {
    const record = JSON.parse(await readFile(join(storage, NAME, RECORD), "utf8")) as { wheel?: unknown };
    return record.wheel !== (await digest(wheel));
  } catch {
    return true;
  }
}

/** The Python that the environment was made with: with the same one again, no hook that names it has to change. */
export async function basePython(storage: string): Promise<string | undefined> {
  try {
    const settings = await readFile(join(storage, NAME, "pyvenv.cfg"), "utf8");
    return /^executable\s*=\s*(.+?)\s*$/m.exec(settings)?.[1];
  } catch {
    return undefined;
  }
}

/** Python programs of this machine that could make it. `chosen` is one that the user names. */
export async function findPython(interpreter: string | undefined, chosen?: string): Promise<Verdict> {
  const found: Python[] = [];
  for (const name of chosen === undefined ? candidates(interpreter, process.platform) : [chosen]) {
    const done = await run(name, [...(name === "py" ? ["-3"] : []), "-I", "-c", PROBE], { seconds: 10 });
    const python = done.code === 0 ? parseProbe(done.stdout) : undefined;
    if (python === undefined) continue;
    found.push(python);
    if (judge(found).kind === "good") break;
  }
  return judge(found);
}

/** Make it, or replace an older one. Rejects with `SetupFailed`, or with the signal's error; nothing is left then. */
export async function makeEnvironment(plan: Plan): Promise<void> {
  const made = await prepare(plan);
  try {
    await fill(plan, made);
    await putInPlace(plan.storage, made);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    plan.signal.throwIfAborted();
    throw error instanceof SetupFailed ? error : new SetupFailed("disk", String(error));
  }
}

async function prepare(plan: Plan): Promise<string> {
  try {
    await mkdir(plan.storage, { recursive: true });
    await removeUnfinished(plan.storage);
    return await mkdtemp(join(plan.storage, `${NAME}-new-`));
  } catch (error) {
    throw new SetupFailed("disk", String(error));
  }
}

async function fill(plan: Plan, folder: string): Promise<void> {
  const { signal, said } = plan;
  const step = async (name: Step, command: string, args: string[]): Promise<void> => {
    plan.began(name);
    const done = await run(command, args, { signal, said });
    if (done.code !== 0) throw new SetupFailed(name === "pip" ? pipFailure(done.stderr) : name, done.stderr.trim());
  };
  const python = pythonIn(folder);
  await step("venv", plan.python, ["-I", "-m", "venv", folder]);
  const quietly = ["--quiet", "--no-input", "--disable-pip-version-check"];
  await step("pip", python, ["-I", "-m", "pip", "install", ...quietly, plan.wheel]);
  await step("check", python, ["-I", "-m", "tokcost", "--version"]);
  await writeFile(join(folder, RECORD), JSON.stringify({ wheel: await digest(plan.wheel) }));
}

/** Whether pip could not reach its index, or failed otherwise. */
export function pipFailure(said: string): "offline" | "pip" {
  const signs =
    /NewConnectionError|ConnectionError|Temporary failure|timed out|No matching distribution|ProxyError|SSLError/i;
  return signs.test(said) ? "offline" : "pip";
}

async function putInPlace(storage: string, made: string): Promise<void> {
  const place = join(storage, NAME);
  const old = made.replace(`${NAME}-new-`, `${NAME}-old-`);
  const hadOne = await rename(place, old).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return false;
    },
  );
  try {
    await rename(made, place);
  } catch (error) {
    if (hadOne) await rename(old, place);
    throw error;
  }
  if (hadOne) await rm(old, { recursive: true, force: true }).catch(() => undefined); // removed the next time
}

/** What an editor that was killed has left. */
async function removeUnfinished(storage: string): Promise<void> {
  for (const name of await readdir(storage)) {
    const path = join(storage, name);
    if (!UNFINISHED.test(name) || Date.now() - (await stat(path)).mtimeMs < UNFINISHED_MS) continue;
    await rm(path, { recursive: true, force: true });
  }
}

function pythonIn(folder: string): string {
  return process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
}

async function digest(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}
