/** Small charts as SVG that takes its colours from classes, so that every theme fits. Tables beside them say the same. */

import { t } from "../core/words";
import { html, type Html } from "./html";

export interface Day {
  /** As in `2026-11-01`. */
  readonly day: string;
  readonly value: number;
  readonly label: string;
}

/** The largest of any number of values; at least 0. */
export function largest(values: readonly number[]): number {
  return values.reduce((most, one) => Math.max(most, one), 0);
}

const HEIGHT = 150;
const FOOT = 18;
const HEAD = 18;
const MOST_DAYS = 60;
/** The width of the page; a chart that is wider scrolls. */
const ROOM = 830;
const WIDEST_SLOT = 36;
/** The longest label has room. */
const LEAST_WIDTH = 320;
/** At least as wide as a character of a label is, on average. */
const CHARACTER = 6.5;
const TICK = 44;

/** Columns, one for each day from the first to the last; days without spend are gaps. */
export function dayChart(days: readonly Day[], describedBy: string): Html {
  const shown = lastDays(days);
  const highest = largest(shown.map((one) => one.value));
  const slot = Math.min(WIDEST_SLOT, Math.floor(ROOM / Math.max(shown.length, 1)));
  const width = Math.max(shown.length * slot, LEAST_WIDTH);
  const room = HEIGHT - FOOT - HEAD;
  const step = Math.ceil(TICK / slot);
  const columns = shown.map((one, index) => {
    const tall = highest > 0 && one.value > 0 ? Math.max((one.value / highest) * room, 2) : 0;
    const x = index * slot;
    const top = HEAD + room - tall;
    return html`<g>
      <title>${one.day}: ${one.label}</title>
      <rect class="hit" x="${x}" y="0" width="${slot}" height="${HEIGHT - FOOT}" />
      <rect
        class="column"
        x="${round(x + slot / 6)}"
        y="${round(top)}"
        width="${round((slot * 2) / 3)}"
        height="${round(tall)}"
        rx="2"
      />
      ${one.value > 0 && one.value === highest && label("value", one.label, { x: x + slot / 2, y: top - 5, width })}
      ${index % step === 0 && label("tick", tick(one.day, shown[index - step]?.day), { x: x + slot / 2, y: HEIGHT - 4, width })}
    </g>`;
  });
  return html`<svg
    class="days"
    width="${width}"
    height="${HEIGHT}"
    viewBox="0 0 ${width} ${HEIGHT}"
    role="img"
    aria-labelledby="${describedBy}"
  >
    <line class="axis" x1="0" x2="${shown.length * slot}" y1="${HEAD + room + 0.5}" y2="${HEAD + room + 0.5}" />
    ${columns}
  </svg>`;
}

/** Text around a point, moved so far that all of it stands within the width. */
function label(kind: string, text: string, { x, y, width }: { x: number; y: number; width: number }): Html {
  const half = (text.length * CHARACTER) / 2;
  const at = half > x ? ["0", "start"] : half > width - x ? [String(width), "end"] : [round(x), "middle"];
  return html`<text class="${kind}" x="${at[0]}" y="${round(y)}" text-anchor="${at[1]}">${text}</text>`;
}

/** One bar: a share from 0 to 1. */
export function bar(share: number, kind: string): Html {
  const width = share > 0 ? Math.max(share * 100, 0.8) : 0;
  return html`<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
    <rect class="track" width="100" height="8" />
    <rect class="${kind}" width="${round(width)}" height="8" />
  </svg>`;
}

export interface Share {
  readonly value: number;
  /** A class that gives it its colour. */
  readonly kind: string;
}

/** Shares of a whole, one behind the other. */
export function stack(shares: readonly Share[]): Html {
  const whole = shares.reduce((sum, one) => sum + one.value, 0);
  let x = 0;
  const pieces = shares.map((one) => {
    const width = whole > 0 ? (one.value / whole) * 100 : 0;
    const made = html`<rect class="${one.kind}" x="${round(x)}" width="${round(width)}" height="8" />`;
    x += width;
    return made;
  });
  return html`<svg class="bar stack" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
    <rect class="track" width="100" height="8" />
    ${pieces}
  </svg>`;
}

export interface Slice extends Share {
  /** What a screen reader says and a pointer shows. */
  readonly said: string;
}

/** Shares of a whole that can be walked through with the Tab key, each with its words. */
export function spokenStack(name: string, slices: readonly Slice[]): Html {
  const whole = slices.reduce((sum, one) => sum + one.value, 0);
  let x = 0;
  const pieces = slices.map((one) => {
    const width = whole > 0 ? (one.value / whole) * 100 : 0;
    const made = html`<g role="listitem" tabindex="0" aria-label="${one.said}">
      <title>${one.said}</title>
      <rect class="${one.kind}" x="${round(x)}" width="${round(width)}" height="8" />
    </g>`;
    x += width;
    return made;
  });
  return html`<svg
    class="bar stack spoken"
    viewBox="0 0 100 8"
    preserveAspectRatio="none"
    role="list"
    aria-label="${name}"
  >
    <rect class="track" width="100" height="8" aria-hidden="true" />
    ${pieces}
  </svg>`;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Each of the last days, also those without spend. */
function lastDays(days: readonly Day[]): Day[] {
  const known = new Map(days.map((one) => [one.day, one]));
  const sorted = [...known.keys()].sort();
  const last = Date.parse(sorted.at(-1) ?? "");
  const first = Math.max(Date.parse(sorted[0] ?? ""), last - (MOST_DAYS - 1) * DAY_MS);
  const made: Day[] = [];
  for (let time = first; time <= last; time += DAY_MS) {
    const day = new Date(time).toISOString().slice(0, 10);
    made.push(known.get(day) ?? { day, value: 0, label: t("nothing") });
  }
  return made;
}

/** The day of the month, with the month where it is another than before. */
function tick(day: string, before: string | undefined): string {
  const [, month = "", date = ""] = day.split("-");
  const name = before?.slice(0, 7) === day.slice(0, 7) ? "" : ` ${MONTHS[Number(month) - 1] ?? ""}`;
  return `${String(Number(date))}${name}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
