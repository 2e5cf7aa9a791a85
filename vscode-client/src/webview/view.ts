/** The page of a branch, section by section, from its model. Pure: plain node tests what it says. */

import { about, amount, dollars, fullCount, shortTokens } from "../core/amounts";
import { TOKEN_CLASSES, type Branch, type Budget, type Figures, type Model, type Part } from "../core/protocol";
import { bar, dayChart } from "./charts";
import { drivers } from "./drivers";
import { exactly, html, type Html } from "./html";
import { ALL, type PageModel } from "./messages";
import { hero, NOTHING, plural, section, shares, STALE, table } from "./pieces";

/** Sections by the id of the element that holds them. */
export type Sections = Readonly<Record<(typeof SECTIONS)[number], Html>>;
export const SECTIONS = [
  "figure",
  "budgets",
  "days",
  "drivers",
  "models",
  "assistants",
  "tokens",
  "parts",
  "evidence",
  "commits",
] as const;

/** All sections; one with nothing to say is empty. */
export function sections(model: PageModel): Sections {
  const { branch } = model;
  if (branch === undefined || branch.usage === 0) {
    const empty = Object.fromEntries(SECTIONS.map((name) => [name, NOTHING])) as Record<keyof Sections, Html>;
    return { ...empty, figure: nothing(model) };
  }
  return {
    figure: figure(model, branch),
    budgets: budgets(model.budgets),
    days: days(branch),
    drivers: drivers(model.why, branch.list_cost),
    models: split("Models", "Model", branch.models, "blue"),
    assistants: split("Assistants", "Assistant", branch.assistants, "purple"),
    tokens: tokens(branch),
    parts: parts(branch),
    evidence: evidence(branch),
    commits: commits(branch),
  };
}

/** The page of a branch without usage. */
function nothing({ name, noLogs, isStale }: PageModel): Html {
  if (noLogs.length > 0) {
    const [logs = "", places = ""] = noLogs;
    return html`<p class="hero">no logs</p>
      <p>Logs: ${logs}. Looked in: ${places}.</p>`;
  }
  return html`<p class="hero">$0.00 <span class="unit">list</span></p>
    <p>Nothing was spent on ${name} yet.</p>
    ${isStale && STALE}`;
}

/** The choices of the branch chooser. */
export function options({ name, names, current }: Pick<PageModel, "name" | "names" | "current">): Html {
  const branches = name === ALL || names.includes(name) ? names : [name, ...names];
  return html`${[ALL, ...branches].map((one) => {
    const label = one === ALL ? "All branches" : one === current ? `${one} (checked out)` : one;
    return one === name
      ? html`<option value="${exactly(one)}" selected>${label}</option>`
      : html`<option value="${exactly(one)}">${label}</option>`;
  })}`;
}

function figure(model: PageModel, branch: Branch): Html {
  const times = branch.usage === 1 ? "1 reply" : `${fullCount(branch.usage)} replies`;
  const sessions = branch.sessions === undefined ? "" : ` in ${plural(branch.sessions, "session")}`;
  return html`<p class="hero">${hero(branch.amount)}</p>
    <p class="sub">
      ${about(shortTokens(total(branch)), branch.estimated_counts)} tokens, ${times}${sessions}; ${span(branch)}.
      ${STATES[branch.state] ?? branch.state}
    </p>
    <dl class="tiles">
      ${tile("Pending", branch.pending_amount, "no commit carries it yet")}
      ${tile("Carried", branch.parts.carried?.amount ?? "$0.00", "in lines of commits")}
      ${kept("Withheld", branch.parts.withheld, "by you; stays on this machine")}
      ${kept("Here only", branch.parts.bound, "bound to commits without a line")}
      ${model.today === "" ? NOTHING : tile("Today", model.today, "in the whole repository")}
      ${estimated(model, branch)}
      ${branch.unpriced_tokens > 0 ? tile("Unpriced", shortTokens(branch.unpriced_tokens), "tokens of models without a known price, in no amount") : NOTHING}
      ${branch.lower_bound > 0 ? tile("Lower bound", plural(branch.lower_bound, "reply", "replies"), "whose log tells only the least of the output") : NOTHING}
      ${branch.partial.usage > 0 ? tile("Broken off", branch.broken_off_amount || plural(branch.partial.usage, "reply", "replies"), `${plural(branch.partial.usage, "reply", "replies")} in the sum, perhaps not billed`) : NOTHING}
    </dl>
    ${model.isStale && STALE}`;
}

