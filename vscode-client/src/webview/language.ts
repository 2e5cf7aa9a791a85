/** The language of the page, which the editor wrote into it. It is loaded first: constants are made as their files load. */

import { filled, speak } from "../core/words";

const { words } = document.body.dataset;
const known = JSON.parse(words ?? "{}") as Readonly<Record<string, string>>;
speak((text, ...values) => filled(known[text] ?? text, values));
