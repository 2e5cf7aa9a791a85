/** The extension as a whole, on an editor that remembers: it sleeps without a repository, and wakes in one. */

import assert from "node:assert/strict";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import type * as vscode from "vscode";
import { activate } from "../src/extension";
import { BudgetNotices } from "../src/ui/budgetNotices";
import { servers } from "./fake/languageclient";
import { ROOT, running, settled } from "./fake/running";
import { fake, Uri } from "./fake/vscode";
import { status } from "./samples";

const folder = mkdtempSync(join(tmpdir(), "tokcost-"));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

function memento(): vscode.Memento {
  const kept = new Map<string, unknown>();
  const update = (key: string, value: unknown): Promise<void> => Promise.resolve(void kept.set(key, value));
  return { get: (key: string, otherwise?: unknown) => kept.get(key) ?? otherwise, update, keys: () => [] } as vscode.Memento; // prettier-ignore
}

function activated(): { dispose: () => void } {
  const subscriptions: { dispose(): unknown }[] = [];
  const context = { subscriptions, globalState: memento(), extensionUri: Uri.file("/extension"), globalStorageUri: Uri.file("/nowhere") }; // prettier-ignore
  activate(context as unknown as vscode.ExtensionContext);
  return {
    dispose: () => {
      for (const one of subscriptions) one.dispose();
    },
  };
}

/** The context keys that menus ask, as they are now. */
function keys(): Record<string, unknown> {
  const set = fake.ran.filter(({ command }) => command === "setContext");
  return Object.fromEntries<unknown>(set.map(({ arguments: [key, value] }): [string, unknown] => [String(key), value]));
}

async function started(): Promise<{ uri: string; end: () => void }> {
  fake.reset();
  servers.reset();
  const uri = pathToFileURL(folder).toString();
  fake.folders.push(uri);
  fake.settings["tokcost.serverPath"] = process.execPath;
  const { dispose } = activated();
  for (let turn = 0; turn < 30 && servers.made.length === 0; turn++) await settled();
  await settled();
  return { uri, end: dispose };
}

test("without a repository nothing is started or shown, and in one the server and the walkthrough are", async () => {
  const asleep = await started();
  assert.deepEqual([servers.made.length, fake.items[0]?.["isVisible"]], [0, false]);
  asleep.end();
  mkdirSync(join(folder, ".git/objects"), { recursive: true });
  mkdirSync(join(folder, ".git/refs"));
  writeFileSync(join(folder, ".git/HEAD"), "ref: refs/heads/main\n");
  const awake = await started();
  assert.equal(servers.made.length, 1);
  assert.ok(fake.ran.some(({ command }) => command === "workbench.action.openWalkthrough"));
  awake.end();
});

test("menus follow the state, and the walkthrough is done when there is a figure", async () => {
  const { uri, end } = await started();
  const tell = async (changes: Parameters<typeof status>[0]): Promise<void> => {
    servers.made[0]?.tell("tokcost/status", status({ uri, ...changes }));
    await new Promise((resolve) => setTimeout(resolve, 140));
  };
  await tell({ tokens: 0, version: 1 });
  assert.deepEqual([keys()["tokcost.running"], keys()["tokcost.hasFigure"]], [true, false]);
  await tell({ version: 2, cost_lines: { enabled: true, problem: "", omitted: true } });
  const { "tokcost.hasFigure": has, "tokcost.linesOn": on, "tokcost.omitted": omitted } = keys();
  assert.deepEqual([has, on, omitted], [true, true, true]);
  assert.equal(fake.items[0]?.["text"], "$(graph) $1.84");
  end();
  await settled();
  assert.equal(servers.made[0]?.isDisposed, true);
});

test("a budget that is over is said once, and silence holds for the day", async () => {
  const one = await running();
  const kept = memento();
  const notices = new BudgetNotices(one.session, kept);
  const amounts = { list_cost: "21.000000000", amount: "$21.00", share: "105%", limit: "20.000000000", percent: 105 };
  const budget = {
    scope: "branch" as const,
    ...amounts,
    state: "over" as const,
    block: false,
    source: "clone" as const,
  };
  fake.picks.push("Not Again Today");
  for (const version of [1, 2, 3]) await one.tell(status({ uri: ROOT, version, budgets: [budget] }));
  const said = fake.shown.filter(({ kind }) => kind === "warning");
  assert.equal(said.length, 1);
  assert.match(said[0]?.message ?? "", /\$21\.00 of \$20\.00/);
  notices.dispose();
});
