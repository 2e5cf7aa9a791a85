/** The page of a branch, section by section, from its model. Pure: plain node tests what it says. */

import { about, dollars, fullCount, shortTokens } from "../core/amounts";
import { TOKEN_CLASSES, type Branch, type Budget, type Figures, type Model, type Part } from "../core/protocol";
import { t } from "../core/words";
import { bar, dayChart, largest } from "./charts";
import { drivers } from "./drivers";
import { exactly, html, type Html } from "./html";
import { ALL, type PageModel } from "./messages";
import {
  firstRows,
  hero,
  inSessions,
  joined,
  MOST_ROWS,
  NOTHING,
  responses,
  section,
  shares,
  STALE,
  table,
} from "./pieces";

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
    models: split(t("Models"), t("List cost by model"), "Model", branch.models, "blue"),
    assistants: split(t("Assistants"), t("List cost by assistant"), "Assistant", branch.assistants, "purple"),
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
    return html`<p class="hero">${t("no logs")}</p>
      <p>${t("Logs: {0}. Looked in: {1}.", logs, places)}</p>`;
  }
  return html`<p class="hero">$0.00 <span class="unit">${t("list")}</span></p>
    <p>${t("Nothing was spent on {0} yet.", name)}</p>
    ${isStale && STALE}`;
}

/** The choices of the branch chooser. */
export function options({ name, names, current }: Pick<PageModel, "name" | "names" | "current">): Html {
  const first = names.slice(0, MOST_ROWS);
  const branches = name === ALL || first.includes(name) ? first : [name, ...first];
  return html`${[ALL, ...branches].map((one) => {
    const label = one === ALL ? t("All branches") : one === current ? t("{0} (checked out)", one) : one;
    return one === name
      ? html`<option value="${exactly(one)}" selected>${label}</option>`
      : html`<option value="${exactly(one)}">${label}</option>`;
  })}`;
}

function figure(model: PageModel, branch: Branch): Html {
  const times = responses(branch.usage);
  const sessions = branch.sessions === undefined ? "" : ` ${inSessions(branch.sessions)}`;
  return html`<p class="hero">${hero(branch.amount)}</p>
    <p class="sub">
      ${t("{0} tokens", about(shortTokens(total(branch)), branch.estimated_counts))}, ${times}${sessions};
      ${span(branch)}. ${STATES[branch.state] ?? branch.state}
    </p>
    <dl class="tiles">
      ${tile(t("Pending"), branch.pending_amount, t("no commit carries it yet"))}
      ${tile(t("Carried"), branch.parts.carried?.amount ?? "$0.00", t("in lines of commits"))}
      ${kept(t("Withheld"), branch.parts.withheld, t("by you; stays on this machine"))}
      ${kept(t("Here only"), branch.parts.bound, t("bound to commits without a line"))}
      ${model.today === "" ? NOTHING : tile(t("Today"), model.today, t("in the whole repository"))}
      ${estimated(model, branch)}
      ${branch.unpriced_tokens > 0 ? tile(t("Unpriced"), shortTokens(branch.unpriced_tokens), t("tokens of models without a known price, in no amount")) : NOTHING}
      ${branch.lower_bound > 0 ? tile(t("Lower bound"), responses(branch.lower_bound), t("whose log records only a minimum of the output")) : NOTHING}
      ${branch.partial.usage > 0 ? tile(t("Broken off"), branch.broken_off_amount || responses(branch.partial.usage), t("{0} in the sum, perhaps not billed", responses(branch.partial.usage))) : NOTHING}
    </dl>
    ${model.isStale && STALE}`;
}

function estimated({ takesEstimates }: PageModel, branch: Branch): Html {
  const { estimated_counts = 0, estimated_amount } = branch;
  const meaning = takesEstimates
    ? t("no provider reported the counts")
    : t("no provider reported the counts; not in cost lines and budgets");
  return estimated_counts === 0 ? NOTHING : tile(t("Estimated"), estimated_amount, meaning);
}

const STATES: Readonly<Record<string, string>> = {
  active: "",
  merged: t("The branch is merged."),
  deleted: t("The branch is deleted."),
  unmerged: t("The branch is deleted and was not merged."),
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
  branch: t("This branch"),
  commit: t("The next commit"),
  day: t("Today"),
};

const STANDING: Readonly<Record<Budget["state"], string>> = {
  none: "",
  ok: "",
  near: t("near the limit"),
  unpriced: t("unpriced usage"),
  over: t("over the limit"),
};

function budgets(all: readonly Budget[]): Html {
  const rows = all.flatMap((one) => {
    if (one.limit === null) return [];
    const share = Number(one.list_cost) / Number(one.limit);
    const kind = one.state === "over" ? "red" : one.state === "ok" ? "green" : "yellow";
    const said = [STANDING[one.state], one.block && t("stops commits")].filter(Boolean).join(", ");
    return [
      html`<tr>
        <th scope="row">${BUDGETS[one.scope]}${said !== "" && html`, <span class="meaning">${said}</span>`}</th>
        <td class="chart">${bar(Math.min(share, 1), kind)}</td>
        <td class="number">${t("{0} of {1}", one.amount, dollars(one.limit))}</td>
        <td class="number">${one.share}</td>
      </tr>`,
    ];
  });
  const head = ["Budget", "Share", "List cost", "Percent"];
  return rows.length === 0 ? NOTHING : section(t("Budgets"), table(t("Budgets at list cost"), head, rows, "split"));
}

