/** What drove the list cost of a branch: a stacked bar, a table that says the same, and what stands out. */

import { dollars, fullCount, nano } from "../core/amounts";
import type { Why } from "../core/protocol";
import { t } from "../core/words";
import { type Slice, spokenStack } from "./charts";
import { html, type Html } from "./html";
import { NOTHING, responses, type Row, section, shares } from "./pieces";

/** The words of `tokcost why`, and a colour for each; those of one kind share one. */
export const DRIVERS: Readonly<Record<string, readonly [string, string]>> = {
  new_input: [t("New input"), "blue"],
  cache_written: [t("Cache written"), "yellow"],
  cache_rewritten_after_pause: [t("Cache lost: pause"), "red"],
  cache_rewritten_after_model_switch: [t("Cache lost: model switch"), "red"],
  cache_rewritten_after_compaction: [t("Cache lost: compaction"), "red"],
  cache_rewritten_other: [t("Cache lost: other"), "red"],
  cache_read: [t("Cache read"), "green"],
  visible_output: [t("Visible output"), "purple"],
  reasoning: [t("Reasoning"), "purple"],
  long_context_surcharge: [t("Surcharge: long context"), "orange"],
  fast_surcharge: [t("Surcharge: fast mode"), "orange"],
  priority_surcharge: [t("Surcharge: priority"), "orange"],
  residency_surcharge: [t("Surcharge: residency"), "orange"],
  web_searches: [t("Web searches"), "orange"],
  request_fees: [t("Fees per request"), "orange"],
  estimated_counts: [t("Estimated counts"), "grey"],
  not_known: [t("Not known"), "grey"],
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
      const said = one.requests > 0 ? [...about, responses(one.requests)] : about;
      return { name, kind, value: Math.max(Number(one.list_cost), 0), said: said.join(", ") };
    });
  const slices = rows.map((row) => ({ ...row, said: `${row.name}: ${row.said}` }));
  const chart = spokenStack(t("What drove the list cost"), slices);
  const table = shares(t("What drove the list cost"), ["Driver", "List cost"], rows, chart);
  const found = why.findings.map((one) => html`<li>${one.text}</li>`);
  return section(
    t("What drove it"),
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
    ? isOlder
      ? t("Together {0}: all of the list cost of a moment ago.", why.amount)
      : t("Together {0}: all of the list cost.", why.amount)
    : t("The drivers do not add up: this is a bug, please report it.");
  const unpriced =
    why.unpriced_tokens > 0 ? ` ${t("Not included: {0} tokens without a price.", fullCount(why.unpriced_tokens))}` : "";
  const bounds =
    why.lower_bound_requests > 0
      ? ` ${t("The output of {0} is only a lower bound.", responses(why.lower_bound_requests))}`
      : "";
  return said + unpriced + bounds;
}

function percent(part: bigint, whole: bigint): string {
  const share = (Number(part) / Number(whole)) * 100;
  return share > 0 && share < 1 ? "<1%" : `${String(Math.round(share))}%`;
}
