/** The empty page: what may run in it, and the places that its script fills. */

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

/** A document in which nothing runs and nothing loads but our own script and style sheet. */
export function shell(sources: Sources, state: PageState): string {
  const policy = `default-src 'none'; style-src ${sources.origin}; script-src 'nonce-${sources.nonce}'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types ${POLICY}`;
  const places = [...TABLE_SECTIONS, ...SECTIONS].map((name) => html`<section id="${name}" hidden></section>`);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="stylesheet" href="${sources.style}" />
        <title>Branch summary</title>
      </head>
      <body data-state="${exactly(JSON.stringify(state))}">
        <header>
          <h1>Branch summary</h1>
          <label for="branch">Branch</label>
          <select id="branch"></select>
          <button type="button" data-command="tokcost.previewLine">Preview next line</button>
          <button type="button" data-command="tokcost.showReport">Report as text</button>
        </header>
        <p id="problem" role="alert" hidden></p>
        <main>${places}</main>
        <footer>
          List cost is tokens times the public price on that day, in US dollars; with a flat plan it is not your bill.
          Nothing leaves this machine.
        </footer>
        <script nonce="${sources.nonce}" src="${sources.script}"></script>
      </body>
    </html>`.text;
}
