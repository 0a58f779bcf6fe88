import { Argument, Command } from "commander";
import { allCommands } from "./commands.ts";

const HELP = `
Install it once:
  bash  infimm completion bash >> ~/.bashrc
  zsh   infimm completion zsh > ~/.zfunc/_infimm     # a folder of $fpath, before compinit
  fish  infimm completion fish > ~/.config/fish/completions/infimm.fish`;

const SHELLS = { bash, zsh, fish };

export function completionCommand(): Command {
  return new Command("completion")
    .description("print what makes bash, zsh or fish complete commands, options and their values")
    .addArgument(new Argument("<shell>", "whose").choices(Object.keys(SHELLS)))
    .addHelpText("after", HELP)
    .action(async (shell: keyof typeof SHELLS) => console.log(SHELLS[shell](placesOf(await allCommands()))));
}

/** Where in a line one may stand: behind which commands, and what may come there. */
export interface Place {
  /** "", "ask", "eval world" */
  readonly at: string;
  readonly commands: readonly { readonly name: string; readonly does: string }[];
  readonly options: readonly {
    readonly long: string;
    readonly short?: string;
    readonly does: string;
    readonly takesValue: boolean;
    readonly values: readonly string[];
  }[];
}

/** All places of a line that begins with `infimm`. */
export function placesOf(commands: readonly Command[], at = "", own?: Command): Place[] {
  const options = (own?.options ?? [])
    .filter(({ long, hidden }) => long && !hidden)
    .map((option) => ({
      long: option.long!,
      short: option.short,
      does: option.description,
      takesValue: option.required || option.optional,
      values: option.argChoices ?? [],
    }));
  const help = { long: "--help", short: "-h", does: "display help", takesValue: false, values: [] };
  const named = commands.map((command) => ({ name: command.name(), does: command.description() }));
  const further = commands.flatMap((command) =>
    placesOf(command.commands, at === "" ? command.name() : `${at} ${command.name()}`, command),
  );
  return [{ at, commands: named, options: [...options, help] }, ...further];
}

const wordsAt = ({ commands, options }: Place): string =>
  [...commands.map(({ name }) => name), ...options.map(({ long }) => long)].join(" ");
const spellings = ({ long, short }: Place["options"][number]): string[] => (short ? [long, short] : [long]);

/** A branch of a case for each option with values: `"ask:--dtype"|"ask:…") choices="f32 f16" ;;` */
function valueCases(places: readonly Place[]): string[] {
  return places.flatMap(({ at, options }) =>
    options
      .filter(({ values }) => values.length > 0)
      .map(
        (option) =>
          `    ${spellings(option)
            .map((name) => `"${at}:${name}"`)
            .join("|")}) choices="${option.values.join(" ")}" ;;`,
      ),
  );
}

/** What bash and zsh share: which place a line is at, and which words may come there. `before` is how the shell spells the words before. */
function shared(places: readonly Place[], before: string): string {
  const further = places.filter(({ at }) => at !== "").map(({ at }) => `"${at}"`);
  return `  for word in ${before}; do
    case "\${at:+$at }$word" in ${further.join("|")}) at="\${at:+$at }$word" ;; esac
  done
  case "$at:$previous" in
${valueCases(places).join("\n")}
  esac
  case "$at" in
${places.map((place) => `    "${place.at}") offered="${wordsAt(place)}" ;;`).join("\n")}
  esac`;
}

function bash(places: readonly Place[]): string {
  return `# bash completion of infimm
_infimm() {
  local at="" word choices="" offered="" current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local before="\${COMP_WORDS[*]:1:COMP_CWORD-1}"
${shared(places, "$before")}
  COMPREPLY=()
  if [[ -n $choices ]]; then COMPREPLY=($(compgen -W "$choices" -- "$current"))
  elif [[ $current == -* || $offered != -* ]]; then COMPREPLY=($(compgen -W "$offered" -- "$current")); fi
}
complete -o default -F _infimm infimm`;
}

function zsh(places: readonly Place[]): string {
  return `#compdef infimm
# zsh completion of infimm
_infimm() {
  local at="" word choices="" offered="" previous="$words[CURRENT-1]"
  local before="\${words[2,CURRENT-1]}"
${shared(places, `\${=before}`)}
  if [[ -n $choices ]]; then compadd -- \${=choices}
  elif [[ $words[CURRENT] == -* || $offered != -* ]]; then compadd -- \${=offered}; _files
  else _files; fi
}
if [[ $funcstack[1] == _infimm ]]; then _infimm "$@"; else compdef _infimm infimm; fi`;
}

function fish(places: readonly Place[]): string {
  const quoted = (text: string) => `'${text.replace(/[\\']/g, "\\$&")}'`;
  const lines = places.flatMap(({ at, commands, options }) => {
    const seen = at
      .split(" ")
      .filter(Boolean)
      .map((name) => `__fish_seen_subcommand_from ${name}`);
    const none =
      commands.length > 0 ? [`not __fish_seen_subcommand_from ${commands.map(({ name }) => name).join(" ")}`] : [];
    const subs = commands.map(({ name, does }) => `complete -c infimm -n ${quoted([...seen, ...none].join("; and "))} -a ${name} -d ${quoted(does)}`); // biome-ignore format: one command
    const here = seen.length > 0 ? seen.join("; and ") : "__fish_use_subcommand";
    const flags = options.map(({ long, short, does, takesValue, values }) => {
      const spelled = `-l ${long.slice(2)}${short ? ` -s ${short.slice(1)}` : ""}`;
      const value = values.length > 0 ? ` -x -a ${quoted(values.join(" "))}` : takesValue ? " -r" : "";
      return `complete -c infimm -n ${quoted(here)} ${spelled}${value} -d ${quoted(does)}`;
    });
    return [...subs, ...flags];
  });
  return ["# fish completion of infimm", ...lines].join("\n");
}
