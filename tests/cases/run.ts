/** `deno task cases [--linker L] [--filter TEXT] [--json FILE] FOLDER…`: replays recorded cases and prints what came of it. */
import { parseArgs } from "@std/cli";
import * as damo from "damo";
import { acceptedReason } from "./accepted.ts";
import { type Case, readCases } from "./case.ts";
import { prepare } from "./kernels.ts";
import { type Outcome, replay } from "./replay.ts";

/** A case and how its replay ended. */
export interface Replayed {
  readonly recorded: Case;
  readonly outcome: Outcome;
}

/** What cases are replayed by. */
export const LINKERS = ["reference", "cvm", "cvm_nogc", "c"] as const;

/** Replays cases; kernels are compiled together, a part of the cases at a time. */
export function replayAll(
  cases: readonly Case[],
  linker: typeof LINKERS[number],
): Replayed[] {
  const PART = 400, done: Replayed[] = [], { floatX } = damo.config;
  for (let i = 0; i < cases.length; i += PART) {
    const part = cases.slice(i, i + PART);
    if (linker !== "reference") prepare(part, { linker });
    for (const recorded of part) {
      done.push({ recorded, outcome: replay(recorded, { linker }) });
    }
  }
  damo.config.floatX = floatX;
  return done;
}

/** True for a failure that is not among the accepted differences. */
export function isUnexpected({ recorded, outcome }: Replayed): boolean {
  return outcome.status === "failed" && acceptedReason(recorded.id) === null;
}

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** How many passed, failed and were skipped, by category. */
export function tally(replayed: readonly Replayed[]): Map<string, Tally> {
  const tallies = new Map<string, Tally>();
  for (const { recorded: { category }, outcome } of replayed) {
    const t = tallies.get(category) ?? { passed: 0, failed: 0, skipped: 0 };
    t[outcome.status]++;
    tallies.set(category, t);
  }
  return new Map([...tallies].sort(([a], [b]) => a < b ? -1 : 1));
}

/** Lines with how often each occurs, most frequent first. */
function counted(lines: readonly string[]): [line: string, count: number][] {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}

function print(replayed: readonly Replayed[]): void {
  const row = (name: string, ...cells: (string | number)[]) =>
    console.log(
      name.padEnd(12) + cells.map((c) => String(c).padStart(9)).join(""),
    );
  row("category", "passed", "failed", "skipped");
  const total: Tally = { passed: 0, failed: 0, skipped: 0 };
  for (const [category, t] of tally(replayed)) {
    row(category, t.passed, t.failed, t.skipped);
    for (const key of ["passed", "failed", "skipped"] as const) {
      total[key] += t[key];
    }
  }
  row("all", total.passed, total.failed, total.skipped);
  const ran = replayed.filter((r) => r.outcome.status !== "skipped");
  const confirmed = ran.filter((r) => r.recorded.replay === "ok");
  const passed = (list: readonly Replayed[]) =>
    list.filter((r) => r.outcome.status === "passed").length;
  console.log(
    `\nconfirmed by an independent evaluation: ${
      passed(confirmed)
    } of ${confirmed.length} passed; others: ${
      passed(ran) - passed(confirmed)
    } of ${ran.length - confirmed.length}`,
  );
  const of = (status: Outcome["status"]) =>
    replayed.filter((r) => r.outcome.status === status);
  console.log("\nSkipped:");
  for (const [line, n] of counted(of("skipped").map((r) => r.outcome.reason))) {
    console.log(`${String(n).padStart(6)}  ${line}`);
  }
  console.log("\nDifferent by design:");
  const kinds = replayed.flatMap((r) =>
    r.outcome.differences.map(({ kind, reason }) => `${reason}: ${kind}`)
  );
  for (const [line, n] of counted(kinds)) {
    console.log(`${String(n).padStart(6)}  ${line}`);
  }
  console.log("\nFailed:");
  for (const { recorded, outcome } of of("failed")) {
    const accepted = acceptedReason(recorded.id);
    console.log(
      `${recorded.id}: ${outcome.reason}${
        accepted ? ` (accepted: ${accepted})` : ""
      }`,
    );
  }
}

function asJson(replayed: readonly Replayed[]): string {
  return JSON.stringify(
    {
      categories: Object.fromEntries(tally(replayed)),
      failures: replayed.filter((r) => r.outcome.status === "failed")
        .map(({ recorded: { id }, outcome: { reason } }) => ({ id, reason })),
    },
    null,
    1,
  );
}

if (import.meta.main) {
  const args = parseArgs(Deno.args, {
    string: ["linker", "filter", "json"],
    default: { linker: "cvm" },
  });
  const linker = LINKERS.find((l) => l === args.linker);
  if (!linker || args._.length === 0) {
    console.error(
      `Usage: deno task cases [--linker ${
        LINKERS.join("|")
      }] [--filter TEXT] [--json FILE] FOLDER…`,
    );
    Deno.exit(2);
  }
  const x = damo.scalar("x");
  damo.function([x], x, { mode: linker }); // a linker that is not there says so once
  const cases: Case[] = [];
  for (const folder of args._) cases.push(...await readCases(String(folder)));
  const replayed = replayAll(
    cases.filter((c) => !args.filter || c.id.includes(args.filter)),
    linker,
  );
  print(replayed);
  if (args.json) Deno.writeTextFileSync(args.json, asJson(replayed));
  Deno.exit(replayed.some(isUnexpected) ? 1 : 0);
}
