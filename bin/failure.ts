import type { CommanderError } from "commander";
import { InfimmError } from "../core/errors.ts";
import { printable } from "./printable.ts";

/** Exit codes other than 0: 1 refused input or failed work, 2 wrong usage, 130 Ctrl-C. */
export const EXIT = { failed: 1, usage: 2, interrupted: 130 } as const;

/** Say what went wrong, for people or, with `--json`, for programs. */
export function reportFailure(error: unknown, argv: readonly string[]): void {
  process.exitCode = EXIT.failed;
  say(messageOf(error), argv);
  if (argv.includes("--debug")) console.error(error);
  else if (!isForeseen(error)) {
    console.error("This is not an error that infimm foresaw; run again with --debug to see where it comes from.");
  }
}

/** What commander found wrong with the command line, or nothing at all: it also throws after `--help`. */
export function reportMisuse({ exitCode, code, message }: CommanderError, argv: readonly string[]): void {
  process.exitCode = exitCode === 0 ? 0 : EXIT.usage;
  if (exitCode === 0 || code === "commander.help") return; // the help, asked for or for want of a command, says it all
  const [problem, ...suggestion] = message.replace(/^error: /, "").split("\n");
  say([problem, ...suggestion, "(add --help for what there is)"].join(" "), argv);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error of ours, or of the system: of files and disks. */
export function isForeseen(error: unknown): boolean {
  return error instanceof InfimmError || (error instanceof Error && "syscall" in error);
}

export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === "EPIPE";
}

/** A line on standard error. Messages may hold what stands in files. */
export function complain(message: string): void {
  console.error(`infimm: ${printable(message)}`);
}

/** `golden check --json FILE` writes its checks to a file, and speaks to people. */
function say(message: string, argv: readonly string[]): void {
  const forPrograms = argv.includes("--json") && argv[2] !== "golden";
  if (forPrograms) console.log(JSON.stringify({ error: message }));
  else complain(message);
}
