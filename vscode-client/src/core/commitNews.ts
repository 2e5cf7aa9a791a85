/** What a budget did to a commit that was made where nobody reads what hooks say. Pure. */

import { visible } from "./plain";
import type { Status } from "./protocol";
import { t } from "./words";

/** What is older was said to somebody else, or while no editor was open. */
const FRESH_MS = 60_000;

export interface CommitNews {
  /** When the hook said it, milliseconds UTC: it is told once. */
  readonly time: number;
  readonly message: string;
}

/** What there is to tell of the newest commit; `told` is the time of what was told last. */
export function commitNews(status: Status, told: number, now: number): CommitNews | undefined {
  const said = status.commit_said;
  if (said === undefined || said === null || said.time_ms <= told || now - said.time_ms > FRESH_MS) return undefined;
  const message = said.stopped ? `${said.text}. ${WAY_PAST}` : t("the commit was made: {0}", said.text);
  return { time: said.time_ms, message: visible(message.replace(/\.\. /, ". ")) };
}

const WAY_PAST = t(
  "To commit once anyway: git commit --no-verify in a terminal, or “Git: Commit (No Verify)” if the setting git.allowNoVerifyCommit is on. To continue: change the budget.",
);
