/** Runs one program and keeps the end of what it says; can be stopped at any moment. */

import { spawn } from "node:child_process";
import { homedir } from "node:os";

export interface Done {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const KEPT_CHARACTERS = 20_000;

/** What it said and its exit code; 127 when it cannot be started. Rejects when the signal is given. */
export function run(
  command: string,
  args: readonly string[],
  how: { signal?: AbortSignal; seconds?: number; said?: (text: string) => void } = {},
): Promise<Done> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: homedir(), // never a repository: nothing in it can be imported by chance
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
      ...(how.signal === undefined ? {} : { signal: how.signal }),
      ...(how.seconds === undefined ? {} : { timeout: how.seconds * 1000 }),
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data: Buffer) => {
      stdout = (stdout + data.toString()).slice(-KEPT_CHARACTERS);
      how.said?.(data.toString());
    });
    child.stderr.on("data", (data: Buffer) => {
      stderr = (stderr + data.toString()).slice(-KEPT_CHARACTERS);
      how.said?.(data.toString());
    });
    child.on("error", (error) => {
      if (how.signal?.aborted === true) reject(error);
      else resolve({ code: 127, stdout, stderr: error.message });
    });
    child.on("close", (code) => {
      resolve({ code: code ?? 1, stdout, stderr });
    });
  });
}
