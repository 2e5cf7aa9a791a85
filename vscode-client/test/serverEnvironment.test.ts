import assert from "node:assert/strict";
import { test } from "node:test";
import { serverEnvironment } from "../src/core/serverEnvironment";

test("the server has the environment of the editor, and imports nothing from what is open", () => {
  const ours = { HOME: "/home/me", PATH: "/bin", PYTHONPATH: "/repository", CLAUDE_CONFIG_DIR: "/logs" };
  const expected = { HOME: "/home/me", PATH: "/bin", CLAUDE_CONFIG_DIR: "/logs", PYTHONSAFEPATH: "1" };
  assert.deepEqual(serverEnvironment(ours), expected);
});

test("a variable whose name is written otherwise is the same one on Windows", () => {
  assert.deepEqual(serverEnvironment({ PythonPath: "/repository" }), { PYTHONSAFEPATH: "1" });
});
