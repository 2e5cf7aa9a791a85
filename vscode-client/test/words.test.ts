/** Words in another language: each text is asked for, filled in, and reaches the page too. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { amountProblem } from "../src/core/budgetText";
import { menuEntries } from "../src/core/menu";
import { itemLook } from "../src/core/statusText";
import { filled, speak, t } from "../src/core/words";
import { shell } from "../src/webview/shell";
import { status } from "./samples";

const sources = { script: "s", style: "c", origin: "o", nonce: "n" };

afterEach(() => {
  speak((text, ...values) => filled(text, values));
});

test("a text without a translation is English, with its values in their places", () => {
  assert.equal(t("{0} of {1}, {0}", "a", 2), "a of 2, a");
  assert.equal(t("{7}"), "{7}");
});

test("what is said comes from the person's language once it is known", () => {
  const German: Readonly<Record<string, string>> = {
    "A budget must be more than $0": "Ein Budget ist mehr als 0 $",
    "{0} today": "heute {0}",
    "All Branches": "Alle Branches",
  };
  speak((text, ...values) => filled(German[text] ?? text, values));
  assert.equal(amountProblem("0"), "Ein Budget ist mehr als 0 $");
  assert.equal(itemLook("running", status({ today_text: "$3.10" }), "today")?.text, "$(graph) heute $3.10");
  assert.ok(menuEntries("running", status({})).some((one) => one.label === "$(git-branch) Alle Branches"));
});

test("the page gets the language and the words with it, and no word can end the attribute that has them", () => {
  const words = { Pending: 'Offen"><script>x</script>' };
  const page = shell(sources, { uri: "u" }, { language: "de", words });
  assert.match(page, /<html lang="de">/);
  assert.match(page, /data-words="/);
  assert.doesNotMatch(page, /<script>x/);
});
