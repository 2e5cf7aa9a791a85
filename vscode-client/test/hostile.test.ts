/** Names that other people chose, through everything that the editor shows. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { budgetChoices } from "../src/core/budgetText";
import { menuEntries } from "../src/core/menu";
import { inMarkdown } from "../src/core/markdown";
import { inLabel, inNotification, visible } from "../src/core/plain";
import { tooltipMarkdown } from "../src/core/tooltip";
import type { PageModel } from "../src/webview/messages";
import { shell } from "../src/webview/shell";
import { options, sections, SECTIONS } from "../src/webview/view";
import { branch, figures, model as modelOf, status, why } from "./samples";

const PIECES = [
  "[x](command:workbench.action.quit)",
  "![](https://x.example)",
  "<img src=x onerror=y>",
  "</option><script>",
  '" onload="x',
  "' x='",
  "$(bug)",
  "|",
  "`",
  "*_~\\",
  "\u001b[2J",
  "\u009b8m",
  "\u007f",
  "\u202e",
  "\u2066",
  "\u200b",
  "\ud800",
  "\u{e0041}",
  "\r",
  "&lt;",
  "https://x.example",
];

/** Every piece, and every piece behind another one. */
function names(): string[] {
  return PIECES.flatMap((one) => [`a${one}`, ...PIECES.map((other) => `a${one}${other}b`)]);
}

const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** The tags of a piece of HTML, each with the names of its attributes. */
function tags(text: string): string[] {
  return [...text.matchAll(/<(\/?[a-z0-9!]+)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*\/?>/gi)].map(
    (found) =>
      `${found[1] ?? ""}${[...(found[2] ?? "").matchAll(/([\w:-]+)(?:="[^"]*")?/g)].map((one) => ` ${one[1] ?? ""}`).join("")}`,
  );
}

function page(name: string): string {
  const one = branch();
  const changes = {
    branch: name,
    state: name,
    models: { [name]: modelOf(name, "1") },
    assistants: { [name]: figures("1") },
    evidence: { [name]: 1 },
    commits: one.commits.map((commit) => ({ ...commit, subject: name })),
  };
  const model: PageModel = {
    repository: name,
    name,
    branch: branch(changes),
    why: why({
      drivers: [{ driver: name, list_cost: "1.840000000", tokens: 1, requests: 1 }],
      findings: [{ of: name, text: name }],
    }),
    names: [name],
    current: name,
    budgets: [],
    today: "$3.10",
    noLogs: [],
    version: 1,
    takesEstimates: false,
    isStale: true,
  };
  const made = sections(model);
  return SECTIONS.map((section) => made[section].text).join("\n") + options(model).text;
}

test("the page of a branch has the tags of a harmless one", () => {
  const usual = tags(page("ab"));
  assert.ok(usual.length > 20);
  for (const name of names()) {
    const made = page(name);
    assert.deepEqual(tags(made), usual, JSON.stringify(name));
    assert.equal(made.split("<").length - 1, page("ab").split("<").length - 1);
    assert.doesNotMatch(made.replace(/value="[^"]*"/g, "").replace(/\n/g, ""), UNSAFE);
  }
});

test("the chooser gives back a name as it is", () => {
  const model = { names: ["a\u202eb"], name: "a\u202eb", current: null } as unknown as PageModel;
  assert.match(options(model).text, /value="a\u202eb" selected>a\\u202eb</);
});

test("what the page remembers comes back as it was", () => {
  const sources = { script: "s", style: "t", origin: "o", nonce: "n" };
  for (const name of names()) {
    const found = /data-state="([^"]*)"/.exec(shell(sources, { uri: "file:///w", branch: name }))?.[1] ?? "";
    const text = found
      .replace(/&quot;/g, '"')
      .replace(/&lt;/g, "<")
      .replace(/&gt;/g, ">")
      .replace(/&#39;/g, "'");
    assert.equal((JSON.parse(text.replace(/&amp;/g, "&")) as { branch: string }).branch, name);
  }
});

test("a tooltip is the table of a harmless name", () => {
  const shown = (name: string): string => {
    const tooltip = ["Branch", "Models", "Budget"].map((label) => ({ name: label, label, value: name }));
    return tooltipMarkdown("running", status({ tooltip, problem: name }));
  };
  const bare = (text: string): string => text.replaceAll("&nbsp;", "").replace(/&#\d+;|[\w\s/.=%]/g, "");
  for (const name of names()) {
    assert.doesNotMatch(inMarkdown(name), /[[\]()<>`*_~|\\:!]|\$/);
    assert.doesNotMatch(inMarkdown(name), UNSAFE);
    assert.equal(bare(shown(name)).length - bare(shown("ab")).length, quoted(name) * 4, JSON.stringify(name));
  }
});

/** Quotation marks and commas mean nothing in Markdown, so they stay. */
function quoted(name: string): number {
  return visible(name.replace(/\s+/g, " ")).match(/["',;@]/g)?.length ?? 0;
}

test("a label has no icon of others, a notification no link", () => {
  for (const name of names()) {
    const labels = [
      ...budgetChoices(status({ branch: name })).map((one) => one.label),
      ...menuEntries("running", status({ line: name, cost_lines: { enabled: false, problem: name, omitted: false } }))
        .filter((one) => one.command !== undefined)
        .map((one) => one.description ?? ""),
    ];
    for (const label of labels) {
      assert.doesNotMatch(label, /(?<!\\)\$\(/);
      assert.doesNotMatch(label, UNSAFE);
    }
    assert.doesNotMatch(inNotification(name), /\]\(/);
    assert.doesNotMatch(inNotification(name), UNSAFE);
    assert.equal(inLabel("feat/login"), "feat/login");
  }
});
