/** What a click on the figure offers. Pure: the entries, not the picking. */

import { inLabel, visible } from "./plain";
import type { RowName, Status } from "./protocol";
import { rowOf } from "./rows";
import type { Phase } from "./statusText";
import { t } from "./words";

export interface Entry {
  readonly label: string;
  readonly description?: string;
  /** The command that it runs; a heading has none. */
  readonly command?: string;
}

const LOG: Entry = { label: `$(output) ${t("Show Log Output")}`, command: "tokcost.showLog" };
const SET_UP: Entry = {
  label: `$(desktop-download) ${t("Set Up the Server…")}`,
  description: t("asks before it does anything"),
  command: "tokcost.setUpServer",
};
const SETTINGS: Entry = { label: `$(gear) ${t("Settings")}`, command: "tokcost.openSettings" };
const RESTART: Entry = { label: `$(debug-restart) ${t("Restart the Server")}`, command: "tokcost.restartServer" };
const WALKTHROUGH: Entry = { label: `$(mortar-board) ${t("Get Started")}`, command: "tokcost.openWalkthrough" };

/** The entries of the menu, in order. */
export function menuEntries(phase: Phase, status: Status | undefined): Entry[] {
  switch (phase) {
    case "dormant":
      return [heading(t("No open folder is in a git repository")), SETTINGS, WALKTHROUGH, LOG];
    case "missing":
      return [SET_UP, SETTINGS, RESTART, WALKTHROUGH, LOG];
    case "starting":
      return [LOG, RESTART, SETTINGS];
    case "failed":
      return [RESTART, LOG, SET_UP, SETTINGS];
    case "running":
      return [...(status?.repository === undefined ? [] : ofRepository(status)), heading(t("Extension")), ...EXTENSION];
  }
}

/** The title: the branch, and the repository where more than one is open. */
export function menuTitle(status: Status | undefined, name: string | undefined): string {
  const about = [name, status?.branch].filter((part) => part != null && part !== "").map((part) => visible(part ?? ""));
  return about.length === 0 ? "tokcost" : `tokcost: ${about.join(", ")}`;
}

const EXTENSION: readonly Entry[] = [LOG, RESTART, SETTINGS, WALKTHROUGH];

function ofRepository(status: Status): Entry[] {
  return [
    {
      label: `$(graph) ${t("Branch Summary")}`,
      description: status.stale ? t("{0}, not up to date", inLabel(status.line)) : inLabel(status.line),
      command: "tokcost.openSummary",
    },
    {
      label: `$(git-branch) ${t("All Branches")}`,
      description: t("with usage on none"),
      command: "tokcost.openBranches",
    },
    {
      label: `$(eye) ${t("Preview Next Line")}`,
      description: row(status, "pending", (value) => t("{0} pending", value)),
      command: "tokcost.previewLine",
    },
    heading(t("Cost lines in commits")),
    ...costLines(status),
    heading(t("Figures")),
    {
      label: `$(dashboard) ${t("Budget…")}`,
      description: row(status, "budget") || t("none"),
      command: "tokcost.setBudget",
    },
    { label: `$(list-flat) ${t("Report as Text")}`, description: t("all branches"), command: "tokcost.showReport" },
    {
      label: `$(pulse) ${t("Doctor")}`,
      description: t("what these figures are based on"),
      command: "tokcost.runDoctor",
    },
  ];
}

function costLines(status: Status): Entry[] {
  const lines = status.cost_lines;
  if (lines?.enabled !== true) {
    const why = lines?.problem === undefined || lines.problem === "" ? t("off in this clone") : inLabel(lines.problem);
    return [
      { label: `$(git-commit) ${t("Put Cost Lines into Commits…")}`, description: why, command: "tokcost.enableLines" },
    ];
  }
  const next = lines.omitted
    ? {
        label: `$(add) ${t("Put the Line Back into the Next Commit")}`,
        description: t("left out; possible until you commit"),
        command: "tokcost.addNextLine",
      }
    : { label: `$(circle-slash) ${t("Leave the Next Commit's Line Out")}`, command: "tokcost.omitNextLine" };
  const stop = { label: `$(git-commit) ${t("Stop Cost Lines")}`, description: t("on in this clone") };
  return [next, { ...stop, command: "tokcost.disableLines" }];
}

function row(status: Status, name: RowName, shown = (value: string): string => value): string {
  const found = rowOf(status, name);
  return found === "" ? "" : inLabel(shown(found));
}

function heading(label: string): Entry {
  return { label };
}