function estimated({ takesEstimates }: PageModel, branch: Branch): Html {
  const { estimated_counts = 0, estimated_amount } = branch;
  const meaning = `no provider told the counts${takesEstimates ? "" : "; in no cost line and no budget"}`;
  return estimated_counts === 0 ? NOTHING : tile("Estimated", estimated_amount, meaning);
}

const STATES: Readonly<Record<string, string>> = {
  active: "",
  merged: "The branch is merged.",
  deleted: "The branch is deleted.",
  unmerged: "The branch is deleted and was not merged.",
};

function kept(label: string, part: Figures | undefined, meaning: string): Html {
  return part === undefined ? NOTHING : tile(label, part.amount, meaning);
}

function tile(label: string, value: string, meaning: string): Html {
  return html`<div class="tile">
    <dt>${label}</dt>
    <dd>${value}</dd>
    <dd class="meaning">${meaning}</dd>
  </div>`;
}

const BUDGETS: Readonly<Record<Budget["scope"], string>> = {
  branch: "This branch",
  commit: "The next commit",
  day: "Today",
};

const STANDING: Readonly<Record<Budget["state"], string>> = {
  none: "",
  ok: "",
  near: "near the limit",
  unpriced: "unpriced usage",
  over: "over the limit",
};

function budgets(all: readonly Budget[]): Html {
  const rows = all.flatMap((one) => {
    if (one.limit === null) return [];
    const share = Number(one.list_cost) / Number(one.limit);
    const kind = one.state === "over" ? "red" : one.state === "ok" ? "green" : "yellow";
    const said = [STANDING[one.state], one.block && "stops commits"].filter(Boolean).join(", ");
    return [
      html`<tr>
        <th scope="row">${BUDGETS[one.scope]}${said !== "" && html`, <span class="meaning">${said}</span>`}</th>
        <td class="chart">${bar(Math.min(share, 1), kind)}</td>
        <td class="number">
          ${amount(one.list_cost, { unpriced: one.unpriced_tokens ?? 0 })} of ${dollars(one.limit)}
        </td>
        <td class="number">${one.percent ?? 0}%</td>
      </tr>`,
    ];
  });
  const head = ["Budget", "Share", "List cost", "Percent"];
  return rows.length === 0 ? NOTHING : section("Budgets", table("Budgets at list cost", head, rows, "split"));
}

