/** How often a server that ends by itself is started again. */

const MOST = 4;
const WITHIN_MS = 3 * 60 * 1000;

/** Whether to start it again; the end at `now` is added to the ends before. */
export function mayRestart(ends: number[], now: number): boolean {
  ends.push(now);
  while (ends[0] !== undefined && now - ends[0] > WITHIN_MS) ends.shift();
  return ends.length <= MOST;
}