function days(branch: Branch): Html {
  const found = Object.entries(branch.days ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (found.length === 0) return NOTHING;
  const shown = found.map(([day, of]) => ({
    day,
    value: Number(of.list_cost),
    label: of.amount,
  }));
  const rows = firstRows(
    found,
    3,
    ([day, of]) =>
      html`<tr>
        <th scope="row">${day}</th>
        <td class="number">${of.amount}</td>
        <td class="number">${about(fullCount(total(of)), of.estimated_counts)}</td>
      </tr>`,
  );
  return section(
    t("List cost by day"),
    html`<p class="hidden" id="days-said">
        ${t("List cost by day from {0} to {1}; the table below has all days.", found[0]?.[0] ?? "", found.at(-1)?.[0] ?? "")}
      </p>
      <div class="scroll" tabindex="0" role="group" aria-label="${t("List cost by day")}">
        ${dayChart(shown, "days-said")}
      </div>
      <details>
        <summary>${t("As a table")}</summary>
        ${table(t("List cost by day"), ["Day", "List cost", "Tokens"], rows)}
      </details>`,
  );
}

function split(
  title: string,
  caption: string,
  what: string,
  all: Readonly<Record<string, Figures | Model>>,
  kind: string,
): Html {
  const sorted = Object.entries(all).sort(
    ([, a], [, b]) => Number(b.list_cost) - Number(a.list_cost) || total(b) - total(a),
  );
  const highest = largest(sorted.map(([, of]) => Number(of.list_cost)));
  const rows = firstRows(sorted, 4, ([name, of]) => {
    const share = highest > 0 ? Number(of.list_cost) / highest : 0;
    return html`<tr>
      <th scope="row">${"name" in of ? of.name : name}</th>
      <td class="chart">${bar(share, kind)}</td>
      <td class="number">${of.amount}</td>
      <td class="number">${about(shortTokens(total(of)), of.estimated_counts)}</td>
    </tr>`;
  });
  return section(title, table(caption, [what, "Share", "List cost", "Tokens"], rows, "split"));
}

const CLASSES = {
  input: [t("Input"), "blue"],
  cache_read: [t("Cache read"), "green"],
  cache_write_5m: [t("Cache write, 5 min"), "yellow"],
  cache_write_1h: [t("Cache write, 1 h"), "grey"],
  output: [t("Output"), "purple"],
} as const;

function tokens(branch: Branch): Html {
  const rows = TOKEN_CLASSES.map((one) => {
    const [name, kind] = CLASSES[one];
    return { name, kind, value: branch.tokens[one], said: fullCount(branch.tokens[one]) };
  });
  return section(t("Tokens"), shares(t("Tokens by class"), ["Class", "Tokens"], rows));
}

const PART_WORDS: Readonly<Record<Part, readonly [string, string]>> = {
  carried: [t("Carried by commits"), "green"],
  withheld: [t("Withheld by you"), "yellow"],
  bound: [t("Bound to commits, here only"), "purple"],
  pending: [t("Pending"), "blue"],
  unplaced: [t("Unplaced"), "grey"],
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
      said: t(
        "{0}, {1} tokens",
        branch.parts[name]?.amount ?? dollars(all[name].list_cost),
        fullCount(all[name].tokens),
      ),
    }));
  const sum = rows.map((row) => `${row.name} ${fullCount(row.value)}`).join(" + ");
  const closes = names.reduce((tokens, name) => tokens + all[name].tokens, 0) === all.total.tokens;
  const said = closes
    ? t("The sum closes to the last token.")
    : t("The sum does not close: this is a bug, please report it.");
  return section(
    t("Where it is"),
    html`${shares(t("What became of this branch's usage"), ["Part", "List cost and tokens"], rows)}
      <p class="note">${t("{0} = total {1} tokens.", sum, fullCount(all.total.tokens))} ${said}</p>`,
  );
}

const EVIDENCE: Readonly<Record<string, readonly [string, string]>> = {
  observed: [t("Observed: the server saw HEAD then"), "green"],
  reflog: [t("Reflog: git's own record of HEAD"), "blue"],
  transcript: [t("Transcript: the assistant's own field"), "yellow"],
  carried: [t("Followed: moved to a branch created from it"), "purple"],
  assigned: [t("Assigned by you"), "grey"],
};

function evidence(branch: Branch): Html {
  const rows = Object.entries(branch.evidence).map(([name, count]) => {
    const [said, kind] = EVIDENCE[name] ?? [name, "grey"];
    return { name: said, kind, value: count, said: responses(count) };
  });
  return section(t("How the branch is known"), shares(t("Evidence"), ["Evidence", "Responses"], rows));
}

function commits(branch: Branch): Html {
  const rows = firstRows(
    branch.commits,
    4,
    (one) =>
      html`<tr>
        <th scope="row" class="mono">
          <button
            type="button"
            class="link"
            data-commit="${one.commit}"
            aria-label="${t("Open commit {0}", one.commit.slice(0, 7))}"
          >
            ${one.commit.slice(0, 7)}
          </button>
        </th>
        <td class="wide">${one.subject ?? ""}</td>
        <td class="number">${one.amount}</td>
        <td class="mono">${one.published ? joined(one.claims, " ") : t("here only")}</td>
      </tr>`,
  );
  if (rows.length === 0) return NOTHING;
  return section(
    t("Commits"),
    table(t("Commits and what they carry"), ["Commit", "Subject", "List cost", "Claims"], rows),
  );
}

function total(of: Figures): number {
  return TOKEN_CLASSES.reduce((sum, one) => sum + of.tokens[one], 0);
}

function span(of: Figures): string {
  const [first, last] = [of.first, of.last].map((time) => time?.slice(0, 10) ?? "");
  return first === last ? (first ?? "") : t("{0} to {1}", first ?? "", last ?? "");
}
