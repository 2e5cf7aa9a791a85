/** What a click on the figure offers. Pure: the entries, not the picking. */

import { inLabel, visible } from "./plain";
import type { Status } from "./protocol";
import type { Phase } from "./statusText";

export interface Entry {
  readonly label: string;
  readonly description?: string;
  /** The command that it runs; a heading has none. */
  readonly command?: string;
}

const LOG: Entry = { label: "$(output) Show Log Output", command: "tokcost.showLog" };
const SET_UP: Entry = {
  label: "$(desktop-download) Set Up the Server…",
  description: "asks before it does anything",
  command: "tokcost.setUpServer",
};
const SETTINGS: Entry = { label: "$(gear) Settings", command: "tokcost.openSettings" };
const RESTART: Entry = { label: "$(debug-restart) Restart the Server", command: "tokcost.restartServer" };
const WALKTHROUGH: Entry = { label: "$(mortar-board) Get Started", command: "tokcost.openWalkthrough" };

/** The entries of the menu, in order. */
export function menuEntries(phase: Phase, status: Status | undefined): Entry[] {
  switch (phase) {
    case "dormant":
      return [heading("No folder here lies in a git repository"), SETTINGS, WALKTHROUGH, LOG];
    case "missing":
      return [SET_UP, SETTINGS, RESTART, WALKTHROUGH, LOG];
    case "starting":
      return [LOG, RESTART, SETTINGS];
    case "failed":
      return [RESTART, LOG, SET_UP, SETTINGS];
    case "running":
      return [...(status?.repository === undefined ? [] : ofRepository(status)), heading("Extension"), ...EXTENSION];
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
      label: "$(graph) Branch Summary",
      description: `${inLabel(status.line)}${status.stale ? ", not up to date" : ""}`,
      command: "tokcost.openSummary",
    },
    { label: "$(git-branch) All Branches", description: "with what is on none", command: "tokcost.openBranches" },
    {
      label: "$(eye) Preview Next Line",
      description: row(status, "Pending", (value) => `${value} pending`),
      command: "tokcost.previewLine",
    },
    heading("Cost lines in commits"),
    ...costLines(status),
    heading("Figures"),
    { label: "$(dashboard) Budget…", description: row(status, "Budget") || "none", command: "tokcost.setBudget" },
    { label: "$(list-flat) Report as Text", description: "all branches", command: "tokcost.showReport" },
    { label: "$(pulse) Doctor", description: "what these figures rest on", command: "tokcost.runDoctor" },
  ];
}

function costLines(status: Status): Entry[] {
  const lines = status.cost_lines;
  if (lines?.enabled !== true) {
    const why = lines?.problem === undefined || lines.problem === "" ? "off in this clone" : inLabel(lines.problem);
    return [{ label: "$(git-commit) Put Cost Lines into Commits…", description: why, command: "tokcost.enableLines" }];
  }
  const next = lines.omitted
    ? {
        label: "$(add) Put the Line Back into the Next Commit",
        description: "left out; possible until you commit",
        command: "tokcost.addNextLine",
      }
    : { label: "$(circle-slash) Leave the Next Commit's Line Out", command: "tokcost.omitNextLine" };
  const stop = { label: "$(git-commit) Stop Cost Lines", description: "on in this clone" };
  return [next, { ...stop, command: "tokcost.disableLines" }];
}

function row(status: Status, label: string, shown = (value: string): string => value): string {
  const found = status.tooltip.find((one) => one.label === label)?.value;
  return found === undefined ? "" : inLabel(shown(found));
}

function heading(label: string): Entry {
  return { label };
}
