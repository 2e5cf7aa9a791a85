/** The tooltip of the figure: a small table, and links to what one may want next. */

import { inMarkdown } from "./markdown";
import type { Status, TooltipRow } from "./protocol";
import type { Phase } from "./statusText";
import { t } from "./words";

/** Nothing else can be run by a click in the tooltip. */
export const TOOLTIP_COMMANDS: readonly string[] = [
  "tokcost.openSummary",
  "tokcost.previewLine",
  "tokcost.showMenu",
  "tokcost.showLog",
];

const PHASES: Record<Exclude<Phase, "running" | "dormant">, string> = {
  starting: t("tokcost is starting."),
  missing: t("tokcost needs its server, a Python program. Click to see how it can be set up."),
  failed: t("The tokcost server stopped repeatedly. Click to see what you can do."),
};

/** Markdown for the tooltip; empty where there is nothing to say. */
export function tooltipMarkdown(phase: Phase, status: Status | undefined, name?: string): string {
  if (phase !== "running") return phase === "dormant" ? "" : PHASES[phase];
  if (status === undefined) return PHASES.starting;
  if (status.state === "problem") {
    return `**${t("tokcost has a problem")}**\n\n${inMarkdown(status.problem)}\n\n[${t("Show log")}](command:tokcost.showLog)`;
  }
  const named =
    name === undefined
      ? status.tooltip
      : [{ name: "repository", label: t("Repository"), value: name }, ...status.tooltip];
  const [first, ...rest] = named;
  if (first === undefined) return "";
  const table = [tableRow(first), "|:--|:--|", ...rest.map(tableRow)];
  return [table.join("\n"), ...notes(status), links(status.uri)].join("\n\n");
}

/** Hovers leave no room between columns of their own. */
function tableRow({ label, value }: TooltipRow): string {
  return `| ${inMarkdown(label)}&nbsp;&nbsp;&nbsp; | ${inMarkdown(value)} |`;
}

/** About the repository that the tooltip tells of, whichever is shown when somebody clicks. */
function links(uri: string): string {
  const about = encodeURIComponent(JSON.stringify([{ uri }])).replace(/[()]/g, (one) => (one === "(" ? "%28" : "%29"));
  return [
    `[$(graph) ${t("Summary")}](command:tokcost.openSummary?${about} "${t("What this branch cost, in full")}")`,
    `[$(eye) ${t("Preview line")}](command:tokcost.previewLine?${about} "${t("What the next commit would carry")}")`,
    `[$(list-unordered) ${t("More")}](command:tokcost.showMenu)`,
  ].join("&nbsp;&nbsp;·&nbsp;&nbsp;");
}

function notes(status: Status): string[] {
  const said: string[] = [];
  if (status.state === "importing")
    said.push(`$(sync~spin) ${t("Still reading logs: the figures are from the last time.")}`);
  else if (status.stale) said.push(`$(clock) ${t("Something logged is not in these figures yet.")}`);
  if (status.problem !== "") said.push(`$(warning) ${inMarkdown(status.problem)}`);
  return said;
}
