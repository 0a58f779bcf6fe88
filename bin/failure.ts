import { InfimmError } from "../core/errors.ts";

/** Exit codes: 0 done, 1 refused input or failed work, 2 wrong usage, 130 interrupted. */
export const EXIT = { failed: 1, usage: 2, interrupted: 130 } as const;

/** Say what went wrong, for people or, with `--json`, for programs, and end with the right exit code. */
export function reportFailure(error: unknown, argv: readonly string[], interrupted: boolean): void {
  if (isBrokenPipe(error)) return; // whoever read our output has seen enough
  if (interrupted) {
    process.exitCode = EXIT.interrupted;
    return;
  }
  process.exitCode = EXIT.failed;
  const message = error instanceof Error ? error.message : String(error);
  const known = error instanceof InfimmError;
  if (argv.includes("--json")) console.log(JSON.stringify({ error: message }));
  else console.error(`infimm: ${message}`);
  if (argv.includes("--debug")) console.error(error);
  else if (!known)
    console.error("This is not an error that infimm foresaw; run again with --debug to see where it comes from.");
}

export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === "EPIPE";
}