function days(branch: Branch): Html {
  const found = Object.entries(branch.days ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (found.length === 0) return NOTHING;
  const shown = found.map(([day, of]) => ({
    day,
    value: Number(of.list_cost),
    label: of.amount,
  }));
  const rows = found.map(
    ([day, of]) =>
      html`<tr>
        <th scope="row">${day}</th>
        <td class="number">${of.amount}</td>
        <td class="number">${about(fullCount(total(of)), of.estimated_counts)}</td>
      </tr>`,
  );
  return section(
    "List cost by day",
    html`<p class="hidden" id="days-said">
        List cost on ${plural(found.length, "day")}, from ${found[0]?.[0] ?? ""} to ${found.at(-1)?.[0] ?? ""}; the
        table below has them all.
      </p>
      <div class="scroll" tabindex="0" role="group" aria-label="List cost by day">${dayChart(shown, "days-said")}</div>
      <details>
        <summary>As a table</summary>
        ${table("List cost by day", ["Day", "List cost", "Tokens"], rows)}
      </details>`,
  );
}

function split(title: string, what: string, all: Readonly<Record<string, Figures | Model>>, kind: string): Html {
  const sorted = Object.entries(all).sort(
    ([, a], [, b]) => Number(b.list_cost) - Number(a.list_cost) || total(b) - total(a),
  );
  const highest = Math.max(...sorted.map(([, of]) => Number(of.list_cost)), 0);
  const rows = sorted.map(([name, of]) => {
    const share = highest > 0 ? Number(of.list_cost) / highest : 0;
    return html`<tr>
      <th scope="row">${"name" in of ? of.name : name}</th>
      <td class="chart">${bar(share, kind)}</td>
      <td class="number">${of.amount}</td>
      <td class="number">${about(shortTokens(total(of)), of.estimated_counts)}</td>
    </tr>`;
  });
  return section(
    title,
    table(`List cost by ${what.toLowerCase()}`, [what, "Share", "List cost", "Tokens"], rows, "split"),
  );
}

const CLASSES = {
  input: ["Input", "blue"],
  cache_read: ["Cache read", "green"],
  cache_write_5m: ["Cache write, 5 min", "yellow"],
  cache_write_1h: ["Cache write, 1 h", "grey"],
  output: ["Output", "purple"],
} as const;

function tokens(branch: Branch): Html {
  const rows = TOKEN_CLASSES.map((one) => {
    const [name, kind] = CLASSES[one];
    return { name, kind, value: branch.tokens[one], said: fullCount(branch.tokens[one]) };
  });
  return section("Tokens", shares("Tokens by class", ["Class", "Tokens"], rows));
}

const PART_WORDS: Readonly<Record<Part, readonly [string, string]>> = {
  carried: ["Carried by commits", "green"],
  withheld: ["Withheld by you", "yellow"],
  bound: ["Bound to commits, here only", "purple"],
  pending: ["Pending", "blue"],
  unplaced: ["Unplaced", "grey"],
};

function parts(branch: Branch): Html {
  const all = branch.conservation;
  const names = Object.keys(PART_WORDS) as Part[];
  const rows = names
    .filter((name) => all[name].tokens > 0)
    .map((name) => ({
      name: PART_WORDS[name][0],
      kind: PART_WORDS[name][1],
      value: all[name].tokens,
      said: `${branch.parts[name]?.amount ?? dollars(all[name].list_cost)}, ${fullCount(all[name].tokens)} tokens`,
    }));
  const sum = rows.map((row) => `${row.name} ${fullCount(row.value)}`).join(" + ");
  const closes = names.reduce((tokens, name) => tokens + all[name].tokens, 0) === all.total.tokens;
  const said = closes
    ? "The sum closes to the last token."
    : "The sum does not close: this is a bug, please report it.";
  return section(
    "Where it is",
    html`${shares("What became of this branch's usage", ["Part", "List cost and tokens"], rows)}
      <p class="note">${sum} = total ${fullCount(all.total.tokens)} tokens. ${said}</p>`,
  );
}

const EVIDENCE: Readonly<Record<string, readonly [string, string]>> = {
  observed: ["Observed: the server saw HEAD then", "green"],
  reflog: ["Reflog: git's own record of HEAD", "blue"],
  transcript: ["Transcript: the assistant's own field", "yellow"],
  carried: ["Carried: moved to a branch made from it", "purple"],
  assigned: ["Assigned: you said so", "grey"],
};

function evidence(branch: Branch): Html {
  const rows = Object.entries(branch.evidence).map(([name, count]) => {
    const [said, kind] = EVIDENCE[name] ?? [name, "grey"];
    return { name: said, kind, value: count, said: plural(count, "reply", "replies") };
  });
  return section("How the branch is known", shares("Evidence", ["Evidence", "Replies"], rows));
}

function commits(branch: Branch): Html {
  const rows = branch.commits.map(
    (one) =>
      html`<tr>
        <th scope="row" class="mono">
          <button
            type="button"
            class="link"
            data-commit="${one.commit}"
            aria-label="Open commit ${one.commit.slice(0, 7)}"
          >
            ${one.commit.slice(0, 7)}
          </button>
        </th>
        <td class="wide">${one.subject ?? ""}</td>
        <td class="number">${one.amount}</td>
        <td class="mono">${one.published ? one.claims.join(" ") : "here only"}</td>
      </tr>`,
  );
  if (rows.length === 0) return NOTHING;
  return section("Commits", table("Commits and what they carry", ["Commit", "Subject", "List cost", "Claims"], rows));
}

function total(of: Figures): number {
  return TOKEN_CLASSES.reduce((sum, one) => sum + of.tokens[one], 0);
}

function span(of: Figures): string {
  const [first, last] = [of.first, of.last].map((time) => time?.slice(0, 10) ?? "");
  return first === last ? (first ?? "") : `${first ?? ""} to ${last ?? ""}`;
}
