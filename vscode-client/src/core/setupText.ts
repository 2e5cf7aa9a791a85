/** The words of setting up: what will happen, what happens, what went wrong and which button helps. */

import { OLDEST_PYTHON, type Python, type Verdict } from "./pythons";

export const OFFER_CHOICE = "Choose Another Python…";
export const OFFER_RETRY = "Try Again";
export const OFFER_PYTHON = "Get Python";
export const OFFER_COPY = "Copy Command";
export const OFFER_LOG = "Show Log";

/** A sentence and buttons that help. */
export interface Offer {
  readonly message: string;
  readonly buttons: readonly string[];
}

export const STEP_TEXT = {
  venv: "making a virtual environment",
  pip: "installing, with what it depends on",
  check: "trying it",
} as const;

/** What the user agrees to. */
export function setupConsent(
  python: Python,
  storage: string,
  wheel: string,
): { message: string; detail: string; button: string } {
  return {
    message: "Set up the server of tokcost?",
    detail: [
      "It is a Python program that reads your assistants' logs on this machine. Agree, and this happens:",
      "",
      `1. Python ${python.version} (${python.path}) makes a virtual environment in ${storage}`,
      `2. pip installs ${wheel} into it, which this extension carries`,
      "3. pip fetches what that depends on (click, pygls and others) from your package index",
      "",
      "Nothing else on this machine is changed. A later version of this extension brings its own server up to date in the same way. The server itself uses no network.",
    ].join("\n"),
    button: "Set Up",
  };
}

/** Why no Python can make the environment. */
export function verdictText(verdict: Exclude<Verdict, { kind: "good" }>, chosen?: string): Offer {
  switch (verdict.kind) {
    case "none": {
      const what = chosen === undefined ? "no Python was found on this machine" : `${chosen} is no Python`;
      const message = `tokcost: ${what}; the server needs Python ${OLDEST_PYTHON} or later.`;
      return { message, buttons: [OFFER_PYTHON, OFFER_CHOICE] };
    }
    case "too-old": {
      const { version, path } = verdict.newest;
      const message = `tokcost: the server needs Python ${OLDEST_PYTHON} or later; ${path} is ${version}.`;
      return { message, buttons: [OFFER_PYTHON, OFFER_CHOICE] };
    }
    case "no-venv": {
      const message =
        `tokcost: ${verdict.python.path} lacks the venv module. ` +
        "On Debian and Ubuntu it is in the package python3-venv.";
      return { message, buttons: [OFFER_COPY, OFFER_RETRY, OFFER_CHOICE] };
    }
  }
}

/** Why the environment could not be made. */
export function failureText(why: "venv" | "offline" | "pip" | "check" | "disk"): Offer {
  const nothing = "Nothing was left behind.";
  switch (why) {
    case "venv":
      return {
        message: `tokcost: the virtual environment could not be made. ${nothing}`,
        buttons: [OFFER_LOG, OFFER_CHOICE],
      };
    case "offline":
      return {
        message: `tokcost: pip could not reach your package index, or it lacks something. ${nothing}`,
        buttons: [OFFER_RETRY, OFFER_LOG],
      };
    case "pip":
      return { message: `tokcost: pip could not install the server. ${nothing}`, buttons: [OFFER_LOG, OFFER_RETRY] };
    case "check":
      return {
        message: `tokcost: the server was installed but does not run. ${nothing}`,
        buttons: [OFFER_LOG, OFFER_CHOICE],
      };
    case "disk":
      return {
        message: `tokcost: the environment could not be written. ${nothing}`,
        buttons: [OFFER_LOG, OFFER_RETRY],
      };
  }
}
