/** The words of setting up: what will happen, what happens, what went wrong and which button helps. */

import { OLDEST_PYTHON, type Python, type Verdict } from "./pythons";
import { t } from "./words";

export const OFFER_CHOICE = t("Choose Another Python…");
export const OFFER_RETRY = t("Try Again");
export const OFFER_PYTHON = t("Get Python");
export const OFFER_COPY = t("Copy Command");
export const OFFER_LOG = t("Show Log");

/** A sentence and buttons that help. */
export interface Offer {
  readonly message: string;
  readonly buttons: readonly string[];
}

export const STEP_TEXT = {
  venv: t("creating a virtual environment"),
  pip: t("installing it and its dependencies"),
  check: t("testing it"),
} as const;

/** What the user agrees to. */
export function setupConsent(
  python: Python,
  storage: string,
  wheel: string,
): { message: string; detail: string; button: string } {
  return {
    message: t("Set up the tokcost server?"),
    detail: [
      t("It is a Python program that reads your assistants' logs on this machine. If you agree, this happens:"),
      "",
      t("1. Python {0} ({1}) creates a virtual environment in {2}", python.version, python.path, storage),
      t("2. pip installs {0} into it, which is part of this extension", wheel),
      t("3. pip fetches its dependencies (click, pygls and others) from your package index"),
      "",
      t(
        "Nothing else on this machine is changed. A later version of this extension brings its own server up to date in the same way. The server itself uses no network.",
      ),
    ].join("\n"),
    button: t("Set Up"),
  };
}

/** Why no Python can make the environment. */
export function verdictText(verdict: Exclude<Verdict, { kind: "good" }>, chosen?: string): Offer {
  switch (verdict.kind) {
    case "none": {
      const message =
        chosen === undefined
          ? t("tokcost: no Python was found on this machine; the server needs Python {0} or later.", OLDEST_PYTHON)
          : t("tokcost: {0} is not a Python interpreter; the server needs Python {1} or later.", chosen, OLDEST_PYTHON);
      return { message, buttons: [OFFER_PYTHON, OFFER_CHOICE] };
    }
    case "too-old": {
      const { version, path } = verdict.newest;
      const message = t("tokcost: the server needs Python {0} or later; {1} is {2}.", OLDEST_PYTHON, path, version);
      return { message, buttons: [OFFER_PYTHON, OFFER_CHOICE] };
    }
    case "no-venv": {
      const message = t(
        "tokcost: {0} lacks the venv module. On Debian and Ubuntu it is in the package python3-venv.",
        verdict.python.path,
      );
      return { message, buttons: [OFFER_COPY, OFFER_RETRY, OFFER_CHOICE] };
    }
  }
}

/** Why the environment could not be made. */
export function failureText(why: "venv" | "offline" | "pip" | "check" | "disk"): Offer {
  const nothing = t("Nothing was left behind.");
  switch (why) {
    case "venv":
      return {
        message: t("tokcost: the virtual environment could not be created. {0}", nothing),
        buttons: [OFFER_LOG, OFFER_CHOICE],
      };
    case "offline":
      return {
        message: t("tokcost: pip could not reach your package index, or a package is missing there. {0}", nothing),
        buttons: [OFFER_RETRY, OFFER_LOG],
      };
    case "pip":
      return {
        message: t("tokcost: pip could not install the server. {0}", nothing),
        buttons: [OFFER_LOG, OFFER_RETRY],
      };
    case "check":
      return {
        message: t("tokcost: the server was installed but does not run. {0}", nothing),
        buttons: [OFFER_LOG, OFFER_CHOICE],
      };
    case "disk":
      return {
        message: t("tokcost: the environment could not be written. {0}", nothing),
        buttons: [OFFER_LOG, OFFER_RETRY],
      };
  }
}
