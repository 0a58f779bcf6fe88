import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InfimmError } from "../../core/errors.ts";
import { fuzzRuns } from "../../core/fuzzRuns.fixture.ts";
import { bytesSource } from "./byteSource.ts";
import { mutated, mutatedJson } from "./mutate.fixture.ts";
import { parseSafetensors } from "./safetensors/parseSafetensors.ts";
import { readSafetensors } from "./safetensors/readSafetensors.ts";
import { readSharded } from "./safetensors/sharded.ts";
import { archive, memorySink, pickle } from "./torch/torch.fixture.ts";
import { readTorch } from "./torch/torchFile.ts";
import { ZipWriter } from "./torch/writeZip.ts";
import type { WeightFile } from "./weightFile.ts";

/** How much more memory a tensor may take than its bytes: I8 is held as i32. */
const WIDENING = 4;

/** Opens a file and reads all of it: a value or an InfimmError, within memory that the file pays for. */
async function readsOrRefuses(open: () => Promise<WeightFile> | WeightFile, fileBytes: number): Promise<boolean> {
  try {
    const file = await open();
    for (const name of file.tensors.keys()) {
      const { data } = await file.read(name).catch((error) => {
        if (error instanceof InfimmError) return { data: new Uint8Array(0) };
        throw error;
      });
      expect(data.byteLength).toBeLessThanOrEqual(WIDENING * fileBytes);
    }
    await file.close();
    return true;
  } catch (error) {
    if (!(error instanceof InfimmError)) throw error;
    expect(error.message).toMatch(/^some\.file: /);
    return false;
  }
}

const runs = { numRuns: fuzzRuns(300) };

