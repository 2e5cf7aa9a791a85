/** What the status bar shows in each situation. Pure, so that every one of them has a test. */

import { formatted } from "./format";
import type { Status } from "./protocol";
import { t } from "./words";

/** Where the extension stands before there are figures. */
export type Phase = "dormant" | "starting" | "missing" | "failed" | "running";

export interface ItemLook {
  readonly text: string;
  /** What a screen reader says. */
  readonly spoken: string;
  readonly isWarning: boolean;
}

/** Which figure the user wants to see; the others are in the tooltip. */
export type Shown = "branch" | "branchAndPending" | "today";

/** The status bar item, or nothing to show. A `format` of the user's is written in place of the figure. */
export function itemLook(
  phase: Phase,
  status: Status | undefined,
  shown: Shown = "branch",
  format = "",
): ItemLook | undefined {
  switch (phase) {
    case "dormant":
      return undefined;
    case "starting":
      return plain("$(loading~spin) tokcost", t("tokcost is starting"));
    case "missing":
      return plain(`$(graph) ${t("tokcost: set up")}`, t("tokcost needs its server; activate to set it up"));
    case "failed":
      return plain("$(error) tokcost", t("tokcost stopped; activate to see what you can do"));
    case "running":
      return status === undefined
        ? plain("$(loading~spin) tokcost", t("tokcost is starting"))
        : figure(status, { shown, format });
  }
}

interface Wanted {
  readonly shown: Shown;
  readonly format: string;
}

function figure(status: Status, wanted: Wanted): ItemLook | undefined {
  switch (status.state) {
    case "no-repository":
      return undefined;
    case "problem":
      return plain("$(error) tokcost", t("tokcost has a problem: {0}", status.problem));
    case "importing":
      return plain(`$(sync~spin) ${words(status, wanted).text}`, t("{0}, still reading logs", status.accessible));
    case "ready":
      // The triangle is that of Problems, which stand beside it: only what is over may look like one. That a limit is
      // near is said in words, in the tooltip and to a screen reader.
      return {
        text: `${withIcon(status, words(status, wanted))}${RULE_SIGNS[status.rule_state ?? "none"]}`,
        spoken: status.stale ? t("tokcost, {0}, not up to date", status.accessible) : `tokcost, ${status.accessible}`,
        isWarning: status.budget === "over",
      };
  }
}

/** Whoever writes a format chooses the icon; only one that says something comes before it. */
function withIcon(status: Status, { text, isOwn }: Words): string {
  if (status.budget === "over") return `$(warning) ${text}`;
  if (status.stale) return `$(clock) ${text}`;
  return isOwn ? text : `$(graph) ${text}`;
}

interface Words {
  readonly text: string;
  /** Whether a format of the user's made it. */
  readonly isOwn: boolean;
}

/** A rule that speaks is a bell, one that soon will an empty one, one that cannot tell (usage has no price) a question
 * mark: what it says is in the tooltip. */
const RULE_SIGNS: Readonly<Record<NonNullable<Status["rule_state"]>, string>> = {
  none: "",
  near: " $(bell)",
  unpriced: " $(question)",
  over: " $(bell-dot)",
};

function words(status: Status, { shown, format }: Wanted): Words {
  const own = format.trim() === "" || status.no_logs === true ? "" : formatted(format, status);
  return own === "" ? { text: usual(status, shown), isOwn: false } : { text: own, isOwn: true };
}

/** The figure, as the server writes it. */
function usual(status: Status, shown: Shown): string {
  const { no_logs = false, today_text = "", pending_text = "" } = status;
  if (no_logs) return status.text;
  if (shown === "today") return t("{0} today", today_text);
  return shown === "branchAndPending" && pending_text !== ""
    ? t("{0} ({1} pending)", status.text, pending_text)
    : status.text;
}

function plain(text: string, spoken: string): ItemLook {
  return { text, spoken, isWarning: false };
}
