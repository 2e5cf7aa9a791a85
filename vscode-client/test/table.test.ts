/** The page of all branches. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { TableRow, Unplaced } from "../src/core/protocol";
import { ALL, fromPage, pageOf, pageState, type Column, type TableModel } from "../src/webview/messages";
import { clicked, NEWEST_FIRST, sorted, tableSections } from "../src/webview/table";
import { options } from "../src/webview/view";
import { status } from "./samples";

const NONE = { tokens: 0, list_cost: "0.000000000" };

function row(branch: string, cost: string, tokens: number, changes: Partial<TableRow> = {}): TableRow {
  const figures = { usage: 1, tokens, list_cost: cost, amount: `$${Number(cost).toFixed(2)}`, estimated_counts: 0 };
  const times = { first: "2026-11-01T10:00:00Z", last: "2026-11-02T10:00:00Z" };
  const pending = { pending_amount: "", pending_list_cost: "0.000000000" };
  return { branch, current: false, state: "active", ...figures, ...times, ...pending, ...changes };
}

function unplaced(changes: Partial<Unplaced> = {}): Unplaced {
  const found = { session: "5f0c-11", short_id: "5f0c", assistant: "claude-code" };
  return {
    ...row("", "3.100000000", 500),
    ...found,
    reasons: ["HEAD was on no branch then (detached)."],
    directories: ["/w"],
    ...changes,
  };
}

function model(changes: Partial<TableModel> = {}): TableModel {
  const rows = [
    row("feat/z", "10.000000000", 100, { last: "2026-11-05T10:00:00Z" }),
    row("feat/a", "9.000000000", 300, { last: "2026-11-04T10:00:00Z", state: "merged", pending_amount: "$1.00" }),
    row("main", "0.000000000", 0, { usage: 0, current: true, last: null }),
  ];
  const sums = {
    carried: { ...NONE, tokens: 400 },
    unplaced: { ...NONE, tokens: 500 },
    total: { ...NONE, tokens: 900 },
  };
  return {
    rows,
    unplaced: [unplaced()],
    total: { usage: 3, tokens: 900, list_cost: "22.1", amount: "$22.10", estimated_counts: 0, first: null, last: null },
    conservation: { withheld: NONE, bound: NONE, pending: NONE, ...sums },
    version: 1,
    repository: "/w/shop",
    current: "main",
    isStale: false,
    ...changes,
  };
}

test("every column sorts, figures as numbers and not as text", () => {
  const order = (column: Column, isDescending: boolean): string[] =>
    sorted(model().rows, { column, isDescending }).map((one) => one.branch);
  assert.deepEqual(order("branch", false), ["feat/a", "feat/z", "main"]);
  assert.deepEqual(order("cost", true), ["feat/z", "feat/a", "main"]);
  assert.deepEqual(order("tokens", true), ["feat/a", "feat/z", "main"]);
  assert.deepEqual(order("last", false), ["main", "feat/a", "feat/z"]);
  assert.deepEqual(order("state", false), ["feat/z", "main", "feat/a"]);
  const pending = model().rows.map((one, at) => ({ ...one, pending_list_cost: `${String(9 + at)}.5` }));
  assert.equal(sorted(pending, { column: "pending", isDescending: true })[0]?.branch, "main");
});

test("a second click on a head turns the order around, names begin with the first and figures with the most", () => {
  assert.deepEqual(clicked(NEWEST_FIRST, "last"), { column: "last", isDescending: false });
  assert.deepEqual(clicked(NEWEST_FIRST, "branch"), { column: "branch", isDescending: false });
  assert.deepEqual(clicked(NEWEST_FIRST, "cost"), { column: "cost", isDescending: true });
});

test("the order is told to screen readers, and each branch leads to its page", () => {
  const { text } = tableSections(model(), { column: "cost", isDescending: true }).all;
  assert.match(text, /aria-sort="descending">\s*<button[^>]*data-sort="cost"/);
  assert.equal(text.match(/aria-sort="none"/g)?.length, 5);
  assert.match(text, /data-branch="feat\/a"/);
  assert.match(text, /main<\/button>\s*<span class="meaning">checked out/);
  assert.match(text, /Branches 400 \+ on none 500 = total 900 tokens\. The sum closes/);
});

test("a sum that does not close says so", () => {
  const broken = { ...model().conservation, total: { ...NONE, tokens: 901 } };
  assert.match(tableSections(model({ conservation: broken })).all.text, /does not close/);
});

test("usage on no branch has its reason, its folder and a button, unless no session is named", () => {
  const { text } = tableSections(model()).unplaced;
  assert.match(text, /detached/);
  assert.match(text, /data-assign="5f0c-11"/);
  assert.match(text, /\$3\.10/);
  const nameless = tableSections(model({ unplaced: [unplaced({ session: "", short_id: "" })] })).unplaced.text;
  assert.doesNotMatch(nameless, /data-assign/);
  assert.equal(tableSections(model({ unplaced: [] })).unplaced.text, "");
});

test("names of others are text on the page of all branches", () => {
  const name = '<img src=x onerror=alert(1)>"';
  const rows = [row(name, "1.000000000", 1)];
  const found = unplaced({ session: name, directories: [name], reasons: [] });
  const made = tableSections(model({ rows, unplaced: [found] }));
  assert.doesNotMatch(made.all.text + made.unplaced.text, /<img|x"[^>]*onerror/);
});

test("all branches are a choice beside each of them", () => {
  const made = options({ name: ALL, names: ["main"], current: "main" }).text;
  assert.match(made, /<option value="" selected>All branches<\/option>\s*<option value="main">main \(checked out\)/);
});

test("the page of all branches comes from the state, once that has it", () => {
  const branches = model();
  assert.equal(pageOf(status({ branches: null }), ALL), undefined);
  const message = pageOf(status({ branches, stale: true, version: 7 }), ALL);
  assert.ok(message?.type === "table");
  assert.deepEqual([message.model.rows.length, message.model.isStale, message.model.version], [3, true, 7]);
});

test("a page can ask for a commit by its id and for an assignment by a session, and for nothing like them", () => {
  const commit = "0123456789abcdef0123456789abcdef01234567";
  assert.deepEqual(fromPage({ type: "commit", commit }), { type: "commit", commit });
  assert.deepEqual(fromPage({ type: "assign", session: "s", branch: "x" }), { type: "assign", session: "s" });
  for (const wrong of ["--output=x", commit.slice(1), `${commit}\n`, commit.toUpperCase(), 7, undefined]) {
    assert.equal(fromPage({ type: "commit", commit: wrong }), undefined, String(wrong));
  }
  for (const wrong of ["", 7, undefined, "s".repeat(5000)]) {
    assert.equal(fromPage({ type: "assign", session: wrong }), undefined);
  }
});

test("the order that was chosen survives the window, and nonsense does not", () => {
  const order = { column: "cost", isDescending: true };
  assert.deepEqual(pageState({ uri: "file:///w", branch: "", order }), { uri: "file:///w", branch: "", order });
  for (const wrong of [7, null, { column: "x", isDescending: true }, { column: "cost", isDescending: "yes" }]) {
    assert.deepEqual(pageState({ uri: "file:///w", order: wrong }), { uri: "file:///w", branch: undefined });
  }
});
