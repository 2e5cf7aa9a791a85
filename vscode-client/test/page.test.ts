import assert from "node:assert/strict";
import { test } from "node:test";
import { dollars, fullCount, shortTokens } from "../src/core/amounts";
import type { Branch } from "../src/core/protocol";
import { dayChart } from "../src/webview/charts";
import { html } from "../src/webview/html";
import { fromPage, PAGE_COMMANDS, type PageModel, pageState } from "../src/webview/messages";
import { shell } from "../src/webview/shell";
import { options, sections, SECTIONS } from "../src/webview/view";
import { branch, figures, why, model as modelOf } from "./samples";

const model = (changes: Partial<PageModel> = {}, one: Partial<Branch> = {}): PageModel => ({
  repository: "/w/shop",
  name: "feat/login",
  branch: branch(one),
  why: why(),
  names: ["feat/login", "main"],
  current: "feat/login",
  budgets: [],
  today: "$3.10",
  noLogs: [],
  version: 1,
  takesEstimates: false,
  isStale: false,
  ...changes,
});

test("amounts and counts read as the server's do", () => {
  const shown = ["0", "1.835", "0.0121", "0.00005", "0.000049999", "1234567.891", "-0.5", "0.009999999"];
  assert.deepEqual(shown.map(dollars), [
    "$0.00",
    "$1.84",
    "$0.01",
    "$0.0001",
    "$<0.0001",
    "$1,234,567.89",
    "-$0.50",
    "$0.0100",
  ]);
  assert.deepEqual([999, 1000, 1234, 99_949, 123_456, 999_600, 4_500_000, 2e9].map(shortTokens), [
    "999",
    "1.0k",
    "1.2k",
    "99.9k",
    "123k",
    "1.0M",
    "4.5M",
    "2.0G",
  ]);
  assert.equal(fullCount(1234567), "1,234,567");
});

test("the page has a section for everything that is known of a branch", () => {
  const made = sections(model());
  const empty = SECTIONS.filter((name) => made[name].text === "");
  assert.deepEqual(empty, ["budgets"]);
  assert.match(made.figure.text, /\$1\.84/);
  assert.match(made.commits.text, /Let customers log in/);
});

test("every chart has a table that says the same", () => {
  const made = sections(model());
  for (const name of ["days", "drivers", "models", "assistants", "tokens", "parts", "evidence"] as const) {
    assert.match(made[name].text, /<svg/, name);
    assert.match(made[name].text, /<caption/, name);
    assert.match(made[name].text, /<th scope="row"/, name);
  }
});

test("the parts of a branch add up, and the page says whether they do", () => {
  assert.match(sections(model()).parts.text, /= total 300 tokens\. The sum closes to the last token\./);
  const { conservation } = branch();
  const broken = { ...conservation, total: { tokens: 301, list_cost: "1.840000000" } };
  assert.match(sections(model({}, { conservation: broken })).parts.text, /does not close/);
});

test("what drove the list cost is a bar whose parts a keyboard and a screen reader reach, and a table", () => {
  const { text } = sections(model()).drivers;
  assert.match(text, /role="list"\s+aria-label="What drove the list cost"/);
  const said = [...text.matchAll(/<g role="listitem" tabindex="0" aria-label="([^"]*)">/g)].map(([, words]) => words);
  assert.deepEqual(said, [
    "New input: $0.04, 2%, 2 responses",
    "Cache lost: pause: $1.20, 65%, 1 response",
    "Visible output: $0.60, 32%, 2 responses",
    "Web searches: $0.0050, &lt;1%, 2 responses",
  ]);
  const widths = [...text.matchAll(/<rect class="(?!track)\w+" x="([\d.]+)" width="([\d.]+)"/g)];
  const end = widths.at(-1) ?? [];
  assert.ok(Math.abs(Number(end[1]) + Number(end[2]) - 100) < 0.1);
  assert.match(text, /<th scope="row">[^]*Cache lost: pause/);
  assert.match(text, /<li>\$1\.20, 65 %: the cache expired once\.<\/li>/);
  assert.match(text, /Together \$1\.84: all of the list cost\./);
});

test("drivers say what they leave out, and when they do not add up", () => {
  const part = sections(model({ why: why({ unpriced_tokens: 1500, lower_bound_requests: 1 }) })).drivers.text;
  assert.match(part, /Not included: 1,500 tokens without a price\. The output of 1 response is only a lower bound\./);
  assert.match(sections(model({ why: why({ list_cost: "1.840000001" }) })).drivers.text, /do not add up/);
});

test("without drivers there is no section of them", () => {
  assert.equal(sections(model({ why: undefined })).drivers.text, "");
  assert.equal(sections(model({ why: why({ list_cost: "0.000000000" }) })).drivers.text, "");
});

test("a driver that this version does not know is shown under its name, escaped", () => {
  const drivers = [{ driver: `<b>"new"`, list_cost: "1.840000000", tokens: 1, requests: 1 }];
  const { text } = sections(model({ why: why({ drivers, findings: [{ of: "x", text: "<i>" }] }) })).drivers;
  assert.match(text, /aria-label="&lt;b&gt;&quot;new&quot;: \$1\.84, 100%, 1 response"/);
  assert.doesNotMatch(text, /<b>|<i>/);
});

