import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, Help } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built } from "./built.fixture.ts";
import { allCommands, outlines } from "./commands.ts";

const folder = mkdtempSync(join(tmpdir(), "infimm-commands-"));
const script = join(folder, "completion.bash");
beforeAll(async () => {
  await built();
  const { stdout } = infimm("completion", "bash");
  writeFileSync(script, stdout);
});
afterAll(() => rmSync(folder, { recursive: true }));

function infimm(...args: string[]) {
  return spawnSync(process.execPath, ["dist/bin/infimm.js", ...args], { encoding: "utf8" });
}

test("the help says of each command what the command itself says", async () => {
  const help = new Help();
  const shown = (command: Command) => [help.subcommandTerm(command.option("--debug")), command.description()];
  expect(outlines().map(shown)).toEqual((await allCommands()).map(shown));
});

test("--help and --version load no model, no backend and no command", () => {
  const hook = join(folder, "loaded.mjs");
  writeFileSync(hook, 'import { registerHooks } from "node:module";\n');
  for (const flag of ["--help", "--version", "nonsense"]) {
    const { stderr } = spawnSync(process.execPath, ["dist/bin/infimm.js", flag], {
      encoding: "utf8",
      env: { ...process.env, NODE_DEBUG: "esm" },
    });
    const loaded = [...new Set(stderr.match(/dist\/[\w/]+\.js/g))].filter((name) => !/\/bin\/|core\/errors/.test(name));
    expect(loaded, flag).toEqual([]);
    expect(stderr).toContain("commands.js"); // it was seen at all
  }
});

/** What bash offers at the end of a line. */
function completed(line: string): string[] {
  const words = line.split(" ");
  const run = `source ${script}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _infimm; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return spawnSync("bash", ["-c", run], { encoding: "utf8" }).stdout.split("\n").filter(Boolean);
}

test.each([
  ["infimm as", ["ask"]],
  ["infimm e", ["eval"]],
  ["infimm ask --tem", ["--temperature"]],
  ["infimm ask cat.png --dtype q", ["q8", "q4"]],
  ["infimm ask -m x --orientation a", ["apply"]],
  ["infimm ask ca", []], // a file: bash's own
  ["infimm eval wor", ["world"]],
  ["infimm eval world --bl", ["--blind"]],
  ["infimm train tiny --he", ["--help"]],
  ["infimm golden ch", ["check"]],
  ["infimm completion --h", ["--help"]],
])("bash completes %s", (line, offered) => {
  expect(completed(line)).toEqual(offered);
});

test("zsh's and fish's have every command and option; another shell is refused", () => {
  for (const shell of ["zsh", "fish"]) {
    const { stdout } = infimm("completion", shell);
    for (const word of ["ask", "completion", "top-logprobs", "world", "q4"]) expect(stdout, shell).toContain(word);
  }
  const { status, stderr } = infimm("completion", "tcsh");
  expect([status, stderr]).toEqual([2, expect.stringContaining("bash, zsh, fish")]);
  expect(readFileSync(script, "utf8")).not.toContain("undefined");
});
