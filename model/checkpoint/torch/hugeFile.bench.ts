/**
 * How long and how much memory it takes to open a checkpoint of 20 GB and read its largest tensors, each in a process
 * of its own: `npx tsx model/checkpoint/torch/hugeFile.bench.ts`. The file has Zephyr's names and shapes, and is sparse.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWeights } from "../openWeights.ts";
import { zephyrStateDict } from "../stateDict.fixture.ts";
import { writeSparseTorch } from "./sparse.fixture.ts";

const TENSORS = [
  "",
  "model.perceiver.latents",
  "model.lang_encoder.model.layers.31.decoder_layer.mlp.down_proj.weight",
  "model.lang_encoder.lm_head.weight",
];

const [path, tensor] = process.argv.slice(2);
if (path) await measure(path, tensor);
else await compare();

async function measure(file: string, name: string): Promise<void> {
  const base = process.memoryUsage().rss;
  const cpu = (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1000;
  const [start, cpuStart] = [performance.now(), cpu()];
  const weights = await openWeights(file);
  const opened = performance.now();
  const { data } = name ? await weights.read(name) : { data: new Uint8Array(0) };
  const end = performance.now();
  const cpuUsed = cpu() - cpuStart;
  const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  console.log(
    `${name || "(only opened and listed)"}: ${weights.tensors.size} names in ${(opened - start).toFixed(0)} ms, tensor of ` +
      `${megabytes(data.byteLength)} MiB in ${(end - opened).toFixed(0)} ms, ${cpuUsed.toFixed(0)} ms of CPU in all, RSS ${megabytes(process.resourceUsage().maxRSS * 1024)} MiB ` +
      `(${megabytes(base)} MiB before)`,
  );
  await weights.close();
}

async function compare(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "infimm-huge-"));
  const file = join(folder, "pytorch_model.bin");
  const list = zephyrStateDict();
  const tensors = list
    .filter(({ alias }) => !alias)
    .map(({ key, shape }) => ({ name: key, dtype: "bf16" as const, shape, ending: new Uint8Array(2).fill(63) }));
  const aliases = new Map(list.flatMap(({ key, alias }) => (alias ? [[key, alias] as const] : [])));
  const size = await writeSparseTorch(file, tensors, aliases);
  console.log(`${size} bytes, of which the disk holds ${statSync(file).blocks * 512}`);
  for (const name of TENSORS)
    spawnSync(process.execPath, ["--import", "tsx", import.meta.filename, file, name], { stdio: "inherit" });
  rmSync(folder, { recursive: true });
}
