// Builds the wheel of the server into server/, which the .vsix carries.
import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";

const bin = process.platform === "win32" ? "../.venv/Scripts/python.exe" : "../.venv/bin/python";
const python = process.env.PYTHON ?? (existsSync(bin) ? bin : "python3");
rmSync("server", { recursive: true, force: true });
execFileSync(
  python,
  ["-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--wheel-dir", "server", ".."],
  { stdio: "inherit" },
);
