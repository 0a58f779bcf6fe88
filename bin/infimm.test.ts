import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PNG } from "pngjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built } from "./built.fixture.ts";
import { openSafetensors } from "../model/checkpoint/safetensors/safetensors.ts";

const folder = mkdtempSync(join(tmpdir(), "infimm-cli-"));
beforeAll(built);
afterAll(() => rmSync(folder, { recursive: true }));

const DOG = "model/infimm-tiny/pictures/dog.png";
const NODE = ["dist/bin/infimm.js"]; // what users run

function infimm(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...NODE, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test("--help shows the commands and where to start; --version the version", () => {
  const { status, stdout } = infimm("--help");
  expect(status).toBe(0);
  for (const word of ["ask", "caption", "info", "golden", "infimm ask picture.png"]) expect(stdout).toContain(word);
  expect(infimm("--version").stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(infimm("ask", "--help").stdout).toContain("Examples:");
});

test("wrong usage ends with 2 and says what is near", () => {
  expect(infimm("asc")).toMatchObject({ status: 2, stderr: expect.stringContaining("Did you mean ask?") });
  expect(infimm("ask")).toMatchObject({ status: 2, stderr: expect.stringContaining("missing required argument") });
  expect(infimm("ask", DOG)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("the last argument is the question"),
  });
  expect(infimm("ask", "--max-tokens", "none", "Hi")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("whole number, 1 or more"),
  });
  expect(infimm("ask", "--temprature", "1", "Hi")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("--temperature"),
  });
  expect(infimm("ask", DOG)).toMatchObject({ status: 2, stderr: expect.stringContaining("dog.png is a file") });
  expect(infimm("ask", DOG, "Hi", "--backend", "cuda")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("choices are wasm, cpu"),
  });
  expect(infimm("golden", "check").status).toBe(2);
  const { status, stdout, stderr } = infimm("info", "infimm-zephyr", "--dept", "2", "--json");
  expect({ status, stderr }).toEqual({ status: 2, stderr: "" });
  expect(JSON.parse(stdout).error).toContain("--depth");
});

test("wrong usage of a question is told from a wrong picture", () => {
  const misuse = (...args: string[]) => {
    const { status, stderr } = infimm(...args);
    expect(status, stderr).toBe(2);
    return stderr;
  };
  expect(misuse("ask", DOG, "What", "is", "this?")).toContain(`put it in quotes: ${DOG} "What is this?"`);
  expect(misuse("ask", DOG, "-")).toContain("- is the picture on standard input");
  expect(misuse("ask", "nope.png")).toContain("nope.png is a file");
  expect(misuse("ask", DOG, "Hi", "--beams", "3", "--temperature", ".5")).toContain("give one or the other");
  expect(misuse("ask", "Hi", "--min-tokens", "9", "-n", "8")).toContain("more than --max-tokens 8");
  expect(misuse("ask", "Hi", "-t", "-1")).toContain("0 or more");
});

test("a question may end in a picture's name; temperature 0 draws nothing; JSON says how it ended", () => {
  const { status, stdout } = infimm("ask", "what is in cat.png", "-n", "3", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ question: "what is in cat.png", tokens: 3, finish: "length" });
  const greedy = JSON.parse(infimm("ask", DOG, "What is this?", "-t", "0", "--seed", "3", "--json").stdout);
  expect(greedy).toMatchObject({ finish: "stop", seconds: expect.any(Number), tokens: expect.any(Number) });
  const { answer } = JSON.parse(
    infimm("ask", DOG, "What is this?", "--json", "--stop", greedy.answer.slice(-3)).stdout,
  );
  expect(answer).toBe(greedy.answer.slice(0, -3));
});

test("the shipped model goes by its name, and names are shown whole, but not what they would do to a terminal", () => {
  expect(JSON.parse(infimm("info", "infimm-tiny", "--json").stdout).parameters).toBeGreaterThan(1e6);
  expect(infimm("ask", "Hi", "-m", "infimm-tiny", "-n", "2").status).toBe(0);
  const long = join(folder, "x".repeat(150));
  const { status, stderr } = infimm("ask", `${long}\x1b[31m.png`, "Hi");
  expect(status).toBe(1);
  expect(stderr).toContain(`${long}\\x1b[31m.png`);
  expect(stderr).not.toContain("\x1b");
});

