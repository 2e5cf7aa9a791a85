import assert from "node:assert/strict";
import { test } from "node:test";
import { amountProblem, budgetChoices } from "../src/core/budgetText";
import { menuEntries, menuTitle } from "../src/core/menu";
import { emptyText, nextLines, titleText } from "../src/core/nextLine";
import type { Budget } from "../src/core/protocol";
import { next, nowhere, status } from "./samples";

const commands = (...args: Parameters<typeof menuEntries>): string[] =>
  menuEntries(...args).flatMap((entry) => (entry.command === undefined ? [] : [entry.command.replace("tokcost.", "")]));

const on = { enabled: true, problem: "", omitted: false };

test("the menu offers what can be done with a branch", () => {
  const offered = commands("running", status());
  for (const one of ["openSummary", "previewLine", "enableLines", "setBudget", "showReport", "runDoctor", "showLog"]) {
    assert.ok(offered.includes(one), one);
  }
  assert.ok(!offered.includes("disableLines"));
  assert.ok(!offered.includes("omitNextLine"));
});

test("where lines are on, they can be stopped, and one be left out or added again", () => {
  const offered = commands("running", status({ cost_lines: on }));
  assert.ok(offered.includes("disableLines") && offered.includes("omitNextLine") && !offered.includes("enableLines"));
  const omitted = commands("running", status({ cost_lines: { ...on, omitted: true } }));
  assert.ok(omitted.includes("addNextLine") && !omitted.includes("omitNextLine"));
});

test("where a repository forbids lines, the menu says so", () => {
  const forbidden = { enabled: false, problem: ".tokcost.toml of this repository forbids cost lines.", omitted: false };
  const entries = menuEntries("running", status({ cost_lines: forbidden }));
  assert.equal(entries.find((entry) => entry.command === "tokcost.enableLines")?.description, forbidden.problem);
});

test("without a server the menu leads to one, without a repository to nothing of one", () => {
  assert.equal(commands("missing", undefined)[0], "setUpServer");
  assert.deepEqual(commands("failed", undefined).slice(0, 2), ["restartServer", "showLog"]);
  assert.ok(!commands("running", nowhere()).includes("openSummary"));
});

test("the menu names the repository where more than one is open", () => {
  assert.equal(menuTitle(status(), undefined), "tokcost: feat/login");
  assert.equal(menuTitle(status(), "shop"), "tokcost: shop, feat/login");
  assert.equal(menuTitle(status({ branch: null }), undefined), "tokcost");
});

test("Source Control shows the next line where lines are on", () => {
  assert.deepEqual(nextLines([status({ next: next("AI-Cost: x") })]), []);
  assert.deepEqual(nextLines([status({ cost_lines: on })]), []);
  const [shown] = nextLines([status({ cost_lines: on, next: next("AI-Cost: x\nAI-Tokens: y") })]);
  assert.deepEqual(shown?.lines, ["AI-Cost: x", "AI-Tokens: y"]);
  assert.equal(shown.spoken, "AI-Cost: x; AI-Tokens: y, goes into the next commit");
  const [omitted] = nextLines([status({ cost_lines: { ...on, omitted: true }, next: next("AI-Cost: x") })]);
  assert.match(omitted?.spoken ?? "", /left out of the next commit$/);
});

test("where more than one repository is open each row says which it is of", () => {
  const here = { cost_lines: on, next: next("AI-Cost: x") };
  const other = { ...here, cost_lines: { ...on, omitted: true }, uri: "file:///v/shop" };
  const rows = nextLines([status(here), status(other), status({ uri: "file:///w/api" })]);
  assert.deepEqual(
    rows.map((row) => [row.name, row.isOmitted]),
    [
      ["w/shop", false],
      ["v/shop", true],
    ],
  );
  assert.match(rows[1]?.spoken ?? "", /^v\/shop: AI-Cost: x, left out/);
});

test("a row of Source Control is short: the key is in its title, and of models the dearest", () => {
  const row = (line: string, omitted = false): (string | undefined)[] => {
    const [shown] = nextLines([status({ cost_lines: { ...on, omitted }, next: next(line) })]);
    return [shown?.label, shown?.description];
  };
  const line = "AI-Cost: ~2 USD list; ~2M tokens; claude-opus-4-5-20251101, claude-sonnet-4-5, +2; 7k3qf9x2m4tc";
  assert.deepEqual(row(line), ["~2 USD list; ~2M tokens", "opus-4-5 +3"]);
  assert.deepEqual(row(line, true), ["~2 USD list; ~2M tokens", "left out"]);
  assert.deepEqual(row("AI-Cost: unpriced; 9 tokens; +1; 7k3qf9x2m4tc"), ["unpriced; 9 tokens", "+1"]);
  assert.deepEqual(row("AI-Cost: 0.0241 USD list + unpriced; 9 tokens; -; 7k3qf9x2m4tc"), [
    "0.0241 USD list + unpriced; 9 tokens",
    "",
  ]);
});

test("Source Control says when there is nothing to carry", () => {
  const nothing = nextLines([status({ cost_lines: on, next: next() })]);
  assert.match(emptyText(nothing) ?? "", /^Nothing is pending/);
  assert.equal(emptyText([]), undefined);
});

test("the title of the view says what one repository has pending", () => {
  assert.equal(titleText([status()]), "AI-Cost Line: $0.50 pending");
  assert.equal(titleText([status(), status()]), "AI-Cost Line");
  assert.equal(titleText([]), "AI-Cost Line");
});

test("a budget is offered for what makes sense here", () => {
  const day: Budget = {
    scope: "day",
    list_cost: "31.000000000",
    limit: "50.000000000",
    percent: 62,
    amount: "$12.40",
    share: "62%",
    state: "ok",
    block: true,
    source: "clone",
  };
  const detached = budgetChoices(status({ branch: null, budgets: [day] }));
  assert.deepEqual(
    detached.map((one) => [one.scope, one.description]),
    [["day", "62% of $50.00 list, stops commits when over"]],
  );
  const scopes = budgetChoices(status()).map((one) => one.scope);
  assert.deepEqual(scopes, ["branch", "branch", "commit", "day"]);
});

test("an amount is one the server understands", () => {
  for (const good of ["20", "7.50", "$5", ".5", "none", ""]) assert.equal(amountProblem(good), undefined, good);
  for (const bad of ["0", "0.00", "-3", "much", "1,5", "1e3"]) assert.notEqual(amountProblem(bad), undefined, bad);
});
