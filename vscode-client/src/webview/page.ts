/** The script of the page: asks for the model, shows what changed in it, tells what was chosen. */

import "./language"; // first: the words of all others are made as they load
import { visible } from "../core/plain";
import { t } from "../core/words";
import type { Html } from "./html";
import { ALL, type FromPage, isColumn, isPageCommand, type PageState, type TableModel, type ToPage } from "./messages";
import { NOTHING } from "./pieces";
import { clicked, NEWEST_FIRST, TABLE_SECTIONS, tableSections } from "./table";
import { fill, trusting } from "./trusted";
import { options, sections, SECTIONS } from "./view";

const editor = acquireVsCodeApi<PageState>();
const trust = trusting();
const shown = new Map<string, string>();
let table: TableModel | undefined;

/** Put HTML into an element, unless it is there already: what did not change keeps its focus and its scrolling. */
function put(id: string, made: Html): void {
  const element = document.getElementById(id);
  if (element === null || shown.get(id) === made.text) return;
  shown.set(id, made.text);
  const opened = element.querySelector("details")?.open === true;
  const focused = focusable(element).findIndex((one) => one === document.activeElement);
  const scrolled = element.querySelector(".scroll")?.scrollLeft;
  fill(element, made, trust);
  element.hidden = made.text === "";
  // Figures change while somebody walks through a chart with the keyboard.
  if (focused >= 0) focusable(element)[focused]?.focus();
  const details = element.querySelector("details");
  if (details !== null) details.open = opened;
  const scroll = element.querySelector(".scroll");
  // The newest day is the last one: it is seen first, until somebody scrolls.
  if (scroll !== null) scroll.scrollLeft = scrolled ?? (id === "days" ? scroll.scrollWidth : 0);
}

function focusable(element: HTMLElement): (HTMLElement | SVGElement)[] {
  return [...element.querySelectorAll<HTMLElement | SVGElement>("[tabindex], summary, button")];
}

function show(message: ToPage): void {
  const problem = document.getElementById("problem");
  if (problem !== null) {
    problem.textContent = message.type === "problem" ? visible(message.text) : "";
    problem.hidden = message.type !== "problem";
  }
  if (message.type === "problem") return;
  document.body.dataset["version"] = String(message.model.version);
  table = message.type === "table" ? message.model : undefined;
  const title = document.querySelector("h1");
  if (title !== null) title.textContent = table === undefined ? t("Branch summary") : t("All branches");
  if (message.type === "table") {
    const { rows, current } = message.model;
    put("branch", options({ name: ALL, names: rows.map((row) => row.branch), current }));
    for (const name of SECTIONS) put(name, NOTHING);
    showTable(message.model);
    return;
  }
  put("branch", options(message.model));
  for (const name of TABLE_SECTIONS) put(name, NOTHING);
  const made = sections(message.model);
  for (const name of SECTIONS) put(name, made[name]);
}

function showTable(model: TableModel): void {
  const made = tableSections(model, editor.getState()?.order);
  for (const name of TABLE_SECTIONS) put(name, made[name]);
}

function tell(message: FromPage): void {
  editor.postMessage(message);
}

function choose(branch: string): void {
  remember({ branch });
  tell({ type: "branch", name: branch });
}

function remember(change: Partial<PageState>): void {
  const before = editor.getState();
  if (before !== undefined) editor.setState({ ...before, ...change });
}

/** What a click on a button of ours means. */
function press({ dataset }: HTMLElement): void {
  const { command, branch, sort, assign, commit } = dataset;
  if (isPageCommand(command)) tell({ type: "command", command });
  if (branch !== undefined) choose(branch);
  if (assign !== undefined) tell({ type: "assign", session: assign });
  if (commit !== undefined) tell({ type: "commit", commit });
  if (isColumn(sort)) {
    remember({ order: clicked(editor.getState()?.order ?? NEWEST_FIRST, sort) });
    if (table !== undefined) showTable(table);
  }
}

window.addEventListener("message", (event: MessageEvent<ToPage>) => {
  show(event.data);
});
document.getElementById("branch")?.addEventListener("change", (event) => {
  if (event.target instanceof HTMLSelectElement) choose(event.target.value);
});
document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest<HTMLElement>("button[type=button]") : null;
  if (button !== null) press(button);
});
const { state } = document.body.dataset;
if (state !== undefined) editor.setState(JSON.parse(state) as PageState);
tell({ type: "ready" });
