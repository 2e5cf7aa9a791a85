/** The language of the person, for words of files that do not know the editor. English where nothing else is said.
 *
 * Each text is its own key, with `{0}` for what is put in: `l10n/bundle.l10n.json` has them all, and a house test
 * compares. What the server tells (amounts, tooltips, sentences of budgets and rules) is in its own words.
 */

export type Translate = (text: string, ...values: (string | number)[]) => string;

/** Put values in where a text says so. */
export function filled(text: string, values: readonly (string | number)[]): string {
  return text.replace(/\{(\d+)\}/g, (whole, at: string) => String(values[Number(at)] ?? whole));
}

let translate: Translate = (text, ...values) => filled(text, values);

/** Have all words in another language from now on: before files that keep some in constants are loaded. */
export function speak(other: Translate): void {
  translate = other;
}

/** A text in the language of the person. */
export function t(text: string, ...values: (string | number)[]): string {
  return translate(text, ...values);
}
