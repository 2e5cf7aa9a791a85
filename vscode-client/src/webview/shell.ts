/** The empty page: what may run in it, and the places that its script fills. */

import { t } from "../core/words";
import { exactly, html } from "./html";
import type { PageState } from "./messages";
import { TABLE_SECTIONS } from "./table";
import { POLICY } from "./trusted";
import { SECTIONS } from "./view";

export interface Sources {
  readonly script: string;
  readonly style: string;
  /** Where files of the extension may come from. */
  readonly origin: string;
  readonly nonce: string;
}

/** The words of the page: the page has no editor to ask. */
export interface Language {
  readonly language: string;
  /** Translations by the English text. */
  readonly words: Readonly<Record<string, string>>;
}

export const ENGLISH: Language = { language: "en", words: {} };

/** A document in which nothing runs and nothing loads but our own script and style sheet. */
export function shell(sources: Sources, state: PageState, { language, words }: Language = ENGLISH): string {
  const policy = `default-src 'none'; style-src ${sources.origin}; script-src 'nonce-${sources.nonce}'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types ${POLICY}`;
  const places = [...TABLE_SECTIONS, ...SECTIONS].map((name) => html`<section id="${name}" hidden></section>`);
  return html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="stylesheet" href="${sources.style}" />
        <title>${t("Branch summary")}</title>
      </head>
      <body data-state="${exactly(JSON.stringify(state))}" data-words="${exactly(JSON.stringify(words))}">
        <header>
          <h1>${t("Branch summary")}</h1>
          <label for="branch">${t("Branch")}</label>
          <select id="branch"></select>
          <button type="button" data-command="tokcost.previewLine">${t("Preview next line")}</button>
          <button type="button" data-command="tokcost.showReport">${t("Report as text")}</button>
        </header>
        <p id="problem" role="alert" hidden></p>
        <main>${places}</main>
        <footer>
          ${t("List cost is tokens times the public price on that day, in US dollars; with a flat plan it is not your bill. Nothing leaves this machine.")}
        </footer>
        <script nonce="${sources.nonce}" src="${sources.script}"></script>
      </body>
    </html>`.text;
}
