/** What the Source Control view says of the next commit's line. Pure. */

import { shortNames } from "./names";
import type { Status } from "./protocol";
import { t } from "./words";

export interface NextLine {
  readonly uri: string;
  /** Name of the repository, where more than one is open; otherwise empty. */
  readonly name: string;
  /** The lines as they would be written; none when nothing is pending. */
  readonly lines: readonly string[];
  /** What the first line says before its models, without the key that the view's title has already. */
  readonly label: string;
  /** The models, or that the line is left out. */
  readonly description: string;
  readonly isOmitted: boolean;
  readonly spoken: string;
  readonly hint: string;
}

/** The lines of all repositories in which lines are written. */
export function nextLines(statuses: readonly Status[]): NextLine[] {
  const names = statuses.length > 1 ? shortNames(statuses.map((one) => one.uri)) : undefined;
  return statuses.flatMap((status) => nextLine(status, names?.get(status.uri) ?? "") ?? []);
}

/** The line of one repository; undefined where no lines are written, or none was told yet. */
function nextLine(status: Status, name: string): NextLine | undefined {
  if (status.cost_lines?.enabled !== true || status.next == null) return undefined;
  const isOmitted = status.cost_lines.omitted;
  const lines = status.next.lines.flatMap((line) => line.split("\n"));
  const said =
    lines.length === 0
      ? t("Nothing is pending")
      : isOmitted
        ? t("{0}, left out of the next commit", lines.join("; "))
        : t("{0}, goes into the next commit", lines.join("; "));
  const meaning = isOmitted ? LEFT_OUT : t("It goes into the next commit.");
  return {
    uri: status.uri,
    name,
    lines,
    ...shortened(lines[0] ?? "", isOmitted),
    isOmitted,
    spoken: name === "" ? said : `${name}: ${said}`,
    hint: `${status.next.text}\n\n${meaning}${status.stale ? ` ${t("It is not up to date.")}` : ""}`,
  };
}

/** What it means that a line is left out. */
export const LEFT_OUT = t(
  "It is left out of the next commit. You can undo that until you commit; then its usage stays on this machine for good.",
);

/** What is left to say when the commit was made meanwhile, or the line was put back. */
export const TOO_LATE = t(
  "no line is left out now. If the commit was made in the meantime, its usage stays on this machine.",
);

/** As much of a line as a side bar has room for; all of it is in the tooltip. */
function shortened(line: string, isOmitted: boolean): Pick<NextLine, "label" | "description"> {
  const [cost = "", tokens, models = ""] = line.replace(/^AI-Cost:\s*/, "").split("; ");
  const label = tokens === undefined ? cost : `${cost}; ${tokens}`;
  return { label, description: isOmitted ? t("left out") : shortModels(models) };
}

/** The dearest model without its maker's name, and how many more there are: `opus-4-5 +2`. */
function shortModels(said: string): string {
  if (said === "-") return "";
  const names = said.split(", ").filter((name) => !name.startsWith("+"));
  const unnamed = Number(/\+(\d+)$/.exec(said)?.[1] ?? 0);
  const [first = "", ...others] = names;
  const more = others.length + unnamed;
  return `${shortModel(first)}${more > 0 ? ` +${String(more)}` : ""}`.trim();
}

/** A model without what does not tell it apart: `claude-`, a date. */
function shortModel(name: string): string {
  return name.replace(/^claude-/, "").replace(/[-@](?:\d{8}|\d{4}-\d{2}-\d{2})(?=$|[-:])/, "");
}

const TITLE = t("AI-Cost Line");

/** The title, which can be seen also while the view is closed: with what is pending, where one repository is open. */
export function titleText(statuses: readonly Status[]): string {
  const [only, ...more] = statuses;
  if (only === undefined || more.length > 0) return TITLE;
  const { pending_text = "", stale } = only;
  if (pending_text === "") return TITLE;
  const said = t("{0}: {1} pending", TITLE, pending_text);
  return stale ? t("{0}, not up to date", said) : said;
}

/** One sentence for the view when no repository has a line to show. */
export function emptyText(next: readonly NextLine[]): string | undefined {
  if (next.length === 0 || next.some((one) => one.lines.length > 0)) return undefined;
  const nothing = t("Nothing is pending: the next commit carries no line.");
  const isOmitted = next.some((one) => one.isOmitted);
  return isOmitted ? `${nothing} ${t("You asked to leave the next line out.")}` : nothing;
}
