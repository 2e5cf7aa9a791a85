/**
 * Tests inside the extension host, on the API that the editor really has. VS Code loads this file beside the extension
 * and calls `run`; what came of it goes into the file that TOKCOST_HOST_RESULT names.
 */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";

const ID = "tokcost.tokcost";

const TESTS: Record<string, () => Promise<void>> = {
  "the extension wakes in a workspace with a repository": async () => {
    const extension = vscode.extensions.getExtension(ID);
    assert.ok(extension);
    await extension.activate();
    assert.ok(extension.isActive);
  },

  "every command that package.json names can be run": async () => {
    const known = new Set(await vscode.commands.getCommands(true));
    for (const { command } of await declaredCommands()) assert.ok(known.has(command), command);
  },

  "a preview asks, and writes nothing": async () => {
    await untilRunning();
    void vscode.commands.executeCommand("tokcost.previewLine"); // dialogs are refused while tests run
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const config = await readFile(join(folder(), ".git/config"), "utf8");
    assert.doesNotMatch(config, /tokcost/);
  },

  "the summary is a tab of ours, and asking again opens no second one": async () => {
    await vscode.commands.executeCommand("tokcost.openSummary");
    await waited(() => summaries().length === 1);
    await vscode.commands.executeCommand("tokcost.openSummary");
    assert.equal(summaries().length, 1);
  },

  "the doctor and the report come as text": async () => {
    for (const [command, text] of [
      ["tokcost.runDoctor", /Nothing is wrong|prices/],
      ["tokcost.showReport", /LIST COST|list cost/],
    ] as const) {
      await vscode.commands.executeCommand(command);
      await waited(() => text.test(vscode.window.activeTextEditor?.document.getText() ?? ""));
    }
  },

  "a workspace cannot choose which program runs": async () => {
    const setting = vscode.workspace.getConfiguration("tokcost").inspect("serverPath");
    assert.equal(setting?.workspaceValue, undefined);
    await assert.rejects(async () => {
      await vscode.workspace
        .getConfiguration("tokcost")
        .update("serverPath", "/bin/false", vscode.ConfigurationTarget.Workspace);
    });
  },

  "the server comes back after a restart": async () => {
    await vscode.commands.executeCommand("tokcost.restartServer");
    await untilRunning();
  },
};

export async function run(): Promise<void> {
  const result: Record<string, string> = {};
  for (const [name, test] of Object.entries(TESTS)) {
    try {
      await test();
      result[name] = "";
    } catch (error) {
      result[name] = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
  }
  await writeFile(process.env["TOKCOST_HOST_RESULT"] ?? "", JSON.stringify(result));
}

/** Ask until the server answers. While it does not, a command of ours says so and waits for the user to read that. */
async function untilRunning(): Promise<void> {
  await waited(async () => {
    void vscode.commands.executeCommand("tokcost.openSummary");
    await new Promise((resolve) => setTimeout(resolve, 500));
    return summaries().length > 0;
  });
  for (const tab of summaries()) await vscode.window.tabGroups.close(tab);
}

function summaries(): vscode.Tab[] {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  return tabs.filter(
    ({ input }) => input instanceof vscode.TabInputWebview && input.viewType.includes("tokcost.summary"),
  );
}

async function declaredCommands(): Promise<{ command: string }[]> {
  const extension = vscode.extensions.getExtension(ID);
  const manifest = extension?.packageJSON as { contributes: { commands: { command: string }[] } } | undefined;
  return await Promise.resolve(manifest?.contributes.commands ?? []);
}

function folder(): string {
  return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
}

async function waited<Found>(look: () => Found | Promise<Found>): Promise<NonNullable<Found>> {
  const end = Date.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `it never came: ${look.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