test("an answer goes to standard output, and nothing else does", () => {
  const { status, stdout, stderr } = infimm("ask", DOG, "What is this?");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^\S.*\n$/);
  const json = JSON.parse(infimm("ask", DOG, "What is this?", "--json").stdout);
  expect(json).toMatchObject({ pictures: [DOG], question: "What is this?", answer: stdout.trim() });
});

test("a caption for each picture, a question without any, and words drawn by seed", () => {
  const captions = JSON.parse(infimm("caption", DOG, DOG, "--json").stdout).captions;
  expect(captions).toHaveLength(2);
  expect(captions[0].caption).toBe(captions[1].caption);
  expect(infimm("ask", "Hello?", "-n", "4").status).toBe(0);
  const drawn = () => infimm("ask", DOG, "What is this?", "-t", "5", "--seed", "3", "-n", "8").stdout;
  expect(drawn()).toBe(drawn());
});

test.each([
  ["a missing file", () => "nowhere.png", "no file nowhere.png"],
  ["a folder", () => folder, "is a folder"],
  ["an empty file", () => file("empty.png", ""), "empty"],
  ["text that is called .png", () => file("text.png", "hello, this is no picture"), "expected a PNG, JPEG or WebP"],
  ["half a picture", () => file("half.png", Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13)), "half.png"],
])("refused in a line: %s", (_, path, message) => {
  const { status, stdout, stderr } = infimm("ask", path(), "What is this?");
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("    at ");
  expect(JSON.parse(infimm("ask", path(), "What?", "--json").stdout).error).toContain(message);
});

test("pictures by data URL and in WebP; turned upright when asked", () => {
  const png = readFileSync(DOG);
  const byAddress = infimm("ask", `data:image/png;base64,${png.toString("base64")}`, "What is this?");
  expect(byAddress.stdout).toBe(infimm("ask", DOG, "What is this?").stdout);
  const fixture = (name: string) => `golden/fixtures/pictures/${name}`;
  const seen = (...args: string[]) =>
    JSON.parse(infimm("trace", ...args, "Hi", "--json", "--keep", "**.patch_embed").stdout).activations;
  const [lying, upright] = [seen(fixture("exif-6.webp")), seen(fixture("exif-6.webp"), "--orientation", "apply")];
  expect(lying).not.toEqual(upright);
  expect(lying).toEqual(seen(fixture("lossy.webp")));
});

test("a model that is none is refused by name", () => {
  expect(infimm("ask", DOG, "Hi", "--model", folder)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("config.json"),
  });
  expect(infimm("info", "infimm-zefyr")).toMatchObject({ status: 1, stderr: expect.stringContaining("infimm-zephyr") });
});

test.each([
  ["infimm-zephyr", 9840832224],
  ["infimm-zephyr-chat", 9840832224],
  ["infimm-llama-13b", 16305280660],
  ["infimm-llama-13b-chat", 16305280660],
  ["infimm-vicuna-13b", 19710920980],
  ["infimm-vicuna-13b-chat", 19710920980],
  ["infimm-hd-stage1-13b", 17997205248],
  ["infimm-hd-stage1-7b", 11429972736],
])("info %s: the specification's parameter count", (name, parameters) => {
  const { status, stdout } = infimm("info", name, "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout).parameters).toBe(parameters);
});

test("golden check passes on a committed set and counts what it did", () => {
  const { status, stdout } = infimm(
    "golden",
    "check",
    "golden/fixtures/tiny-hd",
    "--case",
    "text_only",
    "--html",
    join(folder, "report.html"),
  );
  expect(status).toBe(0);
  expect(stdout).toMatch(/\n\d{3} passed, 0 failed\n$/);
});

test("caption goes on after a picture that cannot be read, and ends with 1", () => {
  const bad = file("bad.png", "hello, this is no picture");
  const { status, stdout, stderr } = infimm("caption", bad, DOG);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^infimm: .*bad\.png: expected a PNG, JPEG or WebP.*\n$/);
  expect(stdout).toMatch(/^\S*dog\.png: \S.*\n$/);
  const [first, second] = JSON.parse(infimm("caption", bad, DOG, "--json").stdout).captions;
  expect([Object.keys(first), Object.keys(second)]).toEqual([
    ["picture", "error"],
    ["picture", "caption"],
  ]);
});

