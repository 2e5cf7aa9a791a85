/** Setting up a server by one click: what is asked, what is done after that, and what is left when it fails. */

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { ExtensionContext, LogOutputChannel } from "vscode";
import { Setup } from "../src/server/setup";
import { fake, Uri, window } from "./fake/vscode";

const skip = process.platform === "win32";

let folder = "";
let path: string | undefined;

beforeEach(() => {
  fake.reset();
  folder = mkdtempSync(join(tmpdir(), "tokcost-setup-"));
  mkdirSync(join(folder, "extension/server"), { recursive: true });
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "extension/server/tokcost-1.0-py3-none-any.whl"), "one");
  path = process.env["PATH"];
  process.env["PATH"] = `${join(folder, "bin")}:/bin:/usr/bin`;
});

afterEach(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true });
});

/** A program that answers as Python does, in the one way that is asked of it, or fails at one step. */
function python(name: string, { version = "3.12.1", venv = true, fails = "", says = "" } = {}): string {
  const file = join(folder, "bin", name);
  const step = (words: string, name: string, work: string): string =>
    `*"${words}"*) ${fails === name ? `echo "${says}" >&2; exit 1` : work} ;;`;
  const probe = `echo '{"version": "${version}", "path": "${file}", "venv": ${String(venv)}}'`;
  writeFileSync(
    file,
    [
      "#!/bin/sh",
      'for last; do :; done; case "$*" in',
      step("find_spec", "probe", probe),
      step("-m venv", "venv", 'mkdir -p "$last/bin" && cp "$0" "$last/bin/python"'),
      step("pip install", "pip", "true"),
      step("tokcost --version", "check", "echo tokcost 1.0"),
      "esac",
    ].join("\n"),
  );
  chmodSync(file, 0o755);
  return file;
}

function setup(): Setup {
  const context = { globalStorageUri: Uri.file(join(folder, "storage")), extensionPath: join(folder, "extension") };
  return new Setup(context as unknown as ExtensionContext, window.createOutputChannel() as unknown as LogOutputChannel);
}

/** Run it, and how often what must come before was done. */
async function run(): Promise<{ isThere: boolean; before: number; left: string[] }> {
  let before = 0;
  const isThere = await setup().run(() => {
    before++;
    return Promise.resolve();
  });
  const storage = join(folder, "storage");
  return { isThere, before, left: existsSync(storage) ? readdirSync(storage) : [] };
}

test(
  "nothing is made before somebody agreed, and the question says where, with what and from where",
  { skip },
  async () => {
    const found = python("python3.14");
    assert.deepEqual(await run(), { isThere: false, before: 0, left: [] });
    const [asked] = fake.shown;
    assert.equal(asked?.message, "Set up the tokcost server?");
    for (const part of [found, join(folder, "storage"), "tokcost-1.0-py3-none-any.whl", "package index"])
      assert.ok(asked.detail?.includes(part), part);
    assert.deepEqual(asked.buttons, ["Set Up", "Choose Another Python…"]);
  },
);

test("agreed to, an environment is made, and what uses the old one is told before", { skip }, async () => {
  python("python3.14");
  fake.picks.push("Set Up");
  assert.deepEqual(await run(), { isThere: true, before: 1, left: ["server"] });
  assert.ok(existsSync(setup().python));
  assert.deepEqual(
    fake.progress.map((one) => one.split(": ")[1]),
    ["creating a virtual environment", "installing it and its dependencies", "testing it"],
  );
});

for (const [fails, says, message, buttons] of [
  ["venv", "", /environment could not be created/, ["Show Log", "Choose Another Python…"]],
  ["pip", "Temporary failure in name resolution", /could not reach your package index/, ["Try Again", "Show Log"]],
  ["pip", "a wheel is broken", /could not install the server/, ["Show Log", "Try Again"]],
  ["check", "", /installed but does not run/, ["Show Log", "Choose Another Python…"]],
] as const) {
  test(`what fails at ${fails} leaves nothing behind and offers what helps (${says})`, { skip }, async () => {
    python("python3.14", { fails, says });
    fake.picks.push("Set Up");
    assert.deepEqual(await run(), { isThere: false, before: 1, left: [] });
    const last = fake.shown.at(-1);
    assert.match(last?.message ?? "", message);
    assert.deepEqual(last?.buttons, buttons);
    assert.ok(says === "" || fake.log.some((line) => line.includes(says)));
  });
}

