/** What is shown in the editor and asked of the server, on an editor and a server that remember it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type * as vscode from "vscode";
import type { Status } from "../src/core/protocol";
import { assign } from "../src/ui/assign";
import { askBudget } from "../src/ui/budget";
import { registerCommands } from "../src/ui/commands";
import { openCommit } from "../src/ui/commits";
import { CostLines } from "../src/ui/costLines";
import { showMenu } from "../src/ui/menu";
import { NextCommitView } from "../src/ui/nextCommitView";
import { StatusBar } from "../src/ui/statusBar";
import { SummaryPanels, type PageActions } from "../src/ui/summaryPanel";
import { TextPages } from "../src/ui/textPages";
import { servers } from "./fake/languageclient";
import { ROOT, running, settled, type Running } from "./fake/running";
import { fake, ThemeColor, Uri, type Panel } from "./fake/vscode";
import { branch, next, nowhere, page, status } from "./samples";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

function here(changes: Partial<Status> = {}): Status {
  return status({ uri: ROOT, ...changes });
}

/** The commands of the server that were asked, with what they were given. */
function asked({ server }: Running): [string, unknown][] {
  return server.asked.map(({ command, wish }) => [command, wish]);
}

test("the status bar shows the figure as the settings say, and hides outside of repositories", () => {
  fake.reset();
  const bar = new StatusBar();
  const item = fake.items[0] ?? {};
  bar.show("running", here(), undefined);
  assert.deepEqual([item["text"], item["isVisible"], item["command"]], ["$(graph) $1.84", true, "tokcost.showMenu"]);
  const tooltip = item["tooltip"] as { isTrusted: { enabledCommands: string[] }; supportHtml: boolean };
  assert.equal(tooltip.supportHtml, false);
  assert.ok(tooltip.isTrusted.enabledCommands.includes("tokcost.openSummary"));
  fake.settings["tokcost.statusBar.show"] = "today";
  bar.show("running", here({ budget: "over" }), undefined);
  assert.equal(item["text"], "$(warning) $3.10 today");
  assert.deepEqual(item["backgroundColor"], new ThemeColor("statusBarItem.warningBackground"));
  fake.settings["tokcost.statusBar.format"] = "{branch} {list_cost}";
  bar.show("running", here(), undefined);
  assert.deepEqual([item["text"], item["backgroundColor"]], ["feat/login $1.84", undefined]);
  fake.settings["tokcost.statusBar.show"] = "nonsense";
  bar.show("running", nowhere(), undefined);
  assert.equal(item["isVisible"], false);
});

test("nothing is switched on by looking, by leaving, or without the text that has to be read", async () => {
  const one = await running();
  const lines = new CostLines(one.session, new TextPages());
  const preview = { branch: "main", enabled: false, lines: ["AI-Cost: x"], text: "AI-Cost: x", consent_text: "READ" };
  servers.answer = () => preview;
  await lines.preview(here());
  fake.picks.push("Rounded, with models");
  await lines.enable(here());
  assert.deepEqual(
    asked(one).map(([command]) => command),
    ["tokcost.preview", "tokcost.preview"],
  );
  assert.equal(fake.shown.at(-1)?.detail, "READ");
});

test("agreeing sends the terms that were shown, with consent", async () => {
  const one = await running();
  const lines = new CostLines(one.session, new TextPages());
  servers.answer = (command) =>
    command === "tokcost.enable"
      ? { text: "on", hooks_complete: true, hooks_text: "" }
      : { branch: "main", enabled: false, lines: ["AI-Cost: x"], text: "x", consent_text: "READ" };
  fake.picks.push("Exact, without models", "Put Cost Lines into Commits");
  await lines.enable(here());
  assert.deepEqual(asked(one), [
    ["tokcost.preview", { uri: ROOT, precision: "exact", models: false }],
    ["tokcost.enable", { uri: ROOT, precision: "exact", models: false, consent: true }],
  ]);
});

test("leaving a line out and switching lines off are asked of the repository that is meant", async () => {
  const one = await running();
  const lines = new CostLines(one.session, new TextPages());
  servers.answer = () => ({ text: "done" });
  await lines.omit({ uri: ROOT }, true);
  await lines.omit({ uri: ROOT }, false);
  await lines.disable(here());
  assert.deepEqual(asked(one), [
    ["tokcost.omit", { uri: ROOT, omit: true }],
    ["tokcost.omit", { uri: ROOT, omit: false }],
    ["tokcost.disable", { uri: ROOT }],
  ]);
});

