/** Prints the pages as JSON, each as a document that a browser shows without an editor: tests/editors/test_looks.py looks
 * at them in themes and widths. */

import { readFileSync } from "node:fs";
import type { Status, TableRow, Unplaced } from "../../src/core/protocol";
import { ALL, pageOf, type ToPage } from "../../src/webview/messages";
import { shell } from "../../src/webview/shell";
import { branch, figures, model, page, status } from "../samples";

const ORIGIN = "http://looks.test";
const NONCE = "0123456789abcdef0123456789abcdef";
const LONG = "feat/PROJ-12345-let-customers-log-in-with-a-provider-of-their-own-and-keep-them-logged-in_for-ever";

/** A branch with long names, large amounts and many days. */
function full(): Status {
  const days = Object.fromEntries(
    Array.from({ length: 58 }, (_, at): [string, ReturnType<typeof figures>] => {
      const day = new Date(Date.UTC(2026, 8, 25 + at)).toISOString().slice(0, 10);
      return [day, figures(String(at === 57 ? 12345.678 : (at * 37) % 900), { amount: at === 57 ? "≥≈$12,345.68 + unpriced (3 broken off)" : "$1.00" })]; // prettier-ignore
    }),
  );
  const [commit] = branch().commits;
  const commits = commit === undefined ? [] : Array.from({ length: 6 }, () => ({ ...commit, amount: "≥$1,340.00", subject: `Let customers log in ${LONG}` })); // prettier-ignore
  const models = Object.fromEntries(
    ["claude-opus-4-5", "gpt-5.1-codex-max-with-a-long-name", "gemini-3-pro-preview"].map((name, at) => [
      name,
      model(name, String(7000 / (at + 1))),
    ]),
  );
  const budgets = (["branch", "commit", "day"] as const).map((scope) => ({
    scope,
    list_cost: "12345.670000000",
    limit: "20000.000000000",
    percent: 62,
    amount: "≥≈$12,345.67 + unpriced (3 broken off)",
    share: "≥≈62%",
    state: "near" as const,
    block: true,
    source: "clone" as const,
  }));
  const made = branch({ ...figures("12345.678"), amount: "≥≈$12,345.68 + unpriced (3 broken off)", branch: LONG, days, commits, models, unpriced_tokens: 12_345_678, lower_bound: 3, partial: { usage: 3 }, broken_off_amount: "$3.10" }); // prettier-ignore
  return status({ branch: LONG, budgets, page: page({ name: LONG, names: [LONG, "main"], branch: made }) });
}

function table(): Status {
  const rows = Array.from({ length: 40 }, (_, at): TableRow => {
    const cost = String(12345.678 / (at + 1));
    const spent = { usage: 3, tokens: 123_456_789, list_cost: cost, amount: `≥$${Number(cost).toFixed(2)} + unpriced` };
    const pending = { pending_amount: at % 3 === 0 ? "$1,234.50" : "", pending_list_cost: "0" };
    const times = { first: "2026-11-01T10:00:00Z", last: "2026-11-20T10:00:00Z", estimated_counts: 0 };
    return { branch: at === 0 ? LONG : `feat/${String(at)}`, current: at === 1, state: "merged", ...spent, ...pending, ...times }; // prettier-ignore
  });
  const unplaced = rows.slice(0, 3).map((row): Unplaced => ({
    ...row,
    session: "5f0c",
    short_id: "5f0c12ab",
    assistant: "claude-code",
    reasons: ["HEAD was on no branch then (detached)."],
    directories: [`/w/${LONG}/packages/server`],
  }));
  const tokens = rows.reduce((sum, row) => sum + row.tokens, 0);
  const total = { usage: 9, tokens, list_cost: "1", amount: "≥$45,678.90 + unpriced", estimated_counts: 0, first: null, last: null }; // prettier-ignore
  return status({
    branch: "feat/1",
    branches: {
      rows,
      unplaced,
      total,
      conservation: {
        ...branch().conservation,
        total: { tokens, list_cost: "1" },
        carried: { tokens, list_cost: "1" },
        pending: { tokens: 0, list_cost: "0" },
      },
    },
  });
}

function document(message: ToPage | undefined): string {
  const sources = { script: `${ORIGIN}/page.js`, style: `${ORIGIN}/summary.css`, origin: ORIGIN, nonce: NONCE };
  const made = shell(sources, { uri: "file:///w/shop", branch: undefined });
  const stub = `let kept; window.acquireVsCodeApi = () => ({ getState: () => kept, setState: (now) => { kept = now; }, postMessage: ({ type }) => { if (type === "ready") window.postMessage(${JSON.stringify(message)}, "*"); } });`;
  const script = `<script nonce="${NONCE}">${stub.replaceAll("<", "\\u003c")}</script>`;
  return made.replace("</head>", `<link rel="stylesheet" href="${ORIGIN}/theme.css" />${script}</head>`);
}

const states = JSON.parse(readFileSync("test/states.json", "utf8")) as { name: string; status: Status }[];
const documents = Object.fromEntries([
  ["full", document(pageOf(full(), undefined))],
  ["all branches", document(pageOf(table(), ALL))],
  ...states.map(({ name, status: one }) => [name, document(pageOf(one, undefined))] as const),
]);
process.stdout.write(JSON.stringify(documents));
