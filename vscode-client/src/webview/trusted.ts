/** The one place where text becomes elements: only what `html` made does, and in a page that demands Trusted Types. */

import type { Html } from "./html";

/** The policy that the page's content security policy allows, and no other. */
export const POLICY = "tokcost";

interface Factory {
  createPolicy(name: string, rules: { createHTML(text: string): string }): { createHTML(text: string): unknown };
}

/** Makes what elements take; browsers that know no Trusted Types take text. */
export function trusting(): (made: Html) => string {
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
  if (factory === undefined) return (made) => made.text;
  const policy = factory.createPolicy(POLICY, { createHTML: (text) => text });
  return (made) => policy.createHTML(made.text) as string;
}

/** Fill an element. */
export function fill(element: Element, made: Html, trust: (made: Html) => string): void {
  element.innerHTML = trust(made);
}
