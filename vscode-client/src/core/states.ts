/** The state of each folder as the server told it last. All that is shown comes from here, so that nothing disagrees. */

import type { Status } from "./protocol";

export class States {
  /** What is shown. */
  private shown = new Map<string, Status>();
  /** What was told since. */
  private readonly told = new Map<string, Status>();
  /** Folders whose state is of a server that is gone. */
  private outdated = new Set<string>();

  /** Take a state in; whether it is news. An older one than the one that is there is passed over. */
  take(status: Status): boolean {
    const before = this.told.get(status.uri);
    if (before !== undefined && !this.outdated.has(status.uri) && status.version < before.version) return false;
    this.told.set(status.uri, status);
    this.outdated.delete(status.uri);
    return true;
  }

  /** Show what was told. */
  show(): void {
    this.shown = new Map(this.told);
  }

  /** The server is gone, or comes back: what it told is not current any more. */
  outdate(): void {
    this.outdated = new Set(this.told.keys());
  }

  /** Forget everything. */
  clear(): void {
    this.told.clear();
    this.outdated.clear();
    this.show();
  }

  /** The states of those folders that are open. */
  of(isOpen: (uri: string) => boolean): Status[] {
    const found = [...this.shown.values()].filter((status) => isOpen(status.uri));
    return found.map((status) => (this.outdated.has(status.uri) ? { ...status, stale: true } : status));
  }
}
