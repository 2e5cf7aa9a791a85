/** Where a server can be, in the order in which it is looked for. Pure: what exists is told by the caller. */

export type Origin = "setting" | "interpreter" | "path" | "private";

/** A program that speaks for the server, and where it was found. */
export interface Launch {
  readonly origin: Origin;
  readonly command: string;
  readonly args: readonly string[];
}

export interface Places {
  /** The setting, as the user wrote it. */
  readonly setting: string;
  readonly home: string;
  /** The Python of the active environment, where the Python extension knows one. */
  readonly interpreter: string | undefined;
  readonly path: string;
  /** The Python of the environment that we made. */
  readonly privatePython: string;
  readonly platform: NodeJS.Platform;
}

export type Found =
  | { readonly kind: "found"; readonly launches: readonly [Launch, ...Launch[]] }
  | { readonly kind: "bad-setting"; readonly path: string }
  | { readonly kind: "nowhere" };

/** All servers that there are, the first choice first. A setting that names nothing is told, never passed over. */
export function locate(places: Places, isProgram: (path: string) => boolean): Found {
  const setting = expandHome(places.setting.trim(), places.home);
  if (setting !== "") {
    const launch: Launch = { origin: "setting", command: setting, args: ["lsp"] };
    return isProgram(setting) ? { kind: "found", launches: [launch] } : { kind: "bad-setting", path: setting };
  }
  const [first, ...rest] = [...beside(places), ...onPath(places), ownEnvironment(places)].filter(({ command }) =>
    isProgram(command),
  );
  return first === undefined ? { kind: "nowhere" } : { kind: "found", launches: [first, ...rest] };
}

function beside({ interpreter, platform }: Places): Launch[] {
  if (interpreter === undefined) return [];
  return [{ origin: "interpreter", command: sibling(interpreter, platform), args: ["lsp"] }];
}

function onPath({ path, platform }: Places): Launch[] {
  const folders = path.split(platform === "win32" ? ";" : ":");
  return folders
    .filter((folder) => isAbsolute(folder, platform)) // a relative one would be looked up in whatever is open
    .map((folder) => ({ origin: "path", command: join(folder, programName(platform), platform), args: ["lsp"] }));
}

/** It was renamed after it was made, so its scripts cannot be used; and no setting of another Python may reach it. */
function ownEnvironment({ privatePython }: Places): Launch {
  return { origin: "private", command: privatePython, args: ["-I", "-m", "tokcost", "lsp"] };
}

function expandHome(path: string, home: string): string {
  return path === "~" || path.startsWith("~/") ? home + path.slice(1) : path;
}

function sibling(python: string, platform: NodeJS.Platform): string {
  const cut = Math.max(python.lastIndexOf("/"), platform === "win32" ? python.lastIndexOf("\\") : -1);
  return join(python.slice(0, cut), programName(platform), platform);
}

function programName(platform: NodeJS.Platform): string {
  return platform === "win32" ? "tokcost.exe" : "tokcost";
}

function isAbsolute(folder: string, platform: NodeJS.Platform): boolean {
  return platform === "win32" ? /^[A-Za-z]:[\\/]/.test(folder) : folder.startsWith("/");
}

function join(folder: string, name: string, platform: NodeJS.Platform): string {
  const separator = platform === "win32" ? "\\" : "/";
  return folder.endsWith(separator) ? folder + name : folder + separator + name;
}