test("what no provider told has a tile, which says that it is not published", () => {
  const guessed = { estimated_counts: 2, estimated_amount: "≈$0.20", amount: "≈$1.84" };
  const made = sections(model({}, guessed));
  for (const text of [/class="hero">\s*≈\$1\.84/, /≈300 tokens/, /≈\$0\.20[^]*not in cost lines/]) {
    assert.match(made.figure.text, text);
  }
  assert.doesNotMatch(sections(model({ takesEstimates: true }, guessed)).figure.text, /in no cost line/);
  assert.doesNotMatch(sections(model()).figure.text, /≈|Estimated/);
});

test("a budget shows how much of it is used, never more than its bar", () => {
  const budget = {
    scope: "branch",
    list_cost: "31.61",
    limit: "20",
    percent: 159,
    amount: "$31.61",
    share: "159%",
    state: "over",
    block: true,
    source: "clone",
  } as const;
  const { text } = sections(model({ budgets: [budget, { ...budget, scope: "day", limit: null }] })).budgets;
  assert.match(text, /159%/);
  assert.match(text, /over the limit, stops commits/);
  assert.match(text, /<rect class="red" width="100"/);
  assert.doesNotMatch(text, /Today/);
});

test("a branch without usage says so", () => {
  const made = sections(model({ branch: undefined, name: "main" }));
  assert.match(made.figure.text, /Nothing was spent on main yet/);
  assert.equal(made.commits.text, "");
});

test("names of others are text, wherever they stand", () => {
  const evil = `"><script>alert(1)</script>'`;
  const one = branch();
  const commits = one.commits.map((commit) => ({ ...commit, subject: evil }));
  const days = { [evil]: figures("1") };
  const made = sections(
    model(
      { name: evil },
      { models: { [evil]: modelOf(evil, "1") }, evidence: { [evil]: 1 }, state: evil, commits, days },
    ),
  );
  const all = SECTIONS.map((name) => made[name].text).join("") + options(model({ names: [evil] })).text;
  assert.doesNotMatch(all, /<script|value="">(?!All branches<)/);
  assert.match(all, /&lt;script&gt;/);
  assert.equal(
    html`<p title="${evil}"></p>`.text,
    '<p title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;"></p>',
  );
});

test("the chooser marks the branch that is checked out, and keeps one that has no usage", () => {
  const { text } = options(model({ name: "new" }));
  assert.match(text, /<option value="new" selected>new</);
  assert.match(text, /feat\/login \(checked out\)/);
});

test("days without spend are gaps, and a long time is cut at its beginning", () => {
  const day = (name: string): { day: string; value: number; label: string } => ({
    day: name,
    value: 1,
    label: "$1.00",
  });
  const gaps = dayChart([day("2026-11-01"), day("2026-11-04")], "x").text;
  assert.equal(gaps.match(/class="column"/g)?.length, 4);
  const long = dayChart([day("2025-01-01"), day("2026-11-04")], "x").text;
  assert.equal(long.match(/class="column"/g)?.length, 60);
  assert.match(long, /2026-11-04/);
});

test("nothing runs or loads in the page but our own script and style", () => {
  const sources = { script: "https://x/page.js", style: "https://x/summary.css", origin: "https://x", nonce: "abc" };
  const page = shell(sources, { uri: `file:///w/"><script>`, branch: undefined });
  assert.match(page, /default-src &#39;none&#39;; style-src https:\/\/x; script-src &#39;nonce-abc&#39;/);
  assert.equal(page.match(/<script/g)?.length, 1);
  assert.doesNotMatch(page, /unsafe|style="|onclick|javascript:/);
  const all = SECTIONS.map((name) => sections(model())[name].text).join("");
  assert.doesNotMatch(all, /style=|on\w+=|https?:/);
});

test("a message of the page is one of ours, or nothing", () => {
  assert.deepEqual(fromPage({ type: "ready", more: 1 }), { type: "ready" });
  assert.deepEqual(fromPage({ type: "branch", name: "x" }), { type: "branch", name: "x" });
  for (const command of PAGE_COMMANDS) {
    assert.deepEqual(fromPage({ type: "command", command, args: ["x"] }), { type: "command", command });
  }
  const refused: unknown[] = [
    undefined,
    null,
    "ready",
    7,
    [],
    {},
    { type: "reload" },
    { type: "branch" },
    { type: "branch", name: 7 },
    { type: "branch", name: { toString: "x" } },
    { type: "branch", name: "x".repeat(5000) },
    { type: "command" },
    { type: "command", command: "workbench.action.terminal.sendSequence" },
    { type: "command", command: "tokcost.enable" },
    { type: "command", command: ["tokcost.showReport"] },
    { type: "command", command: "toString" },
  ];
  for (const message of refused) assert.equal(fromPage(message), undefined);
});

test("what the editor kept of a page is believed as far as it is that", () => {
  assert.deepEqual(pageState({ uri: "file:///w", branch: "x" }), { uri: "file:///w", branch: "x" });
  assert.deepEqual(pageState({ uri: "file:///w", branch: 7 }), { uri: "file:///w", branch: undefined });
  for (const kept of [undefined, null, 7, "x", {}, { uri: 7 }]) assert.equal(pageState(kept), undefined);
});
