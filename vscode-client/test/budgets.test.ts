import assert from "node:assert/strict";
import { test } from "node:test";
import { budgetNews, dayOf, remembering, type Memory } from "../src/core/budgetNews";
import { commitNews } from "../src/core/commitNews";
import type { Budget, BudgetState, Status } from "../src/core/protocol";
import { status } from "./samples";

const TODAY = "2026-11-27";

function budget(state: BudgetState, more: Partial<Budget> = {}): Budget {
  const amounts = { list_cost: "17.000000000", amount: "$17.00", share: "85%", limit: "20.000000000", percent: 85 };
  return { scope: "branch", ...amounts, state, block: false, source: "clone", ...more };
}

function shown(state: BudgetState, more: Partial<Status> = {}, of: Partial<Budget> = {}): Status {
  return status({ stale: false, budgets: [budget(state, of)], ...more });
}

/** The news of a status, and the memory once they were told. */
function told(one: Status, memory: Memory, day = TODAY): [string[], Memory] {
  const news = budgetNews(one, memory, day);
  const after = news.reduce((before, { key, state }) => remembering(before, key, state, day), memory);
  return [news.map((each) => each.state), after];
}

test("a budget that comes near its limit is told once a day, and again when it is over", () => {
  let memory: Memory = {};
  const steps: [BudgetState, string[]][] = [
    ["ok", []],
    ["near", ["near"]],
    ["near", []],
    ["over", ["over"]],
    ["over", []],
    ["near", []],
    ["over", []],
  ];
  for (const [state, expected] of steps) {
    let found: string[];
    [found, memory] = told(shown(state), memory);
    assert.deepEqual(found, expected, state);
  }
  assert.deepEqual(told(shown("over"), memory, "2026-11-28")[0], ["over"]);
});

test("a silenced budget says nothing more today, and others do", () => {
  const [news] = budgetNews(shown("near"), {}, TODAY);
  assert.ok(news !== undefined);
  const memory = remembering({}, news.key, "silenced", TODAY);
  assert.deepEqual(told(shown("over"), memory)[0], []);
  assert.deepEqual(told(shown("near", {}, { scope: "day" }), memory)[0], ["near"]);
  assert.deepEqual(told(shown("near", { branch: "other" }), memory)[0], ["near"]);
  assert.deepEqual(told(shown("near", { repository: "/elsewhere/shop" }), memory)[0], ["near"]);
  assert.deepEqual(told(shown("near"), memory, "2026-11-28")[0], ["near"]);
});

test("the budget of a day is one for all branches", () => {
  const [, memory] = told(shown("near", {}, { scope: "day" }), {});
  assert.deepEqual(told(shown("near", { branch: "other" }, { scope: "day" }), memory)[0], []);
});

test("figures that are not current say nothing yet", () => {
  assert.deepEqual(told(shown("over", { stale: true }), {})[0], []);
  assert.deepEqual(told(shown("over", { state: "importing" }), {})[0], []);
});

test("the words name the repository, the branch, the figures and what will happen", () => {
  const over = { block: true, amount: "≥$21.00 + unpriced", share: "≥105%" };
  const [news] = budgetNews(shown("over", {}, over), {}, TODAY);
  assert.match(
    news?.message ?? "",
    /^feat\/login in \S+: ≥\$21\.00 \+ unpriced of \$20\.00 list \(≥105%\), over the branch budget/,
  );
  assert.match(news?.message ?? "", /the next commit will be stopped\.$/);
});

test("the words tell repositories apart whose folders have the same name", () => {
  const [news] = budgetNews(shown("near"), {}, TODAY, "left/shop");
  assert.match(news?.message ?? "", /^feat\/login in left\/shop: /);
});

test("days that have passed are forgotten", () => {
  assert.deepEqual(Object.keys(remembering({ old: { day: "2026-11-26", said: "over" } }, "new", "near", TODAY)), [
    "new",
  ]);
  assert.equal(dayOf(new Date(2026, 0, 5, 23, 59)), "2026-01-05");
});

test("a commit that a budget stopped says how to go on, one that was made that it was", () => {
  const said = { stopped: true, text: "branch main: over; the commit was stopped", time_ms: 1000 };
  const stopped = commitNews(status({ commit_said: said }), 0, 2000);
  assert.match(stopped?.message ?? "", /stopped\. To commit once anyway: git commit --no-verify/);
  const warned = commitNews(status({ commit_said: { ...said, stopped: false, text: "near" } }), 0, 2000);
  assert.equal(warned?.message, "the commit was made: near");
});

test("a commit is told once, and not long afterwards", () => {
  const said = { stopped: true, text: "over", time_ms: 1000 };
  assert.equal(commitNews(status({ commit_said: said }), 1000, 2000), undefined);
  assert.equal(commitNews(status({ commit_said: said }), 0, 100_000), undefined);
  assert.equal(commitNews(status({ commit_said: null }), 0, 2000), undefined);
  assert.equal(commitNews(status(), 0, 2000), undefined);
});
