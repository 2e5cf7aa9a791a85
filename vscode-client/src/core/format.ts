/** The figure as the user wants it written: the placeholders of `tokcost status --format`, with the server's amounts. */

import { inLabel } from "./plain";
import type { Status } from "./protocol";
import { rowOf } from "./rows";

/** The placeholders, and what each stands for. Amounts are as the server writes them, with all they leave open. */
const FIELDS: Readonly<Record<string, (status: Status) => string>> = {
  branch: (status) => rowOf(status, "branch"),
  list_cost: (status) => status.text,
  pending: ({ pending_text = "" }) => pending_text,
  today: ({ today_text = "" }) => today_text,
  tokens: (status) => rowOf(status, "tokens") || "0",
  budget: (status) => rowOf(status, "budget"),
  models: (status) => rowOf(status, "models"),
  repository: ({ repository = "" }) => repository,
};

export const PLACEHOLDERS: readonly string[] = Object.keys(FIELDS);

/** The template with its `{placeholders}` filled in; `{{` and `}}` stand for braces. A name that stands for nothing stays
 * as it is, so that whoever wrote it sees it; `$(name)` of the template is an icon, of a branch it is text. */
export function formatted(template: string, status: Status): string {
  const filled = template.replace(/\{\{|\}\}|\{(\w*)\}/g, (found, name: string | undefined) => {
    if (name === undefined) return found.charAt(0);
    return Object.hasOwn(FIELDS, name) ? inLabel(FIELDS[name]?.(status) ?? "") : found;
  });
  return filled.trim();
}
