/** How much a cost line may say: the choices before agreeing, the least telling first. */

import type { Terms } from "./protocol";
import { t } from "./words";

export interface Choice {
  readonly label: string;
  readonly detail: string;
  readonly terms: Terms;
}

export const CHOICES: readonly Choice[] = [
  {
    label: t("Rounded, with models"),
    detail: t("Amounts rounded to 1, 2 or 5, and the names of the models. Recommended."),
    terms: { precision: "coarse", models: true },
  },
  {
    label: t("Rounded, without models"),
    detail: t("The least that a line can reveal."),
    terms: { precision: "coarse", models: false },
  },
  {
    label: t("Exact, with models"),
    detail: t("Exact amounts and token classes, and the names of the models."),
    terms: { precision: "exact", models: true },
  },
  {
    label: t("Exact, without models"),
    detail: t("Exact amounts and token classes."),
    terms: { precision: "exact", models: false },
  },
];
