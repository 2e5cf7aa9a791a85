/** The page of all branches: rows that can be sorted, and what is on none of them with its reasons. Pure. */

import { about, fullCount, nano, shortTokens } from "../core/amounts";
import type { TableRow, Unplaced } from "../core/protocol";
import { t } from "../core/words";
import { exactly, html, type Html } from "./html";
import type { Column, Order, TableModel } from "./messages";
import { firstRows, hero, joined, NOTHING, section, STALE } from "./pieces";

/** Sections by the id of the element that holds them. */
export type TableSections = Readonly<Record<(typeof TABLE_SECTIONS)[number], Html>>;
export const TABLE_SECTIONS = ["all", "unplaced"] as const;

export const NEWEST_FIRST: Order = { column: "last", isDescending: true };

const HEADS: Readonly<Record<Column, string>> = {
  branch: t("Branch"),
  state: t("State"),
  cost: t("List cost"),
  pending: t("Pending"),
  tokens: t("Tokens"),
  last: t("Last used"),
};

/** What became of a branch, in words. */
const STATES: Readonly<Record<string, string>> = {
  active: t("active"),
  merged: t("merged"),
  deleted: t("deleted"),
  unmerged: t("unmerged"),
};

/** Both sections; one with nothing to say is empty. */
export function tableSections(model: TableModel, order: Order = NEWEST_FIRST): TableSections {
  return { all: all(model, order), unplaced: unplaced(model) };
}

/** The rows in an order; rows that are equal stay as they were. */
export function sorted(rows: readonly TableRow[], { column, isDescending }: Order): TableRow[] {
  const turn = isDescending ? -1 : 1;
  return [...rows].sort((a, b) => turn * COMPARE[column](a, b));
}

/** The order after a click on the head of a column: turned around, or by names from A and by figures from the most. */
export function clicked(order: Order, column: Column): Order {
  if (order.column === column) return { column, isDescending: !order.isDescending };
  return { column, isDescending: column !== "branch" && column !== "state" };
}

const COMPARE: Readonly<Record<Column, (a: TableRow, b: TableRow) => number>> = {
  branch: (a, b) => a.branch.localeCompare(b.branch),
  state: (a, b) => a.state.localeCompare(b.state),
  cost: (a, b) => compared(nano(a.list_cost), nano(b.list_cost)),
  pending: (a, b) => compared(nano(a.pending_list_cost), nano(b.pending_list_cost)),
  tokens: (a, b) => a.tokens - b.tokens,
  last: (a, b) => (a.last ?? "").localeCompare(b.last ?? ""),
};

function compared(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function all(model: TableModel, order: Order): Html {
  const rows = firstRows(
    sorted(model.rows, order),
    6,
    (row) =>
      html`<tr>
        <th scope="row">
          <button type="button" class="link" data-branch="${exactly(row.branch)}">${row.branch}</button>
          ${row.current && html`<span class="meaning">${t("checked out")}</span>`}
        </th>
        <td>${STATES[row.state] ?? row.state}</td>
        <td class="number">${row.usage === 0 ? "" : row.amount}</td>
        <td class="number">${row.pending_amount}${row.pending_amount !== "" && narrow(` ${t("pending")}`)}</td>
        <td class="number">
          ${row.usage === 0 ? "" : about(shortTokens(row.tokens), row.estimated_counts)}${row.usage > 0 && narrow(` ${t("tokens")}`)}
        </td>
        <td class="number">${row.last?.slice(0, 10) ?? ""}</td>
      </tr>`,
  );
  return html`<p class="hero">${hero(model.total.amount)}</p>
    <p class="sub">${counted(model)}</p>
    <div class="scroll" tabindex="0" role="group" aria-label="${t("All branches")}">
      <table class="sortable">
        <caption class="hidden">
          ${t("All branches")}
        </caption>
        <thead>
          <tr>
            ${(Object.keys(HEADS) as Column[]).map((column) => head(column, order))}
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    <p class="note">${sum(model)}</p>
    ${model.isStale && STALE}`;
}

function counted({ rows, repository }: TableModel): string {
  const { length } = rows;
  return length === 1
    ? t("1 branch, and usage on none, in {0}", repository)
    : t("{0} branches, and usage on none, in {1}", fullCount(length), repository);
}

/** Words that the heads of columns say, where there is room for columns. */
function narrow(words: string): Html {
  return html`<span class="narrow">${words}</span>`;
}

function head(column: Column, order: Order): Html {
  const isIt = order.column === column;
  const said = !isIt ? "none" : order.isDescending ? "descending" : "ascending";
  const arrow = !isIt ? "" : order.isDescending ? " ▾" : " ▴";
  const kind = column === "branch" || column === "state" ? "" : "number";
  return html`<th scope="col" class="${kind}" aria-sort="${said}">
    <button type="button" class="link" data-sort="${column}">${HEADS[column]}${arrow}</button>
  </th>`;
}

/** The branches and what is on none add up to the total, and the page says whether they do. */
function sum({ rows, conservation, total }: TableModel): string {
  const onBranches = rows.reduce((tokens, row) => tokens + row.tokens, 0);
  const onNone = total.tokens - onBranches;
  const { carried, withheld, bound, pending, unplaced } = conservation;
  const parts = carried.tokens + withheld.tokens + bound.tokens + pending.tokens + unplaced.tokens;
  const closes = parts === conservation.total.tokens && parts === total.tokens && onNone >= unplaced.tokens;
  const said = t(
    "Branches {0} + on none {1} = total {2} tokens.",
    fullCount(onBranches),
    fullCount(onNone),
    fullCount(total.tokens),
  );
  return `${said} ${closes ? t("The sum closes to the last token.") : t("The sum does not close: this is a bug, please report it.")}`;
}

function unplaced(model: TableModel): Html {
  if (model.unplaced.length === 0) return NOTHING;
  return section(
    t("Unplaced"),
    html`<p>${t("Usage on no known branch, by session. You can assign it to a branch.")}</p>
      <div class="scroll" tabindex="0" role="group" aria-label="${t("Unplaced")}">
        <table class="unplaced">
          <caption class="hidden">
            ${t("Usage on no known branch")}
          </caption>
          <thead class="hidden">
            <tr>
              <th scope="col">${t("Session")}</th>
              <th scope="col">${t("Reason")}</th>
              <th scope="col">${t("List cost")}</th>
              <th scope="col">${t("Assign")}</th>
            </tr>
          </thead>
          <tbody>
            ${firstRows(model.unplaced, 4, unplacedRow)}
          </tbody>
        </table>
      </div>`,
  );
}

function unplacedRow(row: Unplaced): Html {
  const [first, last] = [row.first, row.last].map((time) => time?.slice(0, 10) ?? "");
  const days = first === last ? (first ?? "") : t("{0} to {1}", first ?? "", last ?? "");
  const name = row.short_id === "" ? row.assistant : `${row.assistant} ${row.short_id}`;
  return html`<tr>
    <th scope="row">${name}<br /><span class="meaning">${days}</span></th>
    <td class="wide">${row.reasons.join(" ")}<br /><span class="meaning">${joined(row.directories, ", ")}</span></td>
    <td class="number">
      ${row.amount}<br /><span class="meaning"
        >${t("{0} tokens", about(shortTokens(row.tokens), row.estimated_counts))}</span
      >
    </td>
    <td>
      ${
        row.session !== "" &&
        html`<button
          type="button"
          data-assign="${exactly(row.session)}"
          aria-label="${t("Assign {0} to a branch", name)}"
        >
          ${t("Assign…")}
        </button>`
      }
    </td>
  </tr>`;
}
