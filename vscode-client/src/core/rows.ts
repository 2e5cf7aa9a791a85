/** Rows of the tooltip, found by what they are of: their labels are words of a language. */

import type { RowName, Status } from "./protocol";

/** The value of a row; empty where there is none. */
export function rowOf(status: Status, name: RowName): string {
  return status.tooltip.find((one) => one.name === name)?.value ?? "";
}
