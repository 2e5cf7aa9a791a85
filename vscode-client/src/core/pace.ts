/** A limit on how often something is done: the first time at once, the last time always, and never a wait without an end. */

export class Pace {
  private timer: NodeJS.Timeout | undefined;
  private last = -Infinity;

  constructor(
    private readonly run: () => void,
    private readonly restMs: number,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** Have it done: now, or when the rest since the last time is over. */
  ask(): void {
    if (this.timer !== undefined) return;
    const left = this.last + this.restMs - this.clock();
    if (left <= 0) this.go();
    else
      this.timer = setTimeout(() => {
        this.go();
      }, left);
  }

  /** Have it done now, with what waits for it. */
  go(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.last = this.clock();
    this.run();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