test("a budget is set after three answers and after no fewer", async () => {
  const one = await running();
  servers.answer = () => ({ text: "set", hooks_text: "" });
  for (const [picks, typed] of [
    [[], []],
    [["Each branch"], []],
    [["Each branch"], ["20"]],
  ] as const) {
    fake.picks.splice(0, fake.picks.length, ...picks);
    fake.typed.splice(0, fake.typed.length, ...typed);
    await askBudget(one.session, here());
  }
  assert.deepEqual(asked(one), []);
  fake.picks.splice(0, fake.picks.length, "Branch feat/login", "Stop the commit");
  fake.typed.push(" 7.50 ");
  await askBudget(one.session, here());
  fake.picks.push("A day in this repository");
  fake.typed.push("");
  await askBudget(one.session, here());
  assert.deepEqual(asked(one), [
    ["tokcost.budget", { uri: ROOT, scope: "branch", branch: "feat/login", amount: "7.50", block: true }],
    ["tokcost.budget", { uri: ROOT, scope: "day" }],
  ]);
});

test("the menu runs what was picked, about the repository that it was opened for", async () => {
  const one = await running();
  await one.tell(here());
  fake.picks.push("$(git-branch) All Branches");
  await showMenu(one.session);
  assert.deepEqual(fake.ran.at(-1), { command: "tokcost.openBranches", arguments: [{ uri: ROOT }] });
});

test("the next commit's line has a box that leaves it out, and that is asked once", async () => {
  const one = await running();
  const omitted: unknown[] = [];
  const lines = { omit: (which: { uri: string }, omit: boolean) => Promise.resolve(omitted.push([which.uri, omit])) };
  const view = new NextCommitView(one.session, lines as unknown as CostLines);
  await settled();
  assert.deepEqual(one.server.heard.at(-1)?.params, { next: true, page: null, branches: null });
  const costLines = { enabled: true, problem: "", omitted: false };
  await one.tell(here({ cost_lines: costLines, next: next("AI-Cost: ~2 USD list; ~1M tokens; opus; 7k3qf9x2m4tc") }));
  await new Promise((resolve) => setTimeout(resolve, 260));
  const [row] = view.getChildren();
  assert.ok(row !== undefined);
  assert.deepEqual([view.getTreeItem(row).contextValue, view.getChildren(row)], ["carried", []]);
  fake.checked.fire({ items: [[row, 0]] });
  assert.deepEqual(omitted, [[ROOT, true]]);
  view.dispose();
});

const nothing: PageActions = { assign: () => Promise.resolve(), openCommit: () => Promise.resolve() };

async function opened(
  actions: PageActions = nothing,
): Promise<Running & { panels: SummaryPanels; panel: () => Panel }> {
  const one = await running();
  const panels = new SummaryPanels(one.session, Uri.file("/extension") as unknown as vscode.Uri, actions);
  await one.tell(here());
  panels.open(here());
  const panel = (): Panel => fake.panels[0] ?? assert.fail("no panel");
  panel().tell({ type: "ready" });
  await settled();
  return { ...one, panels, panel };
}

test("a page follows the branch that is checked out, the one that was chosen, or all", async () => {
  const one = await opened();
  const followed = (): unknown => one.server.heard.filter((each) => each.method === "tokcost/follow").at(-1)?.params;
  assert.deepEqual(followed(), { next: false, page: { uri: ROOT, branch: null }, branches: null });
  one.panel().tell({ type: "branch", name: "main" });
  await settled();
  assert.deepEqual(followed(), { next: false, page: { uri: ROOT, branch: "main" }, branches: null });
  await one.tell(here({ version: 2, page: page({ name: "feat/login" }) }));
  assert.equal(one.panel().posted.length, 0); // of the branch that was shown before
  await one.tell(here({ version: 3, page: page({ name: "main" }) }));
  assert.equal((one.panel().posted.at(-1) as { type: string }).type, "model");
  assert.equal(one.panel().title, "main");
  one.panel().tell({ type: "branch", name: "" });
  await settled();
  assert.deepEqual(followed(), { next: false, page: null, branches: ROOT });
  one.panel().hide();
  await settled();
  assert.deepEqual(followed(), { next: false, page: null, branches: null });
});

test("asked for again, the page is the same one", async () => {
  const one = await opened();
  one.panels.open(here(), "");
  assert.equal(fake.panels.length, 1);
});

