/** Lists of any length: a page says how many there are and draws the first ones. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Branch, BranchTable, TableRow, Unplaced } from "../src/core/protocol";
import { dayChart } from "../src/webview/charts";
import type { PageModel, TableModel } from "../src/webview/messages";
import { MOST_ROWS } from "../src/webview/pieces";
import { tableSections } from "../src/webview/table";
import { options, sections } from "../src/webview/view";
import { branch, figures, model } from "./samples";

const MANY = 200_000;

function many<T>(make: (index: number) => T, count = MANY): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function page(changes: Partial<Branch>): ReturnType<typeof sections> {
  const shown: PageModel = {
    ...{ version: 1, repository: "/w/shop", name: "feat/login", branch: branch(changes), why: undefined },
    ...{ names: [], current: null, budgets: [], today: "", noLogs: [], takesEstimates: false, isStale: false },
  };
  return sections(shown);
}

function hasFirstAndRest(text: string): void {
  assert.equal(text.match(/<tr>/g)?.length, MOST_ROWS + 2);
  assert.match(text, /and 198,000 more, which are in the sums/);
}

const named = <T>(one: T): Record<string, T> => Object.fromEntries(many((index) => [`name-${String(index)}`, one]));

test("models, assistants, days and commits beyond thousands are counted, not drawn", () => {
  const made = page({
    models: named(model("opus", "0.5")),
    assistants: named(figures("0.5")),
    days: named(figures("0.5")),
    commits: many((index) => ({
      ...{ commit: String(index).padStart(40, "0"), claims: [], list_cost: "0", amount: "", tokens: 1 },
      ...{ unpriced_tokens: 0, published: true, subject: "", time: "2026-11-02T10:00:00Z" },
    })),
  });
  for (const text of [made.models.text, made.assistants.text, made.days.text, made.commits.text]) hasFirstAndRest(text);
});

test("a list that is just as long as a page says nothing of others", () => {
  const models = Object.fromEntries(many((index) => [String(index), model("opus", "0.5")], MOST_ROWS));
  assert.doesNotMatch(page({ models }).models.text, /more, which/);
});

test("a commit with very many claims names the first ones", () => {
  const [commit] = branch().commits;
  assert.ok(commit !== undefined);
  const { text } = page({ commits: [{ ...commit, claims: many((index) => `claim${String(index)}`) }] }).commits;
  assert.match(text, /claim99 \+199,900/);
});

test("days thousands of years apart are drawn as the last sixty", () => {
  const days = ["0001-01-01", "2026-11-27", "9999-12-31"].map((day) => ({ day, value: 1, label: "$1.00" }));
  const { text } = dayChart(days, "x");
  assert.equal(text.match(/<title>/g)?.length, 60);
  assert.match(text, /9999-12-31: \$1\.00/);
});

test("the page of all branches draws the first rows of its order and of what is on none", () => {
  const row = (name: string): TableRow => ({
    ...{ branch: name, current: false, state: "active", usage: 1, tokens: 1, list_cost: "0.1", amount: "$0.10" },
    ...{ pending_amount: "", pending_list_cost: "0", estimated_counts: 0, first: null, last: null },
  });
  const unplaced = (index: number): Unplaced => ({
    ...row(""),
    ...{ session: `s${String(index)}`, short_id: "s", assistant: "codex", reasons: [], directories: many(String, 300) },
  });
  const none = { tokens: 0, list_cost: "0" };
  const total: BranchTable["total"] = row("");
  const shown: TableModel = {
    ...{ version: 1, repository: "/w/shop", current: null, isStale: false, total },
    rows: many((index) => row(`b${String(index)}`)),
    unplaced: many(unplaced, MOST_ROWS + 1),
    conservation: { total: none, carried: none, withheld: none, bound: none, pending: none, unplaced: none },
  };
  const made = tableSections(shown);
  hasFirstAndRest(made.all.text);
  assert.match(made.all.text, /200,000 branches/);
  assert.match(made.unplaced.text, /and 1 more, which are in the sums/);
  assert.match(made.unplaced.text, /99 \+200/);
});

test("the chooser has the first branches, and the chosen one also where it is not among them", () => {
  const names = many((index) => `b${String(index)}`);
  const { text } = options({ name: "b199999", names, current: "b0" });
  assert.equal(text.match(/<option/g)?.length, MOST_ROWS + 2);
  assert.match(text, /value="b199999" selected/);
});
