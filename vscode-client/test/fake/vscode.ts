/** The editor's API as far as the extension uses it, for tests in plain node: it remembers what it was told, and
 * answers what a test has laid ready. The build puts it in the place of the module `vscode`. */

type Listener<Told> = (told: Told) => unknown;

export class Disposable {
  constructor(private readonly end: () => unknown) {}

  static from(...many: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const one of many) one.dispose();
    });
  }

  dispose(): void {
    this.end();
  }
}

export class EventEmitter<Told> {
  private readonly listeners = new Set<Listener<Told>>();
  readonly event = (listener: Listener<Told>): Disposable => {
    this.listeners.add(listener);
    return new Disposable(() => this.listeners.delete(listener));
  };

  fire(told: Told): void {
    for (const one of [...this.listeners]) one(told);
  }

  dispose(): void {
    this.listeners.clear();
  }
}

export class Uri {
  private constructor(private readonly text: string) {}

  static parse(text: string): Uri {
    return new Uri(text);
  }

  static file(path: string): Uri {
    return new Uri(`file://${path}`);
  }

  static from({ scheme, path }: { scheme: string; path: string }): Uri {
    return new Uri(`${scheme}:${path}`);
  }

  static joinPath(base: Uri, ...pieces: string[]): Uri {
    return new Uri([base.text, ...pieces].join("/"));
  }

  get scheme(): string {
    return this.text.split(":")[0] ?? "";
  }

  get path(): string {
    return this.text.replace(/^[a-z]+:(\/\/)?/, "");
  }

  get fsPath(): string {
    return this.path;
  }

  toString(): string {
    return this.text;
  }
}

export class ThemeColor {
  constructor(readonly id: string) {}
}

export class MarkdownString {
  isTrusted: unknown;
  supportHtml = false;

  constructor(
    readonly value: string,
    readonly supportThemeIcons = false,
  ) {}
}

export class TreeItem {
  id: string | undefined;

  constructor(readonly label: string) {}
}

export const TreeItemCheckboxState = { Unchecked: 0, Checked: 1 };
export const QuickPickItemKind = { Separator: -1, Default: 0 };
export const StatusBarAlignment = { Left: 1, Right: 2 };
export const ViewColumn = { Active: -1 };
export const ConfigurationTarget = { Global: 1, Workspace: 2 };
export const ProgressLocation = { Window: 10, Notification: 15 };

export interface Panel {
  title: string;
  visible: boolean;
  readonly posted: unknown[];
  readonly webview: { html: string };
  /** The page tells something. */
  tell(message: unknown): void;
  hide(): void;
  dispose(): void;
}

class FakePanel implements Panel {
  visible = true;
  readonly posted: unknown[] = [];
  private readonly told = new EventEmitter<unknown>();
  private readonly changed = new EventEmitter<unknown>();
  private readonly disposed = new EventEmitter<unknown>();
  readonly onDidChangeViewState = this.changed.event;
  readonly onDidDispose = this.disposed.event;
  readonly webview = {
    html: "",
    options: {},
    cspSource: "vscode-webview:",
    onDidReceiveMessage: this.told.event,
    asWebviewUri: (uri: Uri): Uri => uri,
    postMessage: (message: unknown): Promise<boolean> => {
      this.posted.push(message);
      return Promise.resolve(true);
    },
  };

  constructor(public title: string) {}

  tell(message: unknown): void {
    this.told.fire(message);
  }

  hide(): void {
    this.visible = false;
    this.changed.fire(undefined);
  }

  reveal(): void {
    this.visible = true;
    this.changed.fire(undefined);
  }

  dispose(): void {
    this.visible = false;
    this.disposed.fire(undefined);
  }
}

interface Shown {
  readonly kind: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly buttons: readonly string[];
}

const activeEditor = new EventEmitter<unknown>();
const noEvent = new EventEmitter<unknown>().event;

/** What a test reads and lays ready. */
export const fake = {
  settings: {} as Record<string, unknown>,
  folders: [] as string[],
  /** Messages, in order. */
  shown: [] as Shown[],
  /** Lists that were offered. */
  offered: [] as { readonly items: readonly { label: string }[]; readonly title: string | undefined }[],
  /** What the user picks, in order: a button's text, or the label of an item. Without one, nothing. */
  picks: [] as string[],
  /** What the user types. */
  typed: [] as string[],
  ran: [] as { readonly command: string; readonly arguments: readonly unknown[] }[],
  known: [] as string[],
  failing: new Set<string>(),
  items: [] as Record<string, unknown>[],
  trees: [] as Record<string, unknown>[],
  panels: [] as Panel[],
  pages: [] as { readonly uri: string; readonly language: string | undefined }[],
  briefly: [] as string[],
  /** What long work said of its progress. */
  progress: [] as string[],
  /** Whether the user cancels work as soon as it can be cancelled. */
  cancels: false,
  /** The file that the user chooses in a dialog. */
  chosen: undefined as string | undefined,
  /** Pages that were opened in a browser, and texts that were copied. */
  opened: [] as string[],
  copied: [] as string[],
  log: [] as string[],
  extensions: {} as Record<string, unknown>,
  registered: new Map<string, (argument: unknown) => Promise<void>>(),
  git: undefined as unknown,
  checked: new EventEmitter<{ items: readonly (readonly [unknown, number])[] }>(),
  lookAt(uri: string | undefined): void {
    window.activeTextEditor = uri === undefined ? undefined : { document: { uri: Uri.parse(uri) } };
    activeEditor.fire(window.activeTextEditor);
  },
  reset(): void {
    for (const name of ["shown", "offered", "picks", "typed", "ran", "known", "items", "trees", "panels", "pages", "briefly", "folders", "log", "progress", "opened", "copied"] as const) this[name].length = 0; // prettier-ignore
    this.settings = {};
    this.extensions = {};
    this.cancels = false;
    this.chosen = undefined;
    this.failing.clear();
    this.registered.clear();
    window.activeTextEditor = undefined;
  },
};

