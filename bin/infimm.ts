#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import "../backends/register.ts";
import { goldenCommand } from "../golden/cli.ts";
import { askCommand, captionCommand } from "./ask.ts";
import { EXIT, isBrokenPipe, reportFailure } from "./failure.ts";
import { infoCommand } from "./info.ts";
import { packageVersion } from "./package.ts";

const interrupt = new AbortController();
process.once("SIGINT", () => {
  interrupt.abort(new Error("interrupted"));
  process.once("SIGINT", () => process.exit(EXIT.interrupted)); // a second Ctrl-C does not wait for the next token
});
process.stdout.on("error", (error) => {
  if (isBrokenPipe(error)) process.exit(0);
  throw error;
});

const program = new Command("infimm")
  .description("The InfiMM vision-language models: pictures and words in, words out.")
  .version(packageVersion())
  .addCommand(askCommand(interrupt.signal))
  .addCommand(captionCommand(interrupt.signal))
  .addCommand(infoCommand())
  .addCommand(goldenCommand())
  .showSuggestionAfterError()
  .addHelpText("after", '\nStart with:\n  $ infimm ask picture.png "What is in the picture?"');
for (const command of [program, ...program.commands]) {
  command.exitOverride();
  command.option("--debug", "show where an error comes from");
  command.showHelpAfterError("(add --help for what there is)");
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
  else reportFailure(error, process.argv, interrupt.signal.aborted);
}
