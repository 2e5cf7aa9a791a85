/** Asks the editor and the disk where a server is; `core/locate.ts` decides. */

import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { locate, type Found } from "../core/locate";

/** The server to start, with reasons where there is none. */
export async function findServer(privatePython: string): Promise<Found> {
  return locate(
    {
      setting: vscode.workspace.getConfiguration("tokcost").get<string>("serverPath", ""),
      home: homedir(),
      interpreter: await activeInterpreter(),
      path: process.env["PATH"] ?? "",
      privatePython,
      platform: process.platform,
    },
    isProgram,
  );
}

/** What we use of the API of ms-python.python; other builds of VS Code may not have it. */
interface PythonApi {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(
      environment: unknown,
    ): Promise<{ readonly executable: { readonly uri?: vscode.Uri } } | undefined>;
  };
}

const PYTHON_SECONDS = 5;

/** The Python of the active environment, where the Python extension knows one. */
export async function activeInterpreter(): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi>("ms-python.python");
  if (extension === undefined) return undefined;
  try {
    return await Promise.race([askForInterpreter(extension), later(PYTHON_SECONDS)]);
  } catch {
    return undefined; // whatever is wrong with it, the next place is looked at
  }
}

async function askForInterpreter(extension: vscode.Extension<PythonApi>): Promise<string | undefined> {
  const { environments } = await extension.activate();
  if (environments === undefined) return undefined;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const found = await environments.resolveEnvironment(environments.getActiveEnvironmentPath(folder));
  return found?.executable.uri?.fsPath;
}

function later(seconds: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000, undefined));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, process.platform === "win32" ? constants.F_OK : constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
