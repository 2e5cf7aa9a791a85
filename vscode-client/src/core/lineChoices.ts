/** How much a cost line may say: the choices before agreeing, the least telling first. */

import type { Terms } from "./protocol";

export interface Choice {
  readonly label: string;
  readonly detail: string;
  readonly terms: Terms;
}

export const CHOICES: readonly Choice[] = [
  {
    label: "Rounded, with models",
    detail: "Amounts rounded to 1, 2 or 5, and the names of the models. What most should take.",
    terms: { precision: "coarse", models: true },
  },
  {
    label: "Rounded, without models",
    detail: "The least a line can say.",
    terms: { precision: "coarse", models: false },
  },
  {
    label: "Exact, with models",
    detail: "Exact amounts and token classes, and the names of the models.",
    terms: { precision: "exact", models: true },
  },
  {
    label: "Exact, without models",
    detail: "Exact amounts and token classes.",
    terms: { precision: "exact", models: false },
  },
];
