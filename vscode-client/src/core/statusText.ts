/** What the status bar shows in each situation. Pure, so that every one of them has a test. */

import type { Status } from "./protocol";

/** Where the extension stands before there are figures. */
export type Phase = "dormant" | "starting" | "missing" | "failed" | "running";

export interface ItemLook {
  readonly text: string;
  /** What a screen reader says. */
  readonly spoken: string;
  readonly isWarning: boolean;
}

/** The status bar item, or nothing to show. */
export function itemLook(phase: Phase, status: Status | undefined): ItemLook | undefined {
  switch (phase) {
    case "dormant":
      return undefined;
    case "starting":
      return plain("$(loading~spin) tokcost", "tokcost is starting");
    case "missing":
      return plain("$(graph) tokcost: set up", "tokcost needs its server; activate to set it up");
    case "failed":
      return plain("$(error) tokcost", "tokcost stopped; activate to see what can be done");
    case "running":
      return status === undefined ? plain("$(loading~spin) tokcost", "tokcost is starting") : figure(status);
  }
}

function figure(status: Status): ItemLook | undefined {
  switch (status.state) {
    case "no-repository":
      return undefined;
    case "problem":
      return plain("$(error) tokcost", `tokcost has a problem: ${status.problem}`);
    case "importing":
      return plain(`$(sync~spin) ${status.text}`, `${status.accessible}, still reading logs`);
    case "ready":
      return {
        text: `${icon(status)} ${status.text}`,
        spoken: `tokcost, ${status.accessible}`,
        isWarning: status.budget === "over",
      };
  }
}

function icon(status: Status): string {
  return status.budget === "over" || status.budget === "near" ? "$(warning)" : "$(graph)";
}

function plain(text: string, spoken: string): ItemLook {
  return { text, spoken, isWarning: false };
}
