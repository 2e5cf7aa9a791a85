import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  basePython,
  environmentPython,
  findPython,
  isOutdated,
  makeEnvironment,
  pipFailure,
  SetupFailed,
  type Step,
} from "../src/disk/environment";
import { liesInRepository } from "../src/disk/repositories";
import { run } from "../src/disk/run";

const made: string[] = [];
const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), "tokcost-client-"));
  made.push(path);
  return path;
};
after(async () => {
  for (const path of made) await rm(path, { recursive: true, force: true });
});

test("a folder lies in a repository when it or one around it has .git, a folder or a file", async () => {
  const root = await folder();
  await mkdir(join(root, "a", "b"), { recursive: true });
  assert.equal(await liesInRepository(join(root, "a", "b")), false);
  await writeFile(join(root, "a", ".git"), "gitdir: elsewhere\n");
  assert.equal(await liesInRepository(join(root, "a", "b")), true);
  assert.equal(await liesInRepository(root), false);
});

test("a program that cannot be started is an exit code, not an exception", async () => {
  assert.equal((await run("tokcost-does-not-exist", [])).code, 127);
});

test("pip without an index is told from pip that fails", () => {
  assert.equal(pipFailure("ERROR: No matching distribution found for click>=8.1"), "offline");
  assert.equal(pipFailure("NewConnectionError: Failed to establish a new connection"), "offline");
  assert.equal(pipFailure("ERROR: x is not a valid wheel filename."), "pip");
});

/** Sets up from this "wheel", with the Python of this machine. */
async function attempt(storage: string, wheel: string, stop = new AbortController(), at?: Step): Promise<unknown> {
  const verdict = await findPython(undefined);
  assert.equal(verdict.kind, "good", "these tests need Python 3.11 with venv");
  const plan = {
    storage,
    wheel,
    python: verdict.python.path,
    signal: stop.signal,
    began: (step: Step): void => {
      if (step === at) stop.abort();
    },
    said: (): void => undefined,
  };
  return makeEnvironment(plan).catch((error: unknown) => error);
}

test("a wheel that cannot be installed leaves nothing behind", async () => {
  const storage = join(await folder(), "storage");
  const wheel = join(await folder(), "tokcost-0.1.0-py3-none-any.whl");
  await writeFile(wheel, "no wheel");
  const failure = await attempt(storage, wheel);
  assert.ok(failure instanceof SetupFailed);
  assert.equal(failure.why, "pip");
  assert.deepEqual(await readdir(storage), []);
});

test("whoever cancels finds nothing left behind, and the environment that was there before as it was", async () => {
  const storage = join(await folder(), "storage");
  const wheel = join(await folder(), "tokcost-0.1.0-py3-none-any.whl");
  await writeFile(wheel, "no wheel");
  await mkdir(join(storage, "server"), { recursive: true });
  await writeFile(join(storage, "server", "mine"), "");
  const failure = await attempt(storage, wheel, new AbortController(), "pip");
  assert.ok(failure instanceof Error && failure.name === "AbortError");
  assert.deepEqual(await readdir(storage), ["server"]);
  assert.deepEqual(await readdir(join(storage, "server")), ["mine"]);
});

test("what an editor that was killed has left is removed the next time", async () => {
  const storage = await folder();
  const wheel = join(await folder(), "x.whl");
  await writeFile(wheel, "");
  const long = new Date(Date.now() - 2 * 60 * 60 * 1000);
  for (const name of ["server-new-abc", "server-old-abc", "server-new-now"]) {
    await mkdir(join(storage, name));
    if (!name.endsWith("now")) await utimes(join(storage, name), long, long);
  }
  await attempt(storage, wheel);
  assert.deepEqual(await readdir(storage), ["server-new-now"]);
});

test("a storage that cannot be written is a failure with a name", async () => {
  const file = join(await folder(), "file");
  await writeFile(file, "");
  const failure = await attempt(join(file, "storage"), file);
  assert.ok(failure instanceof SetupFailed);
  assert.equal(failure.why, "disk");
});

test("an environment is outdated when it was made from another wheel", async () => {
  const storage = await folder();
  const wheel = join(storage, "x.whl");
  await writeFile(wheel, "one");
  assert.equal(await isOutdated(storage, wheel), true);
  await mkdir(join(storage, "server"));
  const sha = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
  await writeFile(join(storage, "server", "tokcost.json"), JSON.stringify({ wheel: sha }));
  assert.equal(await isOutdated(storage, wheel), false);
  await writeFile(wheel, "two");
  assert.equal(await isOutdated(storage, wheel), true);
  assert.ok(environmentPython(storage).startsWith(join(storage, "server")));
});

/** Makes a wheel without dependencies that is called tokcost and says its version. */
const WHEEL = `
import sys, zipfile
path, version = sys.argv[1:]
info = f"tokcost-{version}.dist-info/"
with zipfile.ZipFile(path, "w") as wheel:
    wheel.writestr("tokcost/__init__.py", "")
    wheel.writestr("tokcost/__main__.py", f"print('tokcost {version}')")
    wheel.writestr(info + "METADATA", f"Metadata-Version: 2.1\\nName: tokcost\\nVersion: {version}\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")
`;

test("an environment is made where it is expected, and replaced there by a newer server", async () => {
  const storage = join(await folder(), "storage");
  for (const version of ["0.1.0", "0.2.0"]) {
    const wheel = join(await folder(), `tokcost-${version}-py3-none-any.whl`);
    assert.equal((await run("python3", ["-c", WHEEL, wheel, version])).code, 0);
    assert.equal(await attempt(storage, wheel), undefined);
    const said = await run(environmentPython(storage), ["-I", "-m", "tokcost", "--version"]);
    assert.equal(said.stdout.trim(), `tokcost ${version}`);
    assert.equal(await isOutdated(storage, wheel), false);
    assert.deepEqual(await readdir(storage), ["server"]);
  }
  assert.notEqual(await basePython(storage), undefined);
});
