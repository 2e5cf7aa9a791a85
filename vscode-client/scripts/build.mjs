// Bundles the extension, the script of its webview, with --tests the tests for plain node, and with --host-tests those
// for the editor's extension host.
import { build } from "esbuild";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const production = process.argv.includes("--production");
const common = { bundle: true, minify: production, sourcemap: !production, logLevel: "warning", target: "es2022" };

rmSync("dist", { recursive: true, force: true });
// What speaks LSP is ten times the rest, and is read only when a server starts: a file of its own.
const later = {
  name: "later",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.\/connection$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "./connection.js", external: true } : undefined,
    );
  },
};
await build({
  ...common,
  entryPoints: ["src/extension.ts", "src/server/connection.ts"],
  entryNames: "[name]",
  outdir: "dist",
  platform: "node",
  format: "cjs",
  external: ["vscode"],
  plugins: [later],
});
await build({
  ...common,
  entryPoints: { page: "src/webview/page.ts" },
  outdir: "dist",
  platform: "browser",
  format: "iife",
});
if (process.argv.includes("--tests")) {
  const tests = readdirSync("test", { recursive: true }).filter((name) => String(name).endsWith(".test.ts"));
  await build({
    ...common,
    minify: false,
    entryPoints: tests.map((name) => join("test", String(name))),
    outdir: "dist/test",
    // No editor is there: one that remembers what it was told stands in for it, and for its language client.
    alias: { vscode: "./test/fake/vscode.ts", "vscode-languageclient/node": "./test/fake/languageclient.ts" },
    platform: "node",
    format: "esm",
    outExtension: { ".js": ".mjs" },
  });
}
if (process.argv.includes("--looks")) {
  await build({
    ...common,
    entryPoints: { looks: "test/looks/documents.ts" },
    outdir: "dist",
    platform: "node",
    format: "cjs",
  });
}
if (process.argv.includes("--host-tests")) {
  await build({
    ...common,
    entryPoints: { host: "test/host/run.ts" },
    outdir: "dist",
    platform: "node",
    format: "cjs",
    external: ["vscode"],
  });
}
