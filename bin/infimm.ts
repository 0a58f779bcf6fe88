#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { commandsFor } from "./commands.ts";
import { EXIT, isBrokenPipe, reportFailure, reportMisuse } from "./failure.ts";
import { packageVersion } from "./package.ts";

// There is no handler for Ctrl-C on purpose, but in chat, where it breaks off an answer, and where files are being written
// (interruptible.ts): the system ends us at once, in the middle of a long sum too, and a shell's loop over many pictures
// stops with us. `$?` is then 130.

process.stdout.on("error", (error) => {
  if (!isBrokenPipe(error)) console.error(`infimm: ${error.message}`);
  process.exit(isBrokenPipe(error) ? 0 : EXIT.failed); // whoever read our output has seen enough
});

const program = new Command("infimm")
  .description("The InfiMM vision-language models: pictures and words in, words out.")
  .version(packageVersion(), "-v, --version")
  .enablePositionalOptions() // options behind a command are its own
  .addHelpText("after", '\nStart with:\n  $ infimm ask picture.png "What is in the picture?"');
for (const command of await commandsFor(process.argv.slice(2))) program.addCommand(command);
for (const command of withSubcommands(program)) {
  command.exitOverride();
  command.option("--debug", "show where an error comes from");
  command.configureOutput({ outputError: () => {} }); // reportMisuse says it
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) reportMisuse(error, process.argv);
  else reportFailure(error, process.argv);
}

function* withSubcommands(command: Command): Generator<Command> {
  yield command;
  for (const sub of command.commands) yield* withSubcommands(sub);
}
