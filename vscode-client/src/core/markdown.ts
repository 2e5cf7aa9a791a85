/** Text of others (branch names, paths) inside Markdown: shown as it is, never as a link, an icon or HTML. */

import { visible } from "./plain";

const SPECIAL = /[\\`*_{}[\]()#+\-.!|<>~$&:]/g;

/** One line, with everything escaped that Markdown, or an icon in it, could make something of. */
export function inMarkdown(text: string): string {
  return visible(text.replace(/\s+/g, " ")).replace(SPECIAL, (one) => `&#${String(one.charCodeAt(0))};`);
}
