import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dequantize, quantize } from "../../core/quantized.ts";
import { signedStream } from "../../core/random.ts";
import { openWeights } from "./openWeights.ts";
import { joinPlanes } from "./quantizedTensors.ts";
import { openSafetensors } from "./safetensors/safetensors.ts";
import { writeSafetensors } from "./safetensors/writeSafetensors.ts";
import { writeShards } from "./convert/writeShards.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "infimm-quantized-"));
});
afterAll(() => rm(folder, { recursive: true }));

const values = (name: string, count: number) => Float32Array.from(signedStream(name, count));
const weight = (name: string, dtype: "q8" | "q4", shape: number[]) => ({
  name,
  dtype,
  shape,
  data: () => quantize(dtype, values(name, shape[0] * shape[1])),
});
const norm = { name: "norm.weight", dtype: "bf16" as const, shape: [3], data: () => Uint16Array.of(1, 2, 3) };
const all = [weight("a.weight", "q4", [3, 96]), norm, weight("b.weight", "q8", [2, 32])];

describe("a file with quantised tensors", () => {
  it("holds two plain tensors for each, one right after the other", async () => {
    const path = join(folder, "planes.safetensors");
    await writeSafetensors(path, all);
    const bytes = await readFile(path);
    const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
    expect(header["a.weight.q4"]).toMatchObject({ dtype: "U8", shape: [3, 48] });
    expect(header["a.weight.scales"]).toMatchObject({ dtype: "F16", shape: [3, 3] });
    expect(header["b.weight.q8"]).toMatchObject({ dtype: "U8", shape: [2, 32] });
    expect(header["a.weight.q4"].data_offsets[1]).toBe(header["a.weight.scales"].data_offsets[0]);
    for (const { dtype, data_offsets } of Object.values<{ dtype: string; data_offsets: number[] }>(header)) {
      if (dtype !== "U8") expect(data_offsets[0] % 2).toBe(0);
    }
  });

  it("reads as what was written, from one file and from shards", async () => {
    await writeShards(folder, { tensors: all, aliases: new Map() }, { shardBytes: 180 });
    for (const path of [join(folder, "planes.safetensors"), folder]) {
      const file = joinPlanes(await openWeights(path));
      expect([...file.tensors.keys()].sort()).toEqual(["a.weight", "b.weight", "norm.weight"]);
      for (const { name, dtype, shape, data } of all) {
        expect(file.tensors.get(name)!.shape).toEqual(shape);
        expect(await file.read(name)).toEqual({ dtype, shape, data: data() });
      }
      await file.close();
    }
  });

  it("reads the same where planes do not follow each other", async () => {
    const [a] = all;
    const bytes = a.data() as Uint8Array;
    const plane = (name: string, dtype: "f16" | "bool", shape: number[], data: () => Uint8Array | Uint16Array) => ({
      name,
      dtype,
      shape,
      data,
    });
    const scales = plane("a.weight.scales", "f16", [3, 3], () => new Uint16Array(bytes.slice(144).buffer));
    const path = join(folder, "apart.safetensors");
    await writeSafetensors(path, [scales, norm, weight("z.weight", "q8", [2, 32])]);
    const apart = await openSafetensors(path);
    const together = await openSafetensors(join(folder, "planes.safetensors"));
    const quants = { name: "a.weight.q4", dtype: "U8" as const, shape: [3, 48] };
    const mixed = joinPlanes({
      ...apart,
      tensors: new Map([...apart.tensors, ["a.weight.q4", quants]]),
      read: (name) => (name === "a.weight.q4" ? together : apart).read(name),
    });
    expect((await mixed.read("a.weight")).data).toEqual(bytes);
    await Promise.all([apart.close(), together.close()]);
  });

  it("is read by the two lines of the docs", async () => {
    const file = await openSafetensors(join(folder, "planes.safetensors"));
    const quants = (await file.read("a.weight.q4")).data;
    const scales = (await file.read("a.weight.scales")).data;
    expect(scales).toHaveLength(9);
    const { f16ToF32 } = await import("../../core/dtype.ts");
    const byHand = Array.from({ length: 3 * 96 }, (_, i) => {
      const [block, at] = [Math.floor(i / 32), i % 32];
      const pair = quants[block * 16 + (at % 16)];
      return ((at < 16 ? pair & 15 : pair >> 4) - 8) * f16ToF32(scales[block]);
    });
    await file.close();
    expect(Array.from(dequantize("q4", all[0].data() as Uint8Array))).toEqual(byHand.map(Math.fround));
  });

  it("refuses planes that do not fit, and leaves other files as they are", async () => {
    const path = join(folder, "bad.safetensors");
    const quants = { name: "w.q4", dtype: "bool" as const, shape: [2, 16], data: () => new Uint8Array(32) };
    await writeSafetensors(path, [quants]);
    const bool = await openSafetensors(path);
    expect(joinPlanes(bool)).toBe(bool); // BOOL, so no plane of ours
    await bool.close();
    const fake = (scales?: object) => ({
      ...bool,
      tensors: new Map<string, never>(
        Object.entries({
          "w.q4": { name: "w.q4", dtype: "U8", shape: [2, 16] },
          ...(scales && { "w.scales": scales }),
        }) as never,
      ),
    });
    expect(() => joinPlanes(fake())).toThrow('"w.q4" of quantised elements needs "w.scales", F16 [2, 1]; got nothing');
    expect(() => joinPlanes(fake({ dtype: "F16", shape: [2, 2] }))).toThrow("got F16 [2, 2]");
    await expect(writeSafetensors(path, [weight("w", "q8", [2, 33])])).rejects.toThrow("multiple of 32");
  });
});
