import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Assistant } from "../generate/assistant.ts";
import { readPicture } from "../processor/pictures/readPicture.ts";
import { writeSyntheticCheckpoint } from "./syntheticCheckpoint.ts";
import { openWeights } from "./openWeights.ts";

const TINY = "model/infimm-tiny";
let folder: string;
let config: Record<string, unknown>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "infimm-synth-"));
  config = JSON.parse(await readFile(join(TINY, "config.json"), "utf8"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Name -> digest of its bytes: vitest takes seconds to compare millions of numbers one by one. */
async function weightsOf(name: string): Promise<Map<string, string>> {
  const file = await openWeights(join(folder, name));
  const digests = new Map<string, string>();
  for (const key of [...file.tensors.keys()].sort()) {
    const { data } = await file.read(key);
    digests.set(
      key,
      createHash("sha256")
        .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
        .digest("hex"),
    );
  }
  await file.close();
  return digests;
}

describe("a synthetic checkpoint", () => {
  it("has the model's names, shapes and layers, loads, and can be asked about a picture", async () => {
    const sizes: number[] = [];
    await writeSyntheticCheckpoint(join(folder, "a"), config, TINY, {
      layers: 2,
      visionLayers: 1,
      shardBytes: 1e6,
      onProgress: (done, total) => sizes.push(done / total),
    });
    expect(sizes.at(-1)).toBe(1);
    expect((await readdir(join(folder, "a"))).filter((name) => name.endsWith(".safetensors")).length).toBeGreaterThan(
      1,
    );
    const assistant = await Assistant.fromPretrained(join(folder, "a"));
    expect(assistant.model.config.language.num_hidden_layers).toBe(2);
    expect(assistant.model.config.visual.layers).toBe(1);
    const image = await readPicture(join(TINY, "pictures", "dog.png"));
    let answer = "";
    for await (const piece of assistant.ask("What is this?", [image], { maxNewTokens: 3 })) answer += piece;
    expect(answer.length).toBeGreaterThan(0);
  });

  it("is the same for the same seed, whatever the shards, and another for another", async () => {
    const small = { layers: 2, visionLayers: 1 };
    await writeSyntheticCheckpoint(join(folder, "b"), config, TINY, small);
    await writeSyntheticCheckpoint(join(folder, "c"), config, TINY, { ...small, seed: 1 });
    const [a, b, c] = [await weightsOf("a"), await weightsOf("b"), await weightsOf("c")];
    expect(b).toEqual(a);
    expect(c).not.toEqual(a);
  });

  it("has a tokenizer as large as the vocabulary, with the media tokens in their places", async () => {
    const json = structuredClone(config) as { language: Record<string, unknown> };
    const larger = {
      ...json,
      image_token_id: 1001,
      eoc_token_id: 1000,
      language: { ...json.language, vocab_size: 1002 },
    };
    await writeSyntheticCheckpoint(join(folder, "d"), larger, TINY, { layers: 2, visionLayers: 1 });
    const { processor } = await Assistant.fromPretrained(join(folder, "d"));
    expect(processor.tokenizer.tokenToId("<image>")).toBe(1001);
    expect(processor.tokenizer.decode([999])).toBe("⟨999⟩");
    expect(processor.tokenizer.encode("What is this?")).toEqual((await tinyTokenizer()).encode("What is this?"));
  });

  it("refuses a folder in use, and a vocabulary that is too small, before it writes", async () => {
    await expect(writeSyntheticCheckpoint(join(folder, "b"), config, TINY)).rejects.toThrow("exists already");
    const small = { ...config, image_token_id: 101, eoc_token_id: 100 };
    await expect(writeSyntheticCheckpoint(join(folder, "e"), small, TINY)).rejects.toThrow("too small for a tokenizer");
    expect(await readdir(folder)).not.toContain("e");
  });
});

async function tinyTokenizer() {
  return (await Assistant.fromPretrained(TINY)).processor.tokenizer;
}
