/** Text of others where the editor takes plain text, which it makes more of than that. */

const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** Lines in which whatever could change direction, hide or end a line elsewhere is written as `\u202e`. */
export function visible(text: string): string {
  return text.replace(UNSAFE, (one) => (one === "\n" ? one : written(one.codePointAt(0) ?? 0)));
}

/** A label or a description, in which no `$(name)` becomes an icon. */
export function inLabel(text: string): string {
  return visible(text).replaceAll("$(", "\\$(");
}

/** A sentence in a notification, which would make a link of `[text](command:…)`. */
export function inNotification(text: string): string {
  return visible(text).replaceAll("](", "] (");
}

function written(code: number): string {
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
