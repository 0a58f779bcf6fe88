import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileFormatError } from "../../../core/errors.ts";
import { bytesSource } from "../byteSource.ts";
import { openWeights } from "../openWeights.ts";
import { writeSparseTorch } from "./sparse.fixture.ts";
import { readTorch } from "./torchFile.ts";
import { archive, memorySink, pickle } from "./torch.fixture.ts";
import { ZipWriter } from "./writeZip.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "infimm-torch-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function refused(bytes: Uint8Array, message: RegExp): Promise<void> {
  const opened = readTorch(bytesSource(bytes, "some.bin"));
  await expect(opened).rejects.toThrow(message);
  await expect(opened).rejects.toThrow(FileFormatError);
  await expect(opened).rejects.toThrow("some.bin");
}

const ONE = { name: "w", dtype: "f32" as const, shape: [2, 3] };
const DATA = new Uint8Array(24).fill(1);
const good = () => archive(pickle([ONE]), { "0": DATA });

describe("a hostile archive", () => {
  it("is made by tests that begin with a good one", async () => {
    const file = await readTorch(bytesSource(await good(), "some.bin"));
    expect([...(await file.read("w")).data].length).toBe(6);
  });

  it("with a storage shorter than declared, or none", async () => {
    await refused(
      await archive(pickle([ONE]), { "0": DATA.slice(4) }),
      /"w": its storage claims 6 elements.*has 20 bytes/,
    );
    await refused(await archive(pickle([ONE]), {}), /"w": its storage, data\/0, is not in the archive/);
  });

  it("with a compressed entry: a small file must not become a large one", async () => {
    const bytes = await archive(pickle([ONE]), { "0": deflateRawSync(new Uint8Array(1 << 20)) });
    for (let at = 0; at + 46 < bytes.length; at++) {
      const isRecord = bytes[at] === 0x50 && bytes[at + 1] === 0x4b && bytes[at + 2] === 1 && bytes[at + 3] === 2;
      if (isRecord) bytes[at + 10] = 8; // the compression method in the directory: deflate
    }
    await refused(bytes, /is compressed/);
  });

  it("with entries over each other, twice, or beyond the end", async () => {
    const records = async (change: (view: DataView, at: number, n: number) => void): Promise<Uint8Array> => {
      const bytes = await good();
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      for (let at = 0, n = 0; at + 46 < bytes.length; at++)
        if (view.getUint32(at, true) === 0x02014b50) change(view, at, n++);
      return bytes;
    };
    await refused(await records((view, at) => view.setUint32(at + 42, 0, true)), /overlaps/);
    const enlarge = (which: number) =>
      records((view, at, n) => {
        for (const field of n === which ? [20, 24] : []) view.setUint32(at + field, 1 << 30, true);
      });
    await refused(await enlarge(0), /"archive\/data\.pkl" overlaps "archive\/data\/0"/);
    await refused(await enlarge(1), /"archive\/data\/0" reaches beyond the end/);
    const twice = memorySink();
    const zip = new ZipWriter(twice);
    for (let i = 0; i < 2; i++) await zip.add("archive/data.pkl", pickle([]));
    await zip.finish();
    await refused(twice.bytes(), /stands twice/);
  });

  it("cut short, empty, not a zip, or of another kind of zip", async () => {
    const bytes = await good();
    await refused(bytes.slice(0, bytes.length / 2), /cannot be read as a zip archive.*download/);
    await refused(new Uint8Array(0), /does not begin like a zip archive/);
    await refused(new TextEncoder().encode("version https://git-lfs.github.com/spec/v1"), /does not begin like a zip/);
    const other = memorySink();
    const zip = new ZipWriter(other);
    await zip.add("hello.txt", DATA);
    await zip.finish();
    await refused(other.bytes(), /not of torch\.save: 0 data\.pkl/);
  });

  it("in another byte order", async () => {
    const sink = memorySink();
    const zip = new ZipWriter(sink);
    await zip.add("archive/data.pkl", pickle([]));
    await zip.add("archive/byteorder", new TextEncoder().encode("big"));
    await zip.finish();
    await refused(sink.bytes(), /its byte order is "big"/);
  });
});

