/** A language client that starts nothing: a test is the server. The build puts it in the place of
 * `vscode-languageclient/node`. */

export const CloseAction = { DoNotRestart: 1, Restart: 2 };
export const ErrorAction = { Continue: 1, Shutdown: 2 };
export const RevealOutputChannelOn = { Never: 4 };
export const State = { Stopped: 1, Running: 2, Starting: 3 };
export const TransportKind = { stdio: 0 };

interface Options {
  readonly errorHandler: { closed(): { action: number }; error(): { action: number } };
}

interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly options: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> };
}

/** All that were made, and how the next ones behave. */
export const servers = {
  made: [] as LanguageClient[],
  version: "9.9.9",
  starts: true,
  answer: ((): unknown => ({})) as (command: string, wish: unknown) => unknown,
  reset(): void {
    this.made.length = 0;
    this.version = "9.9.9";
    this.starts = true;
    this.answer = (): unknown => ({});
  },
};

export class LanguageClient {
  /** Notifications to the server. */
  readonly heard: { readonly method: string; readonly params: unknown }[] = [];
  readonly asked: { readonly command: string; readonly wish: unknown }[] = [];
  isRunning = false;
  isDisposed = false;
  private readonly listeners = new Map<string, (params: unknown) => void>();
  private stateChanged: ((change: { newState: number }) => void) | undefined;

  constructor(
    readonly id: string,
    readonly name: string,
    readonly program: Program,
    private readonly options: Options,
  ) {
    servers.made.push(this);
  }

  get initializeResult(): object {
    return { serverInfo: { version: servers.version } };
  }

  onDidChangeState(listener: (change: { newState: number }) => void): void {
    this.stateChanged = listener;
  }

  onNotification(method: string, listener: (params: unknown) => void): void {
    this.listeners.set(method, listener);
  }

  start(): Promise<void> {
    if (!servers.starts) return Promise.reject(new Error("it does not start"));
    this.isRunning = true;
    this.stateChanged?.({ newState: State.Running });
    return Promise.resolve();
  }

  needsStop(): boolean {
    return this.isRunning;
  }

  stop(): Promise<void> {
    this.isRunning = false;
    return Promise.resolve();
  }

  dispose(): Promise<void> {
    this.isDisposed = true;
    return Promise.resolve();
  }

  sendNotification(method: string, params: unknown): Promise<void> {
    this.heard.push({ method, params });
    return Promise.resolve();
  }

  sendRequest(_: string, { command, arguments: [wish] }: { command: string; arguments: unknown[] }): Promise<unknown> {
    this.asked.push({ command, wish });
    return Promise.resolve().then(() => servers.answer(command, wish));
  }

  /** The server tells something. */
  tell(method: string, params: unknown): void {
    this.listeners.get(method)?.(params);
  }

  /** The server ends by itself; whether it is started again. */
  crash(): boolean {
    this.isRunning = false;
    const again = this.options.errorHandler.closed().action === CloseAction.Restart;
    if (again) void this.start();
    return again;
  }
}
