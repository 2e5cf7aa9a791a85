import assert from "node:assert/strict";
import { test } from "node:test";
import { nestedRoots, statusToShow } from "../src/core/folders";
import { locate, type Places } from "../src/core/locate";
import { candidates, judge, parseProbe } from "../src/core/pythons";
import { mayRestart } from "../src/core/restarts";
import { failureText, setupConsent, verdictText } from "../src/core/setupText";
import { isNewEnough } from "../src/core/versions";
import { nowhere, status } from "./samples";

const places: Places = {
  setting: "",
  home: "/home/a",
  interpreter: "/w/.venv/bin/python",
  path: "/usr/bin:.:/home/a/.local/bin:",
  privatePython: "/storage/server/bin/python",
  platform: "linux",
};
const origins = (changes: Partial<Places>, ...programs: string[]): string[] => {
  const found = locate({ ...places, ...changes }, (path) => programs.includes(path));
  return found.kind === "found" ? found.launches.map((one) => `${one.origin} ${one.command}`) : [found.kind];
};

test("a server is looked for in the setting, the interpreter's folder, PATH and our own environment, in this order", () => {
  const all = ["/w/.venv/bin/tokcost", "/home/a/.local/bin/tokcost", "/storage/server/bin/python"] as const;
  assert.deepEqual(origins({}, ...all), [`interpreter ${all[0]}`, `path ${all[1]}`, `private ${all[2]}`]);
  assert.deepEqual(origins({ setting: "~/bin/tokcost" }, "/home/a/bin/tokcost", ...all), [
    "setting /home/a/bin/tokcost",
  ]);
  assert.deepEqual(origins({}), ["nowhere"]);
});

test("a setting that names nothing is told, not passed over", () => {
  assert.deepEqual(origins({ setting: "/gone/tokcost" }, "/usr/bin/tokcost"), ["bad-setting"]);
});

test("a relative folder on PATH is none: it would be a folder of the repository", () => {
  assert.deepEqual(origins({ interpreter: undefined }, "./tokcost", "/tokcost"), ["nowhere"]);
});

test("on Windows the programs have their endings", () => {
  const changes: Partial<Places> = { platform: "win32", interpreter: "C:\\v\\Scripts\\python.exe", path: "C:\\bin;x" };
  assert.deepEqual(origins(changes, "C:\\v\\Scripts\\tokcost.exe", "C:\\bin\\tokcost.exe"), [
    "interpreter C:\\v\\Scripts\\tokcost.exe",
    "path C:\\bin\\tokcost.exe",
  ]);
});

test("our own environment is started by its Python, isolated from other settings of Python", () => {
  const found = locate(places, (path) => path === places.privatePython);
  assert.deepEqual(found.kind === "found" && found.launches[0].args, ["-I", "-m", "tokcost", "lsp"]);
});

test("versions are compared by number", () => {
  for (const good of ["0.1.0", "0.1", "0.10.0", "1.0", "v0.2.0rc1"]) assert.ok(isNewEnough(good, "0.1.0"), good);
  for (const bad of ["0.0.9", "0", "", "unknown", undefined]) assert.ok(!isNewEnough(bad, "0.1.0"), String(bad));
  assert.ok(!isNewEnough("3.9.1", "3.11"));
});

test("the first Python that can make environments is taken, else what comes nearest is named", () => {
  const python = (version: string, venv = true): { path: string; version: string; venv: boolean } => {
    return { path: `/usr/bin/python${version}`, version, venv };
  };
  assert.deepEqual(judge([python("3.9.2"), python("3.12.1", false), python("3.11.0")]), {
    kind: "good",
    python: python("3.11.0"),
  });
  assert.equal(judge([python("3.9.2"), python("3.12.1", false)]).kind, "no-venv");
  assert.deepEqual(judge([python("3.8.0"), python("3.9.2")]), { kind: "too-old", newest: python("3.9.2") });
  assert.equal(judge([]).kind, "none");
});

test("what answers a probe with anything else is no Python", () => {
  assert.deepEqual(parseProbe('warning\n{"version": "3.12.1", "path": "/p", "venv": true}\n'), {
    version: "3.12.1",
    path: "/p",
    venv: true,
  });
  for (const odd of ["", "Python 3.12", "{}", "null", '{"version": 3, "path": "/p", "venv": true}']) {
    assert.equal(parseProbe(odd), undefined, odd);
  }
});

test("the active interpreter is tried before all others", () => {
  assert.equal(candidates("/w/.venv/bin/python", "linux")[0], "/w/.venv/bin/python");
  assert.equal(candidates(undefined, "win32")[0], "py");
});

test("every way to fail has a sentence and a button that helps", () => {
  const old = { path: "/usr/bin/python3", version: "3.9.2", venv: true };
  const offers = [
    verdictText({ kind: "none" }),
    verdictText({ kind: "none" }, "/etc/passwd"),
    verdictText({ kind: "too-old", newest: old }),
    verdictText({ kind: "no-venv", python: { ...old, version: "3.11.2" } }),
    ...(["venv", "offline", "pip", "check", "disk"] as const).map(failureText),
  ];
  for (const { message, buttons } of offers) {
    assert.match(message, /^tokcost: .*\.$/);
    assert.ok(buttons.length > 0);
  }
  assert.equal(new Set(offers.map((offer) => offer.message)).size, offers.length);
});

test("the consent to set up names what is run, where to, and that an index is asked", () => {
  const python = { path: "/usr/bin/python3.12", version: "3.12.1", venv: true };
  const { detail } = setupConsent(python, "/storage", "tokcost-0.1.0-py3-none-any.whl");
  for (const word of [python.path, "/storage", "tokcost-0.1.0-py3-none-any.whl", "package index"]) {
    assert.ok(detail.includes(word), word);
  }
});

test("a server that ends is started again four times within three minutes", () => {
  const ends: number[] = [];
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((second) => mayRestart(ends, second * 1000)),
    [true, true, true, true, false],
  );
  assert.ok(mayRestart(ends, 200_000));
});

const shop = status({ uri: "file:///w/shop" });
const bank = status({ uri: "file:///w/bank", branch: "main" });

test("the figure is that of the active editor's folder, of the selected repository, or of the first that has one", () => {
  const all = [nowhere("file:///notes"), shop, bank];
  const shown = (editor: string | undefined, ...selected: string[]): unknown =>
    statusToShow(all, { editor, selected })?.uri;
  assert.equal(shown("file:///w/bank/src/a.ts", shop.uri), bank.uri);
  assert.equal(shown("file:///elsewhere", bank.uri), bank.uri);
  assert.equal(shown("file:///notes/todo.md"), shop.uri);
  assert.equal(shown(undefined), shop.uri);
  assert.equal(shown("file:///w/shopping/list", bank.uri), bank.uri);
});

test("a folder in a folder wins, and a folder below the selected repository's root counts as in it", () => {
  const inner = status({ uri: "file:///w/shop/inner" });
  assert.equal(statusToShow([shop, inner], { editor: "file:///w/shop/inner/a", selected: [] }), inner);
  assert.equal(statusToShow([bank, inner], { editor: undefined, selected: ["file:///w/shop"] }), inner);
});

test("repositories below an open folder are followed, the open ones and those around them are followed already", () => {
  const roots = ["file:///w/a", "file:///w/b", "file:///w", "file:///", "file:///web", "file:///w/a"];
  assert.deepEqual(nestedRoots(["file:///w"], roots), ["file:///w/a", "file:///w/b"]);
  assert.deepEqual(nestedRoots(["file:///w", "file:///w/a"], roots), ["file:///w/b"]);
});
