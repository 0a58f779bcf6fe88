import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TypedArray } from "../../../core/dtype.ts";
import { FileFormatError } from "../../../core/errors.ts";
import { parseSafetensors } from "./parseSafetensors.ts";

/** A file with this header text and data. */
function fileOf(header: string, data: Uint8Array = new Uint8Array(0)): ArrayBuffer {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes.buffer;
}

const asBytes = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** The tensor "x" of a file that holds nothing else. */
function readOne(dtype: string, data: ArrayBufferView, shape = [data.byteLength]): TypedArray {
  const header = { x: { dtype, shape, data_offsets: [0, data.byteLength] } };
  return parseSafetensors(fileOf(JSON.stringify(header), asBytes(data)), "f").readSync!("x").data;
}

describe("parseSafetensors", () => {
  it("converts dtypes that we do not hold", () => {
    expect([...readOne("F64", new Float64Array([1.1, -1e300]), [2])]).toEqual([Math.fround(1.1), -Infinity]);
    const longs = [0n, -100n, 2147483647n, -2147483648n];
    expect([...readOne("I64", new BigInt64Array(longs), [4])]).toEqual(longs.map(Number));
    expect([...readOne("I16", new Int16Array([-2, 300]), [2])]).toEqual([-2, 300]);
    expect([...readOne("U16", new Uint16Array([2, 65535]), [2])]).toEqual([2, 65535]);
    expect([...readOne("U32", new Uint32Array([2, 2 ** 31 - 1]), [2])]).toEqual([2, 2 ** 31 - 1]);
    expect([...readOne("U64", new BigUint64Array([0n, 2147483647n]), [2])]).toEqual([0, 2147483647]);
    expect(() => readOne("U32", new Uint32Array([0, 2 ** 31]), [2])).toThrow("element 1 is 2147483648, which does not");
    for (const tooBig of [1n << 31n, (1n << 64n) - 1n])
      expect(() => readOne("U64", new BigUint64Array([tooBig]), [1])).toThrow(`element 0 is ${tooBig}`);
    expect([...readOne("I8", new Int8Array([-2, 3]))]).toEqual([-2, 3]);
    expect([...readOne("U8", new Uint8Array([0, 255]))]).toEqual([0, 255]);
    for (const tooBig of [2147483648n, -2147483649n, 1n << 62n]) {
      expect(() => readOne("I64", new BigInt64Array([0n, tooBig]), [2])).toThrow(`element 1 is ${tooBig}`);
    }
    expect(() => readOne("BOOL", new Uint8Array([0, 1, 2]))).toThrow("element 2 is 2");
  });

  const two = (a: object, b: object): string => JSON.stringify({ a, b });
  const u8 = (begin: number, end: number): object => ({
    dtype: "U8",
    shape: [end - begin],
    data_offsets: [begin, end],
  });
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  it.each([
    ["an empty header", "", 0, /header is not valid/],
    ["no object", "[]", 0, /expected a JSON object/],
    ["a hole", two(u8(0, 2), u8(3, 4)), 4, /"b".*hole/],
    ["an overlap", two(u8(0, 2), u8(1, 4)), 4, /"b".*overlaps/],
    ["bytes of no tensor", two(u8(0, 2), u8(2, 4)), 5, /1 bytes after the last tensor/],
    ["data beyond the file", two(u8(0, 2), u8(2, 4)), 3, /"b".*ends at byte 4.*has 3/],
    ["begin after end", `{"a":{"dtype":"U8","shape":[0],"data_offsets":[2,1]}}`, 2, /end before they begin/],
    ["a wrong byte length", `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4, /needs 8 bytes.*give it 4/],
    ["a shape that overflows", `{"a":{"dtype":"U8","shape":[9e15,9e15],"data_offsets":[0,4]}}`, 4, /needs 8\.1e\+31/],
    ["a negative size", `{"a":{"dtype":"U8","shape":[-1,-4],"data_offsets":[0,4]}}`, 4, /shape must be/],
    ["half a size", `{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,4]}}`, 4, /shape must be/],
    ["no offsets", `{"a":{"dtype":"U8","shape":[1]}}`, 4, /data_offsets must be/],
    ["an unknown dtype", `{"a":{"dtype":"F9","shape":[4],"data_offsets":[0,4]}}`, 4, /"F9" is not supported/],
    [
      "floats of 4 bits",
      `{"a":{"dtype":"F4","shape":[8],"data_offsets":[0,4]}}`,
      4,
      /"F4" \(floats of 4 bits.*supported/,
    ],
    ["complex numbers", `{"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}`, 8, /"C64" \(complex.*view_as_real/],
    ["an inherited dtype", `{"a":{"dtype":"toString","shape":[4],"data_offsets":[0,4]}}`, 4, /not supported/],
    ["fields by prototype", `{"a":{"__proto__":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}}`, 4, /dtype must be/],
    ["a tensor twice", `{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{}}`, 0, /"a\\" stands twice/],
    ["metadata of numbers", `{"__metadata__":{"n":1}}`, 0, /__metadata__/],
    ["a deep dtype", `{"a":{"dtype":${deep},"shape":[],"data_offsets":[0,0]}}`, 0, /dtype must be/],
  ])("refuses %s", (_, header, dataBytes, message) => {
    const open = (): unknown => parseSafetensors(fileOf(header, new Uint8Array(dataBytes)), "some/file");
    expect(open).toThrow(FileFormatError);
    expect(open).toThrow(message);
    expect(open).toThrow("some/file");
  });

  it("refuses header lengths that lie, before taking memory for them", () => {
    for (const length of [3n, 99_999_999n, 100_000_001n, 1n << 63n]) {
      const bytes = new Uint8Array(10);
      new DataView(bytes.buffer).setBigUint64(0, length, true);
      expect(() => parseSafetensors(bytes.buffer, "f")).toThrow(/f: claims a header/);
    }
    expect(() => parseSafetensors(new ArrayBuffer(7), "f")).toThrow("7 bytes is too short");
  });

  it("opens or refuses any mutated file, and reads or refuses each tensor", () => {
    const header = JSON.stringify({
      __metadata__: { format: "pt" },
      "a.weight": { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] },
      "a.bias": { dtype: "BOOL", shape: [2], data_offsets: [16, 18] },
      ids: { dtype: "I64", shape: [1], data_offsets: [18, 26] },
    });
    const good = new Uint8Array(fileOf(header, new Uint8Array(26)));
    const edits = fc.array(fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255) }), { maxLength: 4 });
    fc.assert(
      fc.property(edits, fc.nat(good.length), (changes, cut) => {
        const bytes = good.slice(0, changes.length === 4 ? cut : good.length);
        for (const { at, byte } of changes) if (at < bytes.length) bytes[at] = byte;
        try {
          const file = parseSafetensors(bytes.buffer, "f");
          for (const name of file.tensors.keys()) file.readSync!(name);
        } catch (error) {
          expect(error).toBeInstanceOf(FileFormatError);
          expect((error as Error).message).toMatch(/^f: /);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