function say(kind: string) {
  return (message: string, ...rest: unknown[]): Promise<string | undefined> => {
    const options = rest.find((one) => typeof one === "object") as { detail?: string } | undefined;
    const buttons = rest.filter((one) => typeof one === "string");
    fake.shown.push({ kind, message, detail: options?.detail, buttons });
    return Promise.resolve(buttons.includes(fake.picks[0] ?? "") ? fake.picks.shift() : undefined);
  };
}

export const window = {
  activeTextEditor: undefined as { document: { uri: Uri } } | undefined,
  state: { focused: true },
  onDidChangeActiveTextEditor: activeEditor.event,
  onDidChangeWindowState: noEvent,
  showInformationMessage: say("information"),
  showWarningMessage: say("warning"),
  showErrorMessage: say("error"),
  showQuickPick: <Item extends { label: string }>(
    items: readonly Item[],
    options?: { title?: string },
  ): Promise<Item | undefined> => {
    fake.offered.push({ items, title: options?.title });
    const wanted = fake.picks[0];
    const found = items.find((one) => one.label === wanted);
    if (found !== undefined) fake.picks.shift();
    return Promise.resolve(found);
  },
  withProgress: async <Result>(
    { title }: { title: string },
    work: (progress: object, cancel: object) => Promise<Result>,
  ): Promise<Result> => {
    const report = ({ message }: { message: string }): void => void fake.progress.push(`${title}: ${message}`);
    const onCancellationRequested = (stop: () => void): void => {
      if (fake.cancels) stop();
    };
    return await work({ report }, { onCancellationRequested });
  },
  showOpenDialog: (): Promise<Uri[] | undefined> =>
    Promise.resolve(fake.chosen === undefined ? undefined : [Uri.file(fake.chosen)]),
  showInputBox: (): Promise<string | undefined> => Promise.resolve(fake.typed.shift()),
  createOutputChannel: (): object => {
    const write = (text: string): void => void fake.log.push(text);
    return { info: write, warn: write, error: write, show: (): void => undefined, dispose: (): void => undefined };
  },
  setStatusBarMessage: (text: string): void => {
    fake.briefly.push(text);
  },
  createStatusBarItem: (id: string): Record<string, unknown> => {
    const item: Record<string, unknown> = { id, isVisible: false };
    item["show"] = (): void => void (item["isVisible"] = true);
    item["hide"] = (): void => void (item["isVisible"] = false);
    item["dispose"] = item["hide"];
    fake.items.push(item);
    return item;
  },
  createTreeView: (id: string): Record<string, unknown> => {
    const view = { id, title: "", message: "", visible: true, dispose: (): void => undefined };
    const made = { ...view, onDidChangeVisibility: noEvent, onDidChangeCheckboxState: fake.checked.event };
    fake.trees.push(made);
    return made;
  },
  createWebviewPanel: (_: string, title: string): Panel => {
    const panel = new FakePanel(title);
    fake.panels.push(panel);
    return panel;
  },
  registerWebviewPanelSerializer: (): Disposable => new Disposable(() => undefined),
  showTextDocument: (document: { uri: Uri; language?: string }): Promise<void> => {
    fake.pages.push({ uri: document.uri.toString(), language: document.language });
    return Promise.resolve();
  },
};

export const workspace = {
  get workspaceFolders(): { uri: Uri }[] {
    return fake.folders.map((one) => ({ uri: Uri.parse(one) }));
  },
  getConfiguration: (section: string) => ({
    get: (name: string, otherwise?: unknown): unknown => fake.settings[`${section}.${name}`] ?? otherwise,
    update: (name: string, value: unknown): Promise<void> => {
      fake.settings[`${section}.${name}`] = value;
      return Promise.resolve();
    },
  }),
  registerTextDocumentContentProvider: (): Disposable => new Disposable(() => undefined),
  openTextDocument: (uri: Uri): Promise<{ uri: Uri; language?: string }> => Promise.resolve({ uri }),
  onDidChangeWorkspaceFolders: noEvent,
  onDidChangeConfiguration: noEvent,
};

export const languages = {
  setTextDocumentLanguage: (document: { language?: string }, language: string): Promise<void> => {
    document.language = language;
    return Promise.resolve();
  },
};

export const commands = {
  registerCommand: (name: string, action: (argument: unknown) => Promise<void>): Disposable => {
    fake.registered.set(name, action);
    return new Disposable(() => fake.registered.delete(name));
  },
  executeCommand: (command: string, ...rest: unknown[]): Promise<void> => {
    fake.ran.push({ command, arguments: rest });
    return fake.failing.has(command) ? Promise.reject(new Error(`${command} failed`)) : Promise.resolve();
  },
  getCommands: (): Promise<string[]> => Promise.resolve(fake.known),
};

export const extensions = {
  getExtension: (id: string): unknown => fake.extensions[id],
};

export const l10n = {
  bundle: undefined,
  t: (text: string, ...values: unknown[]): string =>
    text.replace(/\{(\d+)\}/g, (_, at: string) => String(values[Number(at)])),
};

export const env = {
  language: "en",
  openExternal: (uri: Uri): Promise<boolean> => Promise.resolve(fake.opened.push(uri.toString()) > 0),
  clipboard: {
    writeText: (text: string): Promise<void> => {
      fake.copied.push(text);
      return Promise.resolve();
    },
  },
};
