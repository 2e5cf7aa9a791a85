/** States of folders as they come, and how often they are shown. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { publishing } from "../src/core/folders";
import { shortNames } from "../src/core/names";
import { Pace } from "../src/core/pace";
import { States } from "../src/core/states";
import { status } from "./samples";

const everything = (): boolean => true;

test("an older state never replaces a newer one", () => {
  const states = new States();
  assert.ok(states.take(status({ version: 5, text: "$5" })));
  assert.ok(!states.take(status({ version: 4, text: "$4" })));
  states.show();
  assert.deepEqual(
    states.of(everything).map((one) => one.text),
    ["$5"],
  );
});

test("what was told is shown for all folders together, when it is time to", () => {
  const states = new States();
  states.take(status({ uri: "file:///a", text: "$1" }));
  states.show();
  states.take(status({ uri: "file:///a", version: 2, text: "$2" }));
  states.take(status({ uri: "file:///b", text: "$9" }));
  assert.deepEqual(
    states.of(everything).map((one) => one.text),
    ["$1"],
  );
  states.show();
  assert.deepEqual(
    states.of(everything).map((one) => one.text),
    ["$2", "$9"],
  );
  assert.equal(states.of((uri) => uri.endsWith("b")).length, 1);
});

test("figures of a server that is gone are not current until another one tells them, with whatever version", () => {
  const states = new States();
  states.take(status({ version: 9 }));
  states.show();
  states.outdate();
  assert.equal(states.of(everything)[0]?.stale, true);
  assert.ok(states.take(status({ version: 1, text: "$2" })));
  states.show();
  assert.deepEqual([states.of(everything)[0]?.stale, states.of(everything)[0]?.text], [false, "$2"]);
  states.clear();
  assert.deepEqual(states.of(everything), []);
});

test("the first time is at once, the last one always, and no stream of news makes it wait without an end", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  const ran: number[] = [];
  const pace = new Pace(
    () => ran.push(now),
    100,
    () => now,
  );
  const pass = (ms: number): void => {
    now += ms;
    mock.timers.tick(ms);
  };
  for (let asked = 0; asked < 40; asked++) {
    pace.ask();
    pass(10);
  }
  assert.deepEqual(ran, [0, 100, 200, 300, 400]);
  pace.ask();
  pass(5);
  pace.ask();
  for (let passed = 0; passed < 50; passed++) pass(10);
  assert.deepEqual(ran.slice(5), [505]);
  pace.ask();
  assert.equal(ran.at(-1), 905);
  pace.ask();
  pace.stop();
  pass(500);
  assert.equal(ran.at(-1), 905);
  mock.timers.reset();
});

test("a repository is named by as much of its path as tells it apart", () => {
  const names = shortNames(["file:///w/shop", "file:///v/shop", "file:///w/caf%C3%A9", "file:///x/w/shop"]);
  assert.deepEqual([...names.values()], ["w/shop", "v/shop", "café", "x/w/shop"]);
  assert.deepEqual([...shortNames(["file:///w/100%"]).values()], ["100%"]);
});

test("the icon beside the commit button is of its own repository", () => {
  const on = { enabled: true, problem: "", omitted: false };
  const statuses = [
    status({ uri: "file:///w/a", cost_lines: on }),
    status({ uri: "file:///w/b", cost_lines: { ...on, omitted: true } }),
    status({ uri: "file:///w/c" }),
  ];
  const roots = ["file:///w/a", "file:///w/b", "file:///w/c", "file:///elsewhere"];
  assert.deepEqual(publishing(statuses, roots), { on: ["file:///w/a"], omitted: ["file:///w/b"] });
});
