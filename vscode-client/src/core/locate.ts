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
  | { readonly kind: "found"; readonly launch: Launch }
  | { readonly kind: "bad-setting"; readonly path: string }
  | { readonly kind: "nowhere" };

/** The first place that has a server. A setting that names nothing is told, never passed over. */
export function locate(places: Places, isProgram: (path: string) => boolean): Found {
  const setting = expandHome(places.setting.trim(), places.home);
  if (setting !== "") {
    return isProgram(setting) ? found("setting", setting) : { kind: "bad-setting", path: setting };
  }
  if (places.interpreter !== undefined) {
    const beside = sibling(places.interpreter, places.platform);
    if (isProgram(beside)) return found("interpreter", beside);
  }
  const separator = places.platform === "win32" ? ";" : ":";
  for (const folder of places.path.split(separator)) {
    // A relative folder would be looked up in whatever repository is open.
    if (!isAbsolute(folder, places.platform)) continue;
    const program = join(folder, programName(places.platform), places.platform);
    if (isProgram(program)) return found("path", program);
  }
  return isProgram(places.privatePython) ? privateServer(places.privatePython) : { kind: "nowhere" };
}

/** How the environment that we made is started: it was renamed after it was made, so its scripts cannot be used. */
export function privateServer(python: string): Found {
  return { kind: "found", launch: { origin: "private", command: python, args: ["-P", "-m", "tokcost", "lsp"] } };
}

function found(origin: Origin, command: string): Found {
  return { kind: "found", launch: { origin, command, args: ["lsp"] } };
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