describe("any bytes are read or refused", () => {
  const safetensors = (header: object, dataBytes: number): Uint8Array => {
    const json = new TextEncoder().encode(JSON.stringify(header));
    const bytes = new Uint8Array(8 + json.length + dataBytes).fill(1);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(json, 8);
    return bytes;
  };
  const HEADER = {
    __metadata__: { format: "pt" },
    "a.weight": { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] },
    "a.bias": { dtype: "BOOL", shape: [2], data_offsets: [16, 18] },
    half: { dtype: "F16", shape: [1, 3], data_offsets: [18, 24] },
    ids: { dtype: "I64", shape: [1], data_offsets: [24, 32] },
  };
  const corpus = [
    safetensors(HEADER, 32),
    safetensors({}, 0),
    new Uint8Array(readFileSync("golden/fixtures/adamw/final.safetensors").subarray(0, 4000)),
  ];

  it("as safetensors", async () => {
    await fc.assert(
      fc.asyncProperty(mutated(corpus), async (bytes) => {
        const buffer = bytes.slice().buffer;
        const fromMemory = await readsOrRefuses(() => parseSafetensors(buffer, "some.file"), bytes.length);
        const byRange = await readsOrRefuses(() => readSafetensors(bytesSource(bytes, "some.file")), bytes.length);
        expect(byRange).toBe(fromMemory);
      }),
      runs,
    );
  });

  it("as safetensors, with a valid frame round a strange header", async () => {
    await fc.assert(
      fc.asyncProperty(mutatedJson([HEADER]), async (header) => {
        const bytes = safetensors(header as object, 32);
        await readsOrRefuses(() => parseSafetensors(bytes.buffer as ArrayBuffer, "some.file"), bytes.length);
      }),
      runs,
    );
  });

  const FOLDER = "golden/fixtures/torch";
  const torchFiles = readdirSync(FOLDER)
    .filter((name) => !name.endsWith(".json"))
    .map((name) => new Uint8Array(readFileSync(`${FOLDER}/${name}`)));

  it("as a file of torch.save", async () => {
    let read = 0;
    await fc.assert(
      fc.asyncProperty(mutated(torchFiles), async (bytes) => {
        if (await readsOrRefuses(() => readTorch(bytesSource(bytes, "some.file")), bytes.length)) read++;
      }),
      { ...runs, examples: torchFiles.map((file): [Uint8Array] => [file]) },
    );
    expect(read).toBeGreaterThan(0);
  });

  it("as a file of torch.save, with a valid archive round a strange pickle", async () => {
    const pickles = [
      pickle([{ name: "w", dtype: "f32", shape: [2, 3] }]),
      pickle([{ name: "w", dtype: "f32", shape: [] }], { shape: [3, 2], stride: [1, 3], offset: 0 }),
      ...torchFiles.flatMap(pickleIn),
    ];
    let read = 0;
    await fc.assert(
      fc.asyncProperty(mutated(pickles), async (data) => {
        const storages = Object.fromEntries(Array.from({ length: 10 }, (_, key) => [key, new Uint8Array(96).fill(1)]));
        const bytes = await archive(data, storages);
        if (await readsOrRefuses(() => readTorch(bytesSource(bytes, "some.file")), bytes.length)) read++;
      }),
      { ...runs, examples: pickles.map((data): [Uint8Array] => [data]) },
    );
    expect(read).toBeGreaterThan(0);
  });

  it("as a pickle of random opcodes", async () => {
    const opcodes = [..."().]}tleasuNJKMGXUhjqrcRQb"].map((letter) => letter.charCodeAt(0));
    const words = [
      "ctorch._utils\n_rebuild_tensor_v2\n",
      "ccollections\nOrderedDict\n",
      "ctorch\nFloatStorage\n",
      "K\x01",
      "N",
    ];
    const piece = fc.oneof(
      fc.constantFrom(...opcodes, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x93, 0x94, 0x95).map((code) => [code]),
      fc.constantFrom(...words).map((text) => [...Buffer.from(text, "latin1")]),
      fc.nat(255).map((byte) => [byte]),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
        const bytes = await archive(Uint8Array.from([0x80, 2, ...pieces.flat(), 0x2e]), { "0": new Uint8Array(24) });
        await readsOrRefuses(() => readTorch(bytesSource(bytes, "some.file")), bytes.length);
      }),
      runs,
    );
  });

  it("as an index", async () => {
    const index = {
      metadata: { total_size: 8 },
      weight_map: { "a.weight": "model-1.safetensors", half: "model-2.safetensors" },
    };
    const open = async () => parseSafetensors(safetensors(HEADER, 32).buffer as ArrayBuffer, "some.file");
    await fc.assert(
      fc.asyncProperty(mutatedJson([index]), async (json) => {
        await readsOrRefuses(() => readSharded(JSON.stringify(json), "some.file", open), 1000);
      }),
      runs,
    );
    await fc.assert(
      fc.asyncProperty(mutated([Buffer.from(JSON.stringify(index))]), async (bytes) => {
        await readsOrRefuses(() => readSharded(Buffer.from(bytes).toString(), "some.file", open), 1000);
      }),
      runs,
    );
  });
});

/** The bytes of data.pkl in an archive that stores it. */
function pickleIn(bytes: Uint8Array): Uint8Array[] {
  const text = Buffer.from(bytes).toString("latin1");
  const at = text.indexOf("\x80\x02");
  const end = text.indexOf("PK", at);
  return text.startsWith("PK") && at > 0 && end > at ? [bytes.slice(at, end)] : [];
}

it("any archive of any entries is read or refused", async () => {
  const name = fc.oneof(
    fc.constantFrom("archive/data.pkl", "archive/data/0", "archive/byteorder", "b/data.pkl"),
    fc.string(),
  );
  const entry = fc.record({ name, bytes: fc.uint8Array({ maxLength: 60 }), size: fc.option(fc.nat(5000)) });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 6 }), async (entries) => {
      const sink = memorySink();
      const zip = new ZipWriter(sink);
      for (const { name: path, bytes, size } of entries) {
        await zip.begin(path, size ?? bytes.length, 0); // a size that lies, too
        await sink.write(bytes);
      }
      await zip.finish();
      const bytes = sink.bytes();
      await readsOrRefuses(() => readTorch(bytesSource(bytes, "some.file")), bytes.length);
    }),
    runs,
  );
});
