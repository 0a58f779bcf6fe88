import { Command } from "commander";

/** A command as `infimm --help` shows it, and where the rest of it is: nothing is loaded for the help. */
interface Entry {
  readonly name: string;
  /** As in its usage: "<question...>" */
  readonly takes: string;
  readonly does: string;
  load(): Promise<Command>;
}

/** In the order of the help. */
const ENTRIES: readonly Entry[] = [
  {
    name: "ask",
    takes: "<question...>",
    does: "answer a question about pictures, or about none",
    load: async () => (await import("./ask.ts")).askCommand(),
  },
  {
    name: "caption",
    takes: "<picture...>",
    does: "describe each picture",
    load: async () => (await import("./caption.ts")).captionCommand(),
  },
  {
    name: "chat",
    takes: "[picture...]",
    does: "talk about pictures, turn by turn",
    load: async () => (await import("./chat.ts")).chatCommand(),
  },
  {
    name: "trace",
    takes: "<question...>",
    does: "every activation: shape, statistics, histogram; to a file, too",
    load: async () => (await import("./trace.ts")).traceCommand(),
  },
  {
    name: "attend",
    takes: "<question...>",
    does: "write a PNG of where in the picture the model looks and what it depends on, word by word",
    load: async () => (await import("./attend.ts")).attendCommand(),
  },
  {
    name: "lens",
    takes: "<question...>",
    does: "what the model would say behind each layer, with the pictures and without",
    load: async () => (await import("./lens.ts")).lensCommand(),
  },
  {
    name: "info",
    takes: "<model>",
    does: "shapes, parameters and cost of a model, without weights",
    load: async () => (await import("./info.ts")).infoCommand(),
  },
  {
    name: "convert",
    takes: "<from> <to>",
    does: "rewrite a checkpoint in another format or dtype",
    load: async () => (await import("./convert.ts")).convertCommand(),
  },
  {
    name: "data",
    takes: "",
    does: "look at training data, and rewrite it",
    load: async () => (await import("./data.ts")).dataCommand(),
  },
  {
    name: "train",
    takes: "",
    does: "train a model further: on your own pictures and captions, or by the recipes of the model card",
    load: async () => {
      const [{ trainCommand }, { trainTinyCommand }] = await Promise.all([
        import("./train.ts"),
        import("./trainTiny.ts"),
      ]);
      return trainCommand().enablePositionalOptions().addCommand(trainTinyCommand());
    },
  },
  {
    name: "synth",
    takes: "<folder>",
    does: "write a checkpoint of a model's exact shapes with seeded random weights",
    load: async () => (await import("./synth.ts")).synthCommand(),
  },
  {
    name: "eval",
    takes: "<task>",
    does: "judge a model by the card's benchmarks: ask, score, report",
    load: async () => (await import("./eval.ts")).evalCommand(),
  },
  {
    name: "golden",
    takes: "",
    does: "compare with the PyTorch original, activation by activation",
    load: async () => (await import("../golden/cli.ts")).goldenCommand(),
  },
  {
    name: "completion",
    takes: "<shell>",
    does: "print what makes bash, zsh or fish complete commands, options and their values",
    load: async () => (await import("./completion.ts")).completionCommand(),
  },
];

/** The commands that a line needs: the one that it names as it is, the others by what the help says of them. */
export async function commandsFor(words: readonly string[]): Promise<Command[]> {
  // `infimm help ask` is about a command, too
  const named = words.filter((word) => !word.startsWith("-") && word !== "help")[0];
  return Promise.all(ENTRIES.map((entry) => (entry.name === named ? loaded(entry) : outlineOf(entry))));
}

/** All commands as they are. */
export const allCommands = (): Promise<Command[]> => Promise.all(ENTRIES.map(loaded));

async function loaded({ load }: Entry): Promise<Command> {
  await import("../backends/register.ts");
  return load();
}

/** What the help shows of a command that the line is not about. */
export function outlineOf({ name, takes, does }: Pick<Entry, "name" | "takes" | "does">): Command {
  const outline = new Command(name).description(does);
  return takes === "" ? outline : outline.arguments(takes);
}

export const outlines = (): Command[] => ENTRIES.map(outlineOf);