const shell = (line: string) => spawnSync("bash", ["-o", "pipefail", "-c", line], { encoding: "utf8" });
const program = `"${process.execPath}" ${NODE}`;

test("a picture on standard input; output that nobody reads to its end", () => {
  expect(shell(`${program} ask - "What is this?" < ${DOG}`).stdout).toBe(infimm("ask", DOG, "What is this?").stdout);
  expect(shell(`${program} info infimm-zephyr --json | head -c 1`)).toMatchObject({
    status: 0,
    stdout: "{",
    stderr: "",
  });
});

test.runIf(existsSync("/dev/full"))("a full disk is told in a line", () => {
  expect(shell(`${program} info infimm-zephyr > /dev/full`)).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^infimm: ENOSPC.*\n$/),
  });
});

test("Ctrl-C ends it at once, without a stack: a shell says 130", async () => {
  const child = spawn(process.execPath, [...NODE, "ask", DOG, "What is this?", "-t", "20", "-n", "2000"]);
  let [out, err] = ["", ""];
  child.stderr.on("data", (bytes) => (err += bytes));
  child.stdout.on("data", (bytes) => {
    if (out === "") child.kill("SIGINT");
    out += bytes;
  });
  const signal = await new Promise((resolve) => child.on("close", (_, by) => resolve(by)));
  expect({ signal, err }).toEqual({ signal: "SIGINT", err: "" });
});

test("chat: a line is a turn, pictures by path; what came before is remembered", () => {
  const input = `${DOG}\nWhat is this?\nnope.png Hm?\n/new\nWhat is this?\n`;
  const run = spawnSync(process.execPath, [...NODE, "chat", "--json", "-n", "12"], { encoding: "utf8", input });
  const [told, failed, anew] = run.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(run.status).toBe(1); // a turn failed
  expect(told.answer).toBe(infimm("ask", DOG, "What is this?", "-n", "12").stdout.trim());
  expect(failed.error).toContain("no file nope.png");
  expect(anew.answer).toBe(infimm("ask", "What is this?", "-n", "12").stdout.trim());
});

test("chat: orders, and names that are only words", () => {
  const input = "/help\n/halp\nWhat does `dog.png` mean?\n/quit\nnever said\n";
  const run = spawnSync(process.execPath, [...NODE, "chat", "-n", "3"], { encoding: "utf8", input });
  expect(run.stdout).toContain("/new     forget what was said");
  expect(run.stderr).toBe("infimm: there is no /halp; there are /new, /picture, /help, /quit, /exit\n");
  expect(run.stdout.trim().split("\n")).toHaveLength(6);
  expect(run.status).toBe(0);
  const missing = spawnSync(process.execPath, [...NODE, "chat"], { encoding: "utf8", input: "what is in cat.png\n" });
  expect(missing).toMatchObject({ status: 1, stderr: expect.stringContaining("`backquotes` is only a word") });
});

