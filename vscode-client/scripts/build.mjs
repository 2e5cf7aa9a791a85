// Bundles the extension, the script of its webview and, with --tests, the tests.
import { build } from "esbuild";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const production = process.argv.includes("--production");
const common = { bundle: true, minify: production, sourcemap: !production, logLevel: "warning", target: "es2022" };

rmSync("dist", { recursive: true, force: true });
await build({
  ...common,
  entryPoints: ["src/extension.ts"],
  outdir: "dist",
  platform: "node",
  format: "cjs",
  external: ["vscode"],
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
    platform: "node",
    format: "esm",
    outExtension: { ".js": ".mjs" },
  });
}