describe("a hostile pickle", () => {
  const raw = (...parts: (string | number[])[]): Uint8Array =>
    Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part, "latin1")] : part)));
  const MARK = "(";
  const PROTO = [0x80, 2];

  it.each<[string, Uint8Array, RegExp]>([
    ["that names a function to run", raw(PROTO, "cos\nsystem\n", MARK, "X\x04\0\0\0echotR."), /names "os\.system"/],
    ["that hides a name", raw([0x80, 4], "X\x02\0\0\0osX\x06\0\0\0system", [0x93], "."), /names "os\.system"/],
    ["with a name of a prototype", raw(PROTO, "cconstructor\nconstructor\n."), /names "constructor\.constructor"/],
    ["that builds objects", raw(PROTO, "ccollections\nOrderedDict\n)", [0x81], "."), /opcode 0x81/],
    ["with an endless global", raw(PROTO, "c", new Array(5000).fill(97), "\nx\n."), /5000 characters long/],
    ["that never ends its marks", raw(PROTO, new Array(5000).fill(0x28)), /nested more than 1000 deep/],
    ["of endless opcodes", raw(PROTO, new Array(500_001).fill(0x4e)), /more than 500000 opcodes/],
    ["whose text is longer than itself", raw(PROTO, "X\xff\xff\xff\x7fabc"), /Unexpected end of file/],
    ["with a huge number", raw(PROTO, [0x8a, 8], "\xff\xff\xff\xff\xff\xff\xff\x7f."), /found a number/],
    ["that calls a number", raw(PROTO, "K\x01)R."), /refused/],
    ["that ends in the middle", raw(PROTO, "}"), /refused/],
    ["that closes what is not open", raw(PROTO, "t."), /refused|expected a state dict/],
    ["of nothing", raw(PROTO, "N."), /found a None/],
    ["of a number for a name", raw(PROTO, "}."), /a dictionary without tensors/],
  ])("%s", async (_, bytes, message) => refused(await archive(bytes, { "0": DATA }), message));

  describe("that is a memo bomb, 2^60 leaves in a kilobyte,", () => {
    const doubling = Array.from({ length: 60 }, (_, i) => [
      ...[0x5d, 0x71, i + 1, 0x28], // ] q i+1 (: a new list, remembered
      ...(i ? [0x68, i, 0x68, i] : [0x4e, 0x4e]), // h i h i: twice the one before
      0x65, // e
    ]).flat();
    const last = [0x68, 60];

    it("and nothing else", async () => refused(await archive(raw(PROTO, doubling, "."), {}), /found a list/));

    it("as the key of a dictionary, or a tensor's name", async () => {
      await refused(await archive(raw(PROTO, doubling, "}", last, "Ns."), {}), /without tensors \(keys: a list\)/);
      const named = Buffer.from(pickle([ONE]))
        .toString("latin1")
        .slice(PROTO.length)
        .replace("X\x01\0\0\0w", "h\x3c");
      await refused(
        await archive(raw(PROTO, doubling, named), { "0": DATA }),
        /a tensor's name is a list, which is no/,
      );
    });

    it("as the name of a global, or as a storage", async () => {
      await refused(await archive(raw([0x80, 4], doubling, last, [0x93], "."), {}), /a global by what is no text/);
      await refused(await archive(raw(PROTO, doubling, "Q."), {}), /a persistent id that is no storage/);
    });

    it("as a key of the storages in a file of before PyTorch 1.6", async () => {
      const magic = raw(PROTO, [0x8a, 10], "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.");
      const file = raw([...magic], PROTO, "M\xe9\x03.", PROTO, "}.", PROTO, "}.", PROTO, doubling, ".");
      await refused(file, /lists the storage a list, which no tensor has/);
      await refused(raw([...magic], PROTO, doubling, "."), /refused|version/);
    });
  });

  it("with a state that would set the length of a list", async () => {
    const state = raw("}X\x06\0\0\0lengthJ\xff\xff\xff\x7fs");
    const bytes = raw(PROTO, "ccollections\nOrderedDict\n]", [...state], "bR.");
    await refused(await archive(bytes, {}), /without tensors|refused/); // as if BUILD were not there: the call has no arguments
  });

  it("with views that reach out of their storage, or grow in memory", async () => {
    const viewOf = (shape: number[], stride: number[], offset = 0) =>
      archive(pickle([ONE], { shape, stride, offset }), { "0": DATA });
    await refused(await viewOf([2, 3], [3, 1], 1), /"w": \[2, 3\].*reaches beyond the 6 elements/);
    await refused(await viewOf([2, 3], [4, 1]), /reaches beyond/);
    await refused(await viewOf([2 ** 40], [2 ** 40]), /reaches beyond/);
    await refused(await viewOf([2 ** 40], [0]), /expanded from 6 stored/);
    const empty = await readTorch(bytesSource(await viewOf([2 ** 40, 0], [1, 1]), "some.bin"));
    expect((await empty.read("w")).data.length).toBe(0);
  });

  it("with an offset below 0, which is a large one without its sign", async () => {
    const data = pickle([ONE], { shape: [2], stride: [1], offset: 2 ** 40 });
    const long = Buffer.from(data).indexOf(Buffer.from([0x8a, 6]));
    data[long + 7] = 0xff;
    await refused(
      await archive(data, { "0": DATA }),
      /whose offset, shape or strides are not whole numbers, 0 or more/,
    );
  });

  it("too large to be one", async () => {
    const bytes = await archive(new Uint8Array(65 * 2 ** 20), {});
    await refused(bytes, /its pickle has 68157440 bytes/);
  });
});

it("reads tensors beyond 4 GiB, from a file with holes", async () => {
  const path = join(folder, "sparse.bin");
  const ending = new Uint8Array(Float32Array.of(1.5, -2).buffer);
  const tensors = [
    { name: "first", dtype: "f32" as const, shape: [1 << 15, 1 << 15], ending }, // 4 GiB
    { name: "last", dtype: "f32" as const, shape: [4], ending },
  ];
  const size = await writeSparseTorch(path, tensors);
  expect(size).toBeGreaterThan(2 ** 32);
  expect((await stat(path)).blocks * 512).toBeLessThan(2 ** 20);
  const file = await openWeights(path);
  expect(file.tensors.get("first")!.shape).toEqual([1 << 15, 1 << 15]);
  expect([...(await file.read("last")).data]).toEqual([0, 0, 1.5, -2]);
  await file.close();
});
