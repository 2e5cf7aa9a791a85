/** The script of the page: asks for the model, shows what changed in it, tells which branch was chosen. */

import { visible } from "../core/plain";
import { type FromPage, isPageCommand, type PageState, type ToPage } from "./messages";
import { options, sections, SECTIONS } from "./view";

const editor = acquireVsCodeApi<PageState>();
const shown = new Map<string, string>();

/** Put HTML into an element, unless it is there already: what did not change keeps its focus and its scrolling. */
function put(id: string, text: string): void {
  const element = document.getElementById(id);
  if (element === null || shown.get(id) === text) return;
  shown.set(id, text);
  const opened = element.querySelector("details")?.open === true;
  const focused = focusable(element).findIndex((one) => one === document.activeElement);
  element.innerHTML = text;
  element.hidden = text === "";
  // Figures change while somebody walks through a chart with the keyboard.
  if (focused >= 0) focusable(element)[focused]?.focus();
  const details = element.querySelector("details");
  if (details !== null) details.open = opened;
}

function focusable(element: HTMLElement): (HTMLElement | SVGElement)[] {
  return [...element.querySelectorAll<HTMLElement | SVGElement>("[tabindex], summary")];
}

function show(message: ToPage): void {
  const problem = document.getElementById("problem");
  if (problem !== null) {
    problem.textContent = message.type === "problem" ? visible(message.text) : "";
    problem.hidden = message.type !== "problem";
  }
  if (message.type === "problem") return;
  const { model } = message;
  document.body.dataset["version"] = String(model.version);
  put("branch", options(model).text);
  const made = sections(model);
  for (const name of SECTIONS) put(name, made[name].text);
}

function tell(message: FromPage): void {
  editor.postMessage(message);
}

window.addEventListener("message", (event: MessageEvent<ToPage>) => {
  show(event.data);
});
document.getElementById("branch")?.addEventListener("change", (event) => {
  if (!(event.target instanceof HTMLSelectElement)) return;
  const branch = event.target.value;
  const before = editor.getState();
  if (before !== undefined) editor.setState({ ...before, branch });
  tell({ type: "branch", name: branch });
});
for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-command]")) {
  button.addEventListener("click", () => {
    const command = button.dataset["command"];
    if (isPageCommand(command)) tell({ type: "command", command });
  });
}
const { state } = document.body.dataset;
if (state !== undefined) editor.setState(JSON.parse(state) as PageState);
tell({ type: "ready" });