test("who cancels is told nothing more, and nothing is left", { skip }, async () => {
  python("python3.14");
  fake.picks.push("Set Up");
  fake.cancels = true;
  assert.deepEqual(await run(), { isThere: false, before: 1, left: [] });
  assert.equal(fake.shown.length, 1);
});

test("trying again asks again", { skip }, async () => {
  python("python3.14", { fails: "pip" });
  fake.picks.push("Set Up", "Try Again");
  assert.equal((await run()).isThere, false);
  assert.deepEqual(
    fake.shown.map((one) => one.kind),
    ["information", "error", "information"],
  );
});

test("a Python without venv is named with the command that helps", { skip }, async () => {
  for (const name of ["python3.14", "python3.13", "python3.12", "python3.11", "python3", "python"])
    python(name, { venv: false });
  fake.picks.push("Copy Command");
  assert.equal((await run()).isThere, false);
  assert.match(fake.shown[0]?.message ?? "", /lacks the venv module/);
  assert.deepEqual(fake.copied, ["sudo apt install python3-venv"]);
});

test("where every Python is too old, the page with newer ones is a click away", { skip }, async () => {
  for (const name of ["python3.14", "python3.13", "python3.12", "python3.11", "python3", "python"])
    python(name, { version: "3.9.2" });
  fake.picks.push("Get Python");
  assert.equal((await run()).isThere, false);
  assert.match(fake.shown[0]?.message ?? "", /needs Python 3\.11 or later; .* is 3\.9\.2/);
  assert.deepEqual(fake.opened, ["https://www.python.org/downloads/"]);
});

test("another Python that somebody chooses is the one that is asked about and used", { skip }, async () => {
  python("python3.14");
  fake.chosen = python("mine", { version: "3.13.7" });
  fake.picks.push("Choose Another Python…", "Set Up");
  assert.equal((await run()).isThere, true);
  assert.match(fake.shown[1]?.detail ?? "", /Python 3\.13\.7 \(.*mine\)/);
});

test("a file that is no Python is said to be none", { skip }, async () => {
  python("python3.14");
  fake.chosen = join(folder, "extension/server/tokcost-1.0-py3-none-any.whl");
  fake.picks.push("Choose Another Python…");
  assert.equal((await run()).isThere, false);
  assert.match(fake.shown[1]?.message ?? "", /\.whl is not a Python interpreter/);
});

test("a build without a server says so and asks nothing", { skip }, async () => {
  rmSync(join(folder, "extension/server"), { recursive: true });
  assert.deepEqual(await run(), { isThere: false, before: 0, left: [] });
  assert.match(fake.shown[0]?.message ?? "", /contains no server/);
});

test(
  "an environment of an older wheel is brought up to date without a question, a newer one stays",
  { skip },
  async () => {
    python("python3.14");
    fake.picks.push("Set Up");
    await run();
    fake.reset();
    await setup().update();
    assert.deepEqual([fake.progress, fake.shown], [[], []]);
    writeFileSync(join(folder, "extension/server/tokcost-1.0-py3-none-any.whl"), "two");
    await setup().update();
    assert.equal(fake.progress.length, 3);
    assert.deepEqual(fake.shown, []);
  },
);

test("an update that fails leaves the environment as it was, and a line in the log", { skip }, async () => {
  python("python3.14");
  fake.picks.push("Set Up");
  await run();
  python("python3.14", { fails: "pip", says: "no network" });
  writeFileSync(join(folder, "extension/server/tokcost-1.0-py3-none-any.whl"), "two");
  await setup().update();
  assert.ok(existsSync(setup().python));
  assert.ok(fake.log.some((line) => line.includes("stays as it was")));
});