test("a page demands that scripts have our nonce and text becomes elements in one place", async () => {
  const { html } = (await opened()).panel().webview;
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? "";
  assert.match(policy, /^default-src &#39;none&#39;/);
  assert.match(policy, /require-trusted-types-for &#39;script&#39;; trusted-types tokcost$/);
  const nonce = /script-src &#39;nonce-([0-9a-f]{32})&#39;/.exec(policy)?.[1] ?? "";
  assert.match(html, new RegExp(`<script nonce="${nonce}"`));
});

test("a page has nothing run but what is on the list", async () => {
  const one = await opened();
  fake.ran.length = 0;
  for (const command of ["workbench.action.quit", "tokcost.enableLines", "tokcost.omitNextLine", ["x"], undefined]) {
    one.panel().tell({ type: "command", command });
  }
  one.panel().tell("tokcost.previewLine");
  assert.deepEqual(fake.ran, []);
  one.panel().tell({ type: "command", command: "tokcost.previewLine" });
  assert.deepEqual(
    fake.ran.map(({ command }) => command),
    ["tokcost.previewLine"],
  );
});

test("a page opens the commits that it shows, and no other", async () => {
  const commits: string[] = [];
  const openCommit = (_: Status, commit: string): Promise<void> => Promise.resolve(void commits.push(commit));
  const one = await opened({ ...nothing, openCommit });
  const [shown] = branch().commits;
  assert.ok(shown !== undefined);
  await one.tell(here({ version: 2, page: page({ branch: branch({ commits: [{ ...shown, commit: COMMIT }] }) }) }));
  one.panel().tell({ type: "commit", commit: "f".repeat(40) });
  one.panel().tell({ type: "commit", commit: COMMIT });
  assert.deepEqual(commits, [COMMIT]);
});

test("what goes wrong behind a page is told", async () => {
  const one = await opened({ ...nothing, assign: () => Promise.reject(new Error("no usage agrees")) });
  one.panel().tell({ type: "assign", session: "s" });
  await settled();
  assert.match(fake.shown.at(-1)?.message ?? "", /tokcost: no usage agrees/);
});

test("usage is assigned after the branch was chosen and what would move was seen", async () => {
  const one = await running();
  servers.answer = (command) =>
    command === "tokcost.branches"
      ? { branches: ["feat/login", "main"] }
      : { usage: 2, tokens: 1234, amount: "≥$3.10 list + unpriced" };
  await assign(one.session, here(), "5f0c");
  fake.picks.push("main");
  await assign(one.session, here(), "5f0c");
  const wanted = { uri: ROOT, branch: "main", unplaced: true, session: "5f0c" };
  assert.deepEqual(asked(one).at(-1), ["tokcost.assign", { ...wanted, dry_run: true }]);
  assert.equal(fake.shown.at(-1)?.message, "Assign 2 responses to main?");
  assert.match(fake.shown.at(-1)?.detail ?? "", /≥\$3\.10 list \+ unpriced, 1,234 tokens/);
  fake.picks.push("main", "Assign");
  await assign(one.session, here(), "5f0c");
  assert.deepEqual(asked(one).at(-1), ["tokcost.assign", wanted]);
});

test("a commit opens in the editor's view of it, and as text where that is missing or fails", async () => {
  const one = await running();
  const pages = new TextPages();
  servers.answer = () => ({ text: "commit 0123456" });
  fake.known.push("git.viewCommit");
  await openCommit(one.session, pages, here(), COMMIT);
  assert.equal(fake.ran.at(-1)?.command, "git.viewCommit");
  assert.deepEqual(asked(one), []);
  fake.failing.add("git.viewCommit");
  await openCommit(one.session, pages, here(), COMMIT);
  fake.known.length = 0;
  await openCommit(one.session, pages, here(), COMMIT);
  assert.deepEqual(asked(one), Array(2).fill(["tokcost.commit", { uri: ROOT, commit: COMMIT }]));
  assert.deepEqual(fake.pages.at(-1), { uri: "tokcost:/tokcost 0123456.txt", language: "diff" });
});

test("commands act on the repository that is named, and say why there is none", async () => {
  const one = await running("file:///w/one", "file:///w/two");
  const opened: string[] = [];
  const panels = { open: (of: Status, which?: string) => void opened.push(`${of.uri} ${which ?? "checked out"}`) };
  const parts = { session: one.session, panels, setup: {} as unknown, log: {}, lines: {}, pages: {} };
  const disposable = registerCommands(parts as unknown as Parameters<typeof registerCommands>[0]);
  const run = (name: string, argument?: unknown): Promise<void> =>
    fake.registered.get(`tokcost.${name}`)?.(argument) ?? assert.fail(name);
  await run("openSummary");
  assert.match(fake.shown.at(-1)?.message ?? "", /no open folder is in a git repository/);
  await one.tell(status({ uri: "file:///w/one" }), status({ uri: "file:///w/two" }));
  await run("openSummary", { uri: "file:///w/two" });
  await run("openSummary", Uri.parse("file:///w/two/src/a.ts"));
  await run("openBranches", { rootUri: Uri.parse("file:///w/one") });
  await run("openBranches", { rootUri: 7 });
  assert.deepEqual(opened, [
    "file:///w/two checked out",
    "file:///w/two checked out",
    "file:///w/one ",
    "file:///w/one ",
  ]);
  disposable.dispose();
  assert.equal(fake.registered.size, 0);
});
