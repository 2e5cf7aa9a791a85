/** Pieces that sections of the page are made of. */

import { fullCount } from "../core/amounts";
import { t } from "../core/words";
import { stack } from "./charts";
import { html, Html } from "./html";

export const NOTHING = new Html("");

export interface Row {
  readonly name: string;
  readonly kind: string;
  readonly value: number;
  readonly said: string;
}

export function shares(caption: string, head: readonly string[], rows: readonly Row[], chart = stack(rows)): Html {
  const body = rows.map(
    (row) =>
      html`<tr>
        <th scope="row">
          <svg class="key" viewBox="0 0 8 8" aria-hidden="true">
            <rect class="${row.kind}" width="8" height="8" rx="1.5" /></svg
          >${row.name}
        </th>
        <td class="number">${row.said}</td>
      </tr>`,
  );
  return html`${chart}${table(caption, head, body)}`;
}

export function table(caption: string, head: readonly string[], rows: readonly Html[], kind = ""): Html {
  return html`<table class="${kind}">
    <caption class="hidden">
      ${caption}
    </caption>
    <colgroup>
      ${head.map((name) => html`<col class="col-${name.toLowerCase().replaceAll(" ", "-")}" />`)}
    </colgroup>
    <thead class="hidden">
      <tr>
        ${head.map((name) => html`<th scope="col">${HEADS[name] ?? name}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

/** Heads of columns by their names, which style sheets know. */
const HEADS: Readonly<Record<string, string>> = {
  Assistant: t("Assistant"),
  Budget: t("Budget"),
  Claims: t("Claims"),
  Class: t("Class"),
  Commit: t("Commit"),
  Day: t("Day"),
  Driver: t("Driver"),
  Evidence: t("Evidence"),
  "List cost": t("List cost"),
  "List cost and tokens": t("List cost and tokens"),
  Model: t("Model"),
  Part: t("Part"),
  Percent: t("Percent"),
  Responses: t("Responses"),
  Share: t("Share"),
  Subject: t("Subject"),
  Tokens: t("Tokens"),
};

/** Of one list: a page with more is of no use, and may never be drawn. */
export const MOST_ROWS = 2000;

/** The first rows of a list, and a last one that says how many there are besides. */
export function firstRows<T>(all: readonly T[], columns: number, row: (one: T) => Html): Html[] {
  const rows = all.slice(0, MOST_ROWS).map(row);
  if (all.length > MOST_ROWS) {
    const said = t("and {0} more, which are in the sums", fullCount(all.length - MOST_ROWS));
    rows.push(
      html`<tr>
        <td class="meaning" colspan="${columns}">${said}</td>
      </tr>`,
    );
  }
  return rows;
}

const MOST_WORDS = 100;

/** Words behind each other; of very many the first ones and the number of the others. */
export function joined(words: readonly string[], between: string): string {
  const more = words.length - MOST_WORDS;
  return more > 0 ? `${words.slice(0, MOST_WORDS).join(between)} +${fullCount(more)}` : words.join(between);
}

export function section(title: string, body: Html): Html {
  return html`<h2>${title}</h2>
    ${body}`;
}

export function responses(count: number): string {
  return count === 1 ? t("1 response") : t("{0} responses", fullCount(count));
}

export function inSessions(count: number): string {
  return count === 1 ? t("in 1 session") : t("in {0} sessions", fullCount(count));
}

/** The amount as it is everywhere, what it leaves open in small. */
export function hero(amount: string): Html {
  const [, cost = "", rest = ""] = /^(\S+)(.*)$/.exec(amount) ?? [];
  return html`${cost} <span class="unit">${cost.includes("$") && t("list")}${rest}</span>`;
}

export const STALE = html`<p class="note">${t("Something logged is not in these figures yet.")}</p>`;
