/** Every surface in every state that a figure can be in, as the server tells it (support/make_editor_states.py). */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { amount } from "../src/core/amounts";
import { budgetNews } from "../src/core/budgetNews";
import { budgetChoices } from "../src/core/budgetText";
import { menuEntries } from "../src/core/menu";
import { nextLines, titleText } from "../src/core/nextLine";
import type { Status } from "../src/core/protocol";
import { itemLook } from "../src/core/statusText";
import { tooltipMarkdown } from "../src/core/tooltip";
import { pageOf } from "../src/webview/messages";
import { sections, SECTIONS } from "../src/webview/view";

interface State {
  readonly name: string;
  /** What must be seen wherever an amount is. */
  readonly marks: readonly string[];
  readonly status: Status;
}

const STATES = JSON.parse(readFileSync("test/states.json", "utf8")) as State[];

function plain(markdown: string): string {
  return markdown.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}

function pageText(status: Status): string {
  const message = pageOf(status, undefined);
  if (message?.type !== "model") return message?.type === "problem" ? message.text : "";
  const made = sections(message.model);
  return SECTIONS.map((name) => made[name].text).join("\n");
}

/** What each surface says of a state. */
function surfaces(status: Status): Record<string, string> {
  const look = (shown: "branch" | "branchAndPending" | "today"): string =>
    itemLook("running", status, shown)?.text ?? "";
  return {
    "status bar": look("branch"),
    "status bar with pending": look("branchAndPending"),
    "status bar today": look("today"),
    spoken: itemLook("running", status)?.spoken ?? "",
    tooltip: plain(tooltipMarkdown("running", status)),
    menu: menuEntries("running", status)
      .map((entry) => entry.description ?? "")
      .join("\n"),
    "title in Source Control": titleText([status]),
    page: pageText(status),
  };
}

test("no surface leaves out what an amount leaves open", () => {
  const inWords: Readonly<Record<string, string>> = { "≥": "at least", "≈": "about" };
  for (const { name, marks, status } of STATES) {
    for (const [surface, said] of Object.entries(surfaces(status))) {
      for (const mark of marks) {
        const wanted = surface === "spoken" ? (inWords[mark] ?? mark) : mark;
        assert.ok(said.includes(wanted), `${name}, ${surface}: ${said}`);
      }
    }
  }
});

test("an amount of a page has all marks in each of its places", () => {
  for (const { name, marks, status } of STATES.filter((one) => one.marks.length > 0)) {
    const text = pageText(status).replace(/\s+/g, " ");
    const places = {
      hero: /class="hero">(.*?)<\/p>/,
      pending: /<dt>Pending<\/dt> <dd>(.*?)<\/dd>/,
      today: /<dt>Today<\/dt> <dd>(.*?)<\/dd>/,
      chart: /<title>2026-11-01: (.*?)<\/title>/,
      model: /opus-4-5<\/th>.*?<td class="number">(.*?)<\/td>/,
      commit: /0123456 <\/button>.*?<td class="number">(.*?)<\/td>/,
      part: /Pending *<\/th> <td class="number">(.*?)<\/td>/,
    };
    for (const [place, pattern] of Object.entries(places)) {
      const found = pattern.exec(text)?.[1] ?? "";
      for (const mark of marks) assert.ok(found.includes(mark), `${name}, ${place}: ${found}`);
      assert.ok(found.includes("$") || found.startsWith("unpriced"), `${name}, ${place}: ${found}`);
    }
  }
});

test("a budget has all marks of its amount on the page, in a notification and where it is set", () => {
  for (const { name, marks, status } of STATES.filter((one) => one.marks.length > 0)) {
    const [budget] = status.budgets ?? assert.fail();
    const page = pageText(status).replace(/\s+/g, " ");
    const places = [/This branch.*?<td class="number">(.*?)<\/td>/.exec(page)?.[1] ?? ""];
    if (budget?.state === "near") places.push(budgetNews(status, {}, "2026-11-01")[0]?.message ?? "");
    for (const said of places) {
      for (const mark of marks) assert.ok(said.includes(mark), `${name}: ${said}`);
      assert.match(said, /(unpriced|\$43\.00.*) of \$50\.00/, name);
    }
    const set = budgetChoices(status).find((one) => one.label === "Each branch")?.description ?? "";
    assert.match(set, /^(unpriced|≥?≈?86%) of \$50\.00 list, warns$/, name);
    for (const mark of marks.filter((one) => "≥≈".includes(one))) assert.ok(set.includes(mark), `${name}: ${set}`);
  }
});

test("what is not known is never shown as free", () => {
  for (const { name, status } of STATES.filter((one) => ["nothing priced", "no logs", "error"].includes(one.name))) {
    const said = Object.values(surfaces(status)).join("\n");
    assert.doesNotMatch(said.replace(/<dt>Carried<\/dt>\s*<dd>\$0\.00/, ""), /\$0\.00/, name);
  }
});

test("without logs it is said of whom, and where they were looked for", () => {
  const { status } = STATES.find((one) => one.name === "no logs") ?? assert.fail();
  const all = surfaces(status);
  assert.equal(all["status bar"], "$(graph) no logs");
  for (const surface of ["tooltip", "page"]) {
    assert.match(all[surface] ?? "", /claude-code, codex[^]*\/home\/u\/\.claude, \/home\/u\/\.codex/);
  }
});

test("a figure that is not current says so on every surface", () => {
  const { status } = STATES.find((one) => one.name === "stale") ?? assert.fail();
  const all = surfaces(status);
  assert.match(all["status bar"] ?? "", /\$\(clock\) \$43\.00/);
  assert.match(all["spoken"] ?? "", /not up to date/);
  assert.match(all["tooltip"] ?? "", /not in these figures yet/);
  assert.match(all["title in Source Control"] ?? "", /not up to date/);
  assert.match(all["page"] ?? "", /not in these figures yet/);
  assert.match(all["menu"] ?? "", /not up to date/);
  const [row] = nextLines([{ ...status, next: { lines: ["AI-Cost: x"], text: "x" } }]);
  assert.match(row?.hint ?? "", /not up to date/);
});

test("no model of a page has a date in its name", () => {
  const { status } = STATES.find((one) => one.name === "plain") ?? assert.fail();
  for (const [surface, said] of Object.entries(surfaces(status))) assert.doesNotMatch(said, /20251101/, surface);
});

test("a rule that speaks has a sign in the status bar", () => {
  const { status } = STATES.find((one) => one.name === "plain") ?? assert.fail();
  const text = (rule_state: "none" | "near" | "unpriced" | "over"): string =>
    itemLook("running", { ...status, rule_state })?.text ?? "";
  assert.deepEqual((["none", "near", "unpriced", "over"] as const).map(text), [
    "$(graph) $43.00",
    "$(graph) $43.00 $(bell)",
    "$(graph) $43.00 $(question)",
    "$(graph) $43.00 $(bell-dot)",
  ]);
});

interface Case {
  readonly list_cost: string;
  readonly text: string;
  readonly unpriced?: number;
  readonly estimated?: number;
  readonly lowerBound?: number;
  readonly brokenOff?: number;
}

test("an amount is written as the server writes it", () => {
  for (const { list_cost, text, ...marks } of JSON.parse(readFileSync("test/amounts.json", "utf8")) as Case[]) {
    assert.equal(amount(list_cost, marks), text);
  }
});
