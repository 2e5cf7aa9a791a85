/** A status and a branch as the server sends them, for tests to change. */

import type { Branch, BranchPage, Figures, Model, NextLines, Status, Why } from "../src/core/protocol";

export function status(changes: Partial<Status> = {}): Status {
  return {
    uri: "file:///w/shop",
    state: "ready",
    stale: false,
    version: 1,
    problem: "",
    branch: "feat/login",
    text: "$1.84",
    line: "feat/login  $1.84 list  ($0.50 pending)",
    tooltip: [
      { name: "branch", label: "Branch", value: "feat/login" },
      { name: "list_cost", label: "List cost", value: "$1.84" },
      { name: "pending", label: "Pending", value: "$0.50" },
      { name: "budget", label: "Budget", value: "branch 62% of $20.00" },
    ],
    accessible: "branch feat/login: $1.84 list cost, $0.50 pending",
    repository: "/w/shop",
    list_cost: "1.840000000",
    pending: "0.500000000",
    today: "3.100000000",
    today_unpriced_tokens: 0,
    tokens: 1000,
    unpriced_tokens: 0,
    budget: "ok",
    budgets: [],
    pending_text: "$0.50",
    today_text: "$3.10",
    no_logs: false,
    rule_state: "none",
    cost_lines: { enabled: false, problem: "", omitted: false },
    next: null,
    page: null,
    ...changes,
  };
}

export function nowhere(uri = "file:///w"): Status {
  const texts = { text: "", line: "", tooltip: [], accessible: "" };
  return { uri, state: "no-repository", stale: false, version: 1, problem: "", branch: null, ...texts };
}

export function figures(cost: string, changes: Partial<Figures> = {}): Figures {
  return {
    usage: 2,
    tokens: { input: 10, cache_read: 200, cache_write_5m: 0, cache_write_1h: 30, output: 60, reasoning: 5, total: 300 },
    list_cost: cost,
    amount: `$${Number(cost).toFixed(2)}`,
    unpriced_tokens: 0,
    pending_list_cost: "0.500000000",
    pending_tokens: 100,
    first: "2026-11-01T10:00:00Z",
    last: "2026-11-03T10:00:00Z",
    ...changes,
  };
}

export function model(name: string, cost: string, changes: Partial<Figures> = {}): Model {
  return { ...figures(cost, changes), name };
}

export function next(...lines: string[]): NextLines {
  return { lines, text: `${lines.join("\n")}\npending: $0.50 list, 100 tokens (exact, stays here)` };
}

const NONE = { tokens: 0, list_cost: "0.000000000" };

export function branch(changes: Partial<Branch> = {}): Branch {
  return {
    ...figures("1.840000000"),
    branch: "feat/login",
    current: true,
    state: "active",
    assistants: { "claude-code": figures("1.840000000") },
    models: {
      "claude-opus-4-5-20251101": model("opus-4-5", "1.500000000"),
      "claude-sonnet-4-5-20250929": model("sonnet-4-5", "0.340000000"),
    },
    pending_amount: "$0.50",
    estimated_amount: "≈$0.00",
    broken_off_amount: "",
    lower_bound: 0,
    partial: { usage: 0 },
    parts: { carried: figures("1.340000000"), pending: figures("0.500000000") },
    evidence: { reflog: 1, observed: 1 },
    sessions: 1,
    days: { "2026-11-01": figures("1.000000000"), "2026-11-03": figures("0.840000000") },
    commits: [
      {
        commit: "0123456789abcdef",
        claims: ["7k3qf9x2m4tc"],
        list_cost: "1.340000000",
        amount: "$1.34",
        tokens: 200,
        unpriced_tokens: 0,
        published: true,
        subject: "Let customers log in",
        time: "2026-11-02T10:00:00Z",
      },
    ],
    conservation: {
      total: { tokens: 300, list_cost: "1.840000000" },
      carried: { tokens: 200, list_cost: "1.340000000" },
      pending: { tokens: 100, list_cost: "0.500000000" },
      withheld: NONE,
      bound: NONE,
      unplaced: NONE,
    },
    ...changes,
  };
}

/** Drivers of the branch, two of which a request has. */
export function why(changes: Partial<Why> = {}): Why {
  const part = (driver: string, list_cost: string, requests = 2): Why["drivers"][number] => ({
    driver,
    list_cost,
    tokens: 100,
    requests,
  });
  return {
    list_cost: "1.840000000",
    tokens: 300,
    requests: 2,
    unpriced_tokens: 0,
    unpriced_requests: 0,
    lower_bound_requests: 0,
    drivers: [
      part("new_input", "0.040000000"),
      part("cache_rewritten_after_pause", "1.200000000", 1),
      part("cache_read", "0.000000000", 0),
      part("visible_output", "0.595000001"),
      part("web_searches", "0.004999999"),
    ],
    shares: [{ share: "subagents", list_cost: "0.000000000", tokens: 0, requests: 0 }],
    amount: "$1.84",
    amounts: {
      new_input: "$0.04",
      cache_rewritten_after_pause: "$1.20",
      cache_read: "$0.00",
      visible_output: "$0.60",
      web_searches: "$0.0050",
    },
    findings: [{ of: "cache_rewritten_after_pause", text: "$1.20, 65 %: the cache expired once." }],
    ...changes,
  };
}

export function page(changes: Partial<BranchPage> = {}): BranchPage {
  return {
    name: "feat/login",
    names: ["feat/login", "main"],
    branch: branch(),
    why: why(),
    takes_estimates: false,
    ...changes,
  };
}
