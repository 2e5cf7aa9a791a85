/** What drove the list cost of a branch: a stacked bar, a table that says the same, and what stands out. */

import { dollars, fullCount, nano } from "../core/amounts";
import type { Why } from "../core/protocol";
import { type Slice, spokenStack } from "./charts";
import { html, type Html } from "./html";
import { NOTHING, plural, type Row, section, shares } from "./pieces";

/** The words of `tokcost why`, and a colour for each; those of one kind share one. */
export const DRIVERS: Readonly<Record<string, readonly [string, string]>> = {
  new_input: ["New input", "blue"],
  cache_written: ["Cache written", "yellow"],
  cache_rewritten_after_pause: ["Cache lost: pause", "red"],
  cache_rewritten_after_model_switch: ["Cache lost: model switch", "red"],
  cache_rewritten_after_compaction: ["Cache lost: compaction", "red"],
  cache_rewritten_other: ["Cache lost: other", "red"],
  cache_read: ["Cache read", "green"],
  visible_output: ["Visible output", "purple"],
  reasoning: ["Reasoning", "purple"],
  long_context_surcharge: ["Surcharge: long context", "orange"],
  fast_surcharge: ["Surcharge: fast mode", "orange"],
  priority_surcharge: ["Surcharge: priority", "orange"],
  residency_surcharge: ["Surcharge: residency", "orange"],
  web_searches: ["Web searches", "orange"],
  request_fees: ["Fees per request", "orange"],
  estimated_counts: ["Estimated counts", "grey"],
  not_known: ["Not known", "grey"],
};

/** The section; `listCost` is that of the branch by now, which takes a moment to be explained. Empty where the server tells no drivers, or nothing has a price. */
export function drivers(why: Why | undefined, listCost = why?.list_cost): Html {
  const whole = nano(why?.list_cost ?? "0");
  if (why === undefined || whole <= 0n) return NOTHING;
  const rows = why.drivers
    .filter((one) => nano(one.list_cost) !== 0n)
    .map((one): Row & Slice => {
      const [name, kind] = DRIVERS[one.driver] ?? [one.driver, "grey"];
      const about = [why.amounts[one.driver] ?? dollars(one.list_cost), percent(nano(one.list_cost), whole)];
      const said = one.requests > 0 ? [...about, plural(one.requests, "request")] : about;
      return { name, kind, value: Math.max(Number(one.list_cost), 0), said: said.join(", ") };
    });
  const slices = rows.map((row) => ({ ...row, said: `${row.name}: ${row.said}` }));
  const chart = spokenStack("What drove the list cost", slices);
  const table = shares("What drove the list cost", ["Driver", "List cost"], rows, chart);
  const found = why.findings.map((one) => html`<li>${one.text}</li>`);
  return section(
    "What drove it",
    html`${table}
      ${
        found.length > 0 &&
        html`<ul class="findings">
          ${found}
        </ul>`
      }
      <p class="note">${sum(why, why.list_cost !== listCost)}</p>`,
  );
}

/** Whether the drivers are all of the list cost, and what has no price and is in none of them. */
function sum(why: Why, isOlder: boolean): string {
  const closes = why.drivers.reduce((all, one) => all + nano(one.list_cost), 0n) === nano(why.list_cost);
  const said = closes
    ? `Together ${why.amount}: all of the list cost${isOlder ? " of a moment ago" : ""}.`
    : "The drivers do not add up: this is a bug, please report it.";
  const unpriced =
    why.unpriced_tokens > 0 ? ` Not in it: ${fullCount(why.unpriced_tokens)} tokens without a price.` : "";
  const bounds =
    why.lower_bound_requests > 0
      ? ` The output of ${plural(why.lower_bound_requests, "request")} is only a lower bound.`
      : "";
  return said + unpriced + bounds;
}

function percent(part: bigint, whole: bigint): string {
  const share = (Number(part) / Number(whole)) * 100;
  return share > 0 && share < 1 ? "<1%" : `${String(Math.round(share))}%`;
}
