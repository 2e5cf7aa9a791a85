import assert from "node:assert/strict";
import { test } from "node:test";
import { itemLook } from "../src/core/statusText";
import { tooltipMarkdown, TOOLTIP_COMMANDS } from "../src/core/tooltip";
import type { Status } from "../src/core/protocol";
import { nowhere, status } from "./samples";

test("the figure stands in the status bar, with a sentence for a screen reader", () => {
  assert.deepEqual(itemLook("running", status()), {
    text: "$(graph) $1.84",
    spoken: "tokcost, branch feat/login: $1.84 list cost, $0.50 pending",
    isWarning: false,
  });
});

test("outside of repositories nothing is shown", () => {
  assert.equal(itemLook("dormant", undefined), undefined);
  assert.equal(itemLook("running", nowhere()), undefined);
});

test("a budget that is exceeded warns, one that is near does not look like a problem", () => {
  const over = itemLook("running", status({ budget: "over" }));
  assert.deepEqual([over?.text, over?.isWarning], ["$(warning) $1.84", true]);
  const near = itemLook("running", status({ budget: "near" }));
  assert.deepEqual([near?.text, near?.isWarning], ["$(graph) $1.84", false]);
});

test("an import, a problem and a server that is missing look different from a figure", () => {
  assert.equal(itemLook("running", status({ state: "importing" }))?.text, "$(sync~spin) $1.84");
  const problem = itemLook("running", { ...nowhere(), state: "problem", problem: "the ledger is damaged" });
  assert.equal(problem?.text, "$(error) tokcost");
  assert.match(problem.spoken, /the ledger is damaged/);
  assert.equal(itemLook("missing", undefined)?.text, "$(graph) tokcost: set up");
  assert.equal(itemLook("failed", undefined)?.text, "$(error) tokcost");
});

test("the user chooses which figure is shown", () => {
  assert.equal(itemLook("running", status(), "branchAndPending")?.text, "$(graph) $1.84 ($0.50 pending)");
  assert.equal(itemLook("running", status({ pending_text: "" }), "branchAndPending")?.text, "$(graph) $1.84");
  assert.equal(itemLook("running", status(), "today")?.text, "$(graph) $3.10 today");
});

test("a format of the user's is written with the server's amounts", () => {
  const tooltip = [
    ...status().tooltip,
    { name: "tokens", label: "Tokens", value: "≈1.0k" },
    { name: "models", label: "Models", value: "opus-4-5" },
  ];
  const text = (format: string, changes: Partial<Status> = {}): string =>
    itemLook("running", status({ tooltip, ...changes }), "branch", format)?.text ?? "";
  assert.equal(text("$(zap) {branch} {list_cost} ({tokens})"), "$(zap) feat/login $1.84 (≈1.0k)");
  assert.equal(
    text("{pending}, {today} today, {models}, {budget}"),
    "$0.50, $3.10 today, opus-4-5, branch 62% of $20.00",
  );
  assert.equal(text("{{{list_cost}}} {cost} {toString}"), "{$1.84} {cost} {toString}");
  assert.equal(text("{list_cost}", { text: "≥$1.84 + unpriced" }), "≥$1.84 + unpriced");
  assert.equal(text("  "), "$(graph) $1.84");
  assert.equal(text("{pending}", { pending_text: "" }), "$(graph) $1.84");
});

test("a format hides no warning and lets no branch bring an icon", () => {
  const text = (changes: Partial<Status>): string =>
    itemLook("running", status(changes), "branch", "{branch} {list_cost}")?.text ?? "";
  assert.equal(text({ budget: "over" }), "$(warning) feat/login $1.84");
  assert.equal(text({ stale: true }), "$(clock) feat/login $1.84");
  assert.equal(text({ state: "importing" }), "$(sync~spin) feat/login $1.84");
  assert.equal(text({ rule_state: "over" }), "feat/login $1.84 $(bell-dot)");
  assert.equal(text({ no_logs: true, text: "no logs" }), "$(graph) no logs");
  assert.equal(text({ tooltip: [{ name: "branch", label: "Branch", value: "$(bug) x" }] }), "\\$(bug) x $1.84");
});

test("the tooltip is a table whose every command is on the list", () => {
  const shown = tooltipMarkdown("running", status());
  assert.match(shown, /^\| Branch(&nbsp;)+ \| feat\/login \|\n\|:--\|:--\|\n\| List cost(&nbsp;)+ \| &#36;1&#46;84 \|/);
  const commands = [...shown.matchAll(/\(command:([\w.]+)/g)].map((found) => found[1]);
  assert.ok(commands.length >= 3);
  assert.deepEqual(
    commands.filter((one) => !TOOLTIP_COMMANDS.includes(one ?? "")),
    [],
  );
});

test("a branch cannot bring links, icons, HTML or cells into the tooltip", () => {
  const evil = "[x](command:workbench.action.quit)|<img src=x>$(bug)`*\\";
  const shown = tooltipMarkdown("running", status({ tooltip: [{ name: "branch", label: "Branch", value: evil }] }));
  const row = shown.split("\n")[0] ?? "";
  assert.doesNotMatch(row, /[[\]()<>`*\\]|\$/);
  assert.equal(row.split("|").length, 4);
});

test("what is not in the figures yet is said", () => {
  assert.match(tooltipMarkdown("running", status({ stale: true })), /not in these figures yet/);
  assert.match(tooltipMarkdown("running", status({ state: "importing" })), /Still reading logs/);
  assert.doesNotMatch(tooltipMarkdown("running", status()), /not in these figures|Still reading/);
});
