/** The life of a server in a window: found, started, told what is shown, lost and given up. */

import assert from "node:assert/strict";
import { homedir } from "node:os";
import { test } from "node:test";
import { servers } from "./fake/languageclient";
import { newSession, ROOT, running, settled } from "./fake/running";
import { fake } from "./fake/vscode";
import { nowhere, status } from "./samples";

test("a server that runs is told of once, and its figures are shown", async () => {
  const { session, server, tell } = await running();
  assert.equal(session.phase, "running");
  assert.equal(session.shown(), undefined);
  await tell(status({ uri: ROOT }));
  assert.equal(session.shown()?.text, "$1.84");
  await session.start();
  assert.deepEqual(servers.made, [server]);
});

test("the server runs in the home folder and finds nothing of a repository on its path", async () => {
  process.env["PYTHONPATH"] = "/w/shop";
  const { server } = await running();
  delete process.env["PYTHONPATH"];
  const { command, args, options } = server.program;
  assert.deepEqual([command, args, options.cwd], [process.execPath, ["lsp"], homedir()]);
  assert.deepEqual([options.env["PYTHONPATH"], options.env["PYTHONSAFEPATH"]], [undefined, "1"]);
});

test("an older state is passed over", async () => {
  const { session, tell } = await running();
  await tell(status({ uri: ROOT, version: 5, text: "$5.00" }), status({ uri: ROOT, version: 4, text: "$4.00" }));
  assert.equal(session.shown()?.text, "$5.00");
});

test("states that come fast are shown at a pace, and the last one in the end", async () => {
  const { session, server, tell } = await running();
  let times = 0;
  session.changed(() => times++);
  for (let version = 1; version <= 50; version++) server.tell("tokcost/status", status({ uri: ROOT, version }));
  await tell();
  assert.ok(times <= 3, String(times));
  assert.equal(session.shown()?.version, 50);
});

test("a program that is no server, or too old a one, is told of and not spoken to", async () => {
  for (const [starts, version, said] of [
    [false, "9.9.9", /did not start/],
    [true, "0.0.9", /is version 0\.0\.9; this extension needs/],
  ] as const) {
    fake.reset();
    servers.reset();
    Object.assign(servers, { starts, version });
    fake.settings["tokcost.serverPath"] = process.execPath;
    const session = newSession();
    await session.start();
    assert.equal(session.phase, "failed");
    assert.match(fake.shown[0]?.message ?? "", said);
    assert.ok(servers.made.every((one) => one.isDisposed && !one.isRunning));
    await assert.rejects(session.command("preview", {}), /is not running/);
  }
});

test("a setting that names nothing is told, and no other program is taken", async () => {
  fake.reset();
  servers.reset();
  fake.settings["tokcost.serverPath"] = "/nowhere/tokcost";
  const session = newSession();
  await session.start();
  assert.deepEqual([session.phase, servers.made.length], ["missing", 0]);
  assert.match(fake.shown[0]?.message ?? "", /tokcost\.serverPath does not name a program/);
});

test("a server that ends is started again, and its figures are old until it tells new ones", async () => {
  const { session, server, tell } = await running();
  await session.follow({ next: true });
  await tell(status({ uri: ROOT, version: 9, stale: false }));
  assert.equal(server.crash(), true);
  assert.equal(session.shown()?.stale, true);
  await settled();
  assert.equal(server.heard.filter((one) => one.method === "tokcost/follow").length, 2);
  await tell(status({ uri: ROOT, version: 1, stale: false, text: "$2.00" }));
  assert.deepEqual([session.shown()?.text, session.shown()?.stale], ["$2.00", false]);
});

test("a server that ends again and again is left alone, and that is said with a way out", async () => {
  const { session, server } = await running();
  fake.picks.push("Restart");
  const again = [1, 2, 3, 4, 5].map(() => server.crash());
  assert.deepEqual(again, [true, true, true, true, false]);
  await settled();
  assert.equal(session.phase, "failed");
  assert.match(fake.shown.at(-1)?.message ?? "", /stopped repeatedly/);
  assert.deepEqual(fake.ran.at(-1)?.command, "tokcost.restartServer");
});

test("what a server of before tells is not shown after a restart", async () => {
  const { session, server, tell } = await running();
  await tell(status({ uri: ROOT, text: "$7.00" }));
  await session.restart();
  assert.equal(session.shown(), undefined);
  assert.deepEqual([server.isRunning, server.isDisposed, servers.made.length], [false, true, 2]);
  assert.equal(server.crash() && session.phase, "running");
});

test("the server hears only of changes in what is followed", async () => {
  const { session, server } = await running();
  const heard = (): unknown[] => server.heard.filter((one) => one.method === "tokcost/follow").map((one) => one.params);
  await session.follow({ next: false });
  assert.deepEqual(heard(), []);
  await session.follow({ branches: ROOT });
  await session.follow({ branches: ROOT });
  assert.deepEqual(heard(), [{ next: false, page: null, branches: ROOT }]);
});

test("repositories below the open folders are told to the server, and told again after a crash", async () => {
  const { session, server, tell } = await running("file:///w");
  const ui = { selected: false, onDidChange: () => undefined };
  const repositories = [{ rootUri: "file:///w/one", ui }];
  fake.extensions["vscode.git"] = { isActive: true, exports: { enabled: true, getAPI: () => ({ repositories }) } };
  const folders = (): unknown[] => server.heard.filter((one) => one.method.endsWith("WorkspaceFolders"));
  await session.followRepositories();
  await session.followRepositories();
  assert.equal(folders().length, 1);
  await tell(nowhere(), status({ uri: "file:///w/one" }), status({ uri: "file:///elsewhere" }));
  assert.deepEqual(
    session.inRepositories().map((one) => one.uri),
    ["file:///w/one"],
  );
  server.crash();
  await settled();
  assert.equal(folders().length, 2);
});

test("the figure is that of the active editor's folder, and is named where several are open", async () => {
  const { session, tell } = await running("file:///w/one", "file:///w/two");
  await tell(status({ uri: "file:///w/one", text: "$1.00" }), status({ uri: "file:///w/two", text: "$2.00" }));
  fake.lookAt("file:///w/two/src/a.ts");
  assert.deepEqual([session.shown()?.text, session.nameOf(session.shown())], ["$2.00", "two"]);
  fake.lookAt("file:///w/one/src/a.ts");
  assert.equal(session.shown()?.text, "$1.00");
});
