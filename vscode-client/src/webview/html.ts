/** HTML in which nothing of others can be more than text: every value that goes into a template is escaped. */

import { visible } from "../core/plain";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A piece that was made by `html` and is taken as it is. */
export class Html {
  constructor(readonly text: string) {}
}

type Value = string | number | Html | readonly Html[] | false | undefined;

/** A template whose values are escaped, unless they are HTML of ours. */
export function html(pieces: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(pieces.reduce((made, piece, index) => made + shown(values[index - 1]) + piece));
}

/** A value that has to come back as it is, in an attribute that nobody sees. */
export function exactly(text: string): Html {
  return new Html(escaped(text));
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (one) => ENTITIES[one] ?? "");
}

function shown(value: Value): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map((one) => one.text).join("\n");
  return escaped(visible(String(value)));
}