test("attend writes a PNG of where each token attends, and under it what it depends on", () => {
  const path = join(folder, "attend.png");
  const fruit = DOG.replace("dog", "fruit");
  const { status, stdout } = infimm("attend", fruit, "What is in the picture?", "-n", "6", "-o", path, "--json");
  expect(status).toBe(0);
  const { tokens } = JSON.parse(stdout);
  expect(tokens).toHaveLength(6);
  const { width, height } = PNG.sync.read(readFileSync(path));
  expect(width).toBeGreaterThan(1.9 * height); // six tokens wide; the picture, the looks and the dependence below each other
  const { token, map, dependence } = tokens[4];
  expect(token).toBe("banana");
  // it is not where its background is: the look at the picture is not even
  expect(Math.max(...map)).toBeGreaterThan((3 * map.reduce((a: number, b: number) => a + b, 0)) / map.length);
  expect(dependence.picture).toBe(1);
  expect(Math.max(...dependence.map)).toBeGreaterThan(3); // nats: without its patches, hardly a banana
  const beyond = infimm("attend", DOG, "What is this?", "--by", "attention", "--token", "99", "-o", join(folder, "none.png")); // biome-ignore format: one line
  expect(beyond).toMatchObject({ status: 1, stderr: expect.stringContaining("has only") });
  expect(existsSync(join(folder, "none.png"))).toBe(false);
});

test("lens tells what the model would say behind each layer, with the picture and without", () => {
  const { status, stdout } = infimm("lens", DOG, "What is this?", "--token", "2", "--top", "1");
  expect(status).toBe(0);
  const rungs = stdout.trim().split("\n").slice(2);
  expect(rungs).toHaveLength(7); // the embedding, four layers, two blocks
  expect(rungs[0]).toMatch(/^ *layers\.3 +dog \d+ % +\S+ \d+ %$/);
  expect(rungs[0]).not.toMatch(/dog.*dog/); // blind, it would say something else
  expect(rungs[6]).toMatch(/embed_tokens +(\S+ \d+ %) +\1$/);
  const blind = infimm("lens", "What is this?");
  expect(blind).toMatchObject({ status: 2, stderr: expect.stringContaining("needs a picture") });
});

test("trace writes the activations that it prints", async () => {
  const path = join(folder, "acts.safetensors");
  const args = ["trace", DOG, "What is this?", "--keep", "model.perceiver", "**:attn", "", "-o", path];
  const { status, stdout } = infimm(...args, "--json");
  expect(status).toBe(0);
  const { activations } = JSON.parse(stdout);
  const file = await openSafetensors(path);
  expect([...file.tensors.keys()].sort()).toEqual(
    activations.map((row: { path: string }) => row.path || "logits").sort(),
  );
  const { data } = await file.read("model.perceiver");
  const { mean } = activations.find((row: { path: string }) => row.path === "model.perceiver");
  expect(Array.from(data).reduce((sum, x) => sum + x, 0) / data.length).toBeCloseTo(mean, 5);
  await file.close();
  expect(infimm(...args).stdout).toMatch(/model\.perceiver .*\[1, 1, 64, \d+\].*█/);
});

test("a checkpoint of a model's shapes: made, quantised with a report, and asked", { timeout: 60_000 }, () => {
  const [made, quantised] = [join(folder, "made"), join(folder, "made-q4")];
  const synth = infimm("synth", made, "--variant", "model/infimm-tiny", "--layers", "2", "--vision-layers", "1");
  expect(synth).toMatchObject({ status: 0, stderr: "" });
  expect(synth.stdout).toMatch(/parameters in bf16/);
  expect(infimm("synth", made)).toMatchObject({ status: 1, stderr: expect.stringContaining("exists already") });
  const convert = infimm("convert", made, quantised, "--dtype", "q4", "--report");
  expect(convert).toMatchObject({ status: 0, stderr: "" });
  expect(convert.stdout).toMatch(/layers\.\*\.decoder_layer\.mlp\.up_proj\.weight +2 +8\.\d+ %/);
  const { errors } = JSON.parse(
    infimm("convert", made, join(folder, "q8"), "--dtype", "q8", "--report", "--json").stdout,
  );
  expect(Object.keys(errors)).toContain("model.lang_encoder.model.layers.0.decoder_layer.mlp.up_proj.weight");
  for (const backend of ["cpu", "wasm"]) {
    const asked = infimm("ask", DOG, "What is this?", "-m", quantised, "-n", "3", "--backend", backend, "--json");
    expect(JSON.parse(asked.stdout).answer.length).toBeGreaterThan(0);
  }
});
