import fc from "fast-check";

const MILLION = 1e6;

type Damage = (bytes: Uint8Array) => Uint8Array;

/** A third of the places are near the start, where headers are; the others anywhere. */
const place = fc.oneof(
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 80 }).map((at) => (length: number) => Math.min(at, length)) },
  {
    weight: 2,
    arbitrary: fc.nat(MILLION).map((millionths) => (length: number) => ((millionths * length) / MILLION) | 0),
  },
);
const some = fc.integer({ min: 1, max: 40 });
const telling = fc.constantFrom(0, 1, 0x7f, 0x80, 0xd8, 0xd9, 0xda, 0xff);

const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 20, arbitrary: fc.tuple(place, fc.oneof(telling, fc.nat(255))).map(([at, value]) => setByte(at, value)) },
  { weight: 1, arbitrary: place.map((at) => (bytes: Uint8Array) => bytes.slice(0, at(bytes.length))) },
  {
    weight: 2,
    arbitrary: fc.tuple(place, some).map(([at, count]) => splice((length) => [at(length), at(length) + count])),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 20 }))
      .map(([at, added]) => splice((length) => [at(length), at(length)], added)),
  },
  { weight: 1, arbitrary: fc.tuple(place, place, some).map(([from, to, count]) => repeat(from, to, count)) },
);

function setByte(at: (length: number) => number, value: number): Damage {
  return (bytes) => {
    const out = Uint8Array.from(bytes);
    out[at(out.length)] = value;
    return out;
  };
}

function splice(range: (length: number) => [number, number], added: Uint8Array = new Uint8Array()): Damage {
  return (bytes) => {
    const [start, end] = range(bytes.length);
    return Uint8Array.from([...bytes.subarray(0, start), ...added, ...bytes.subarray(end)]);
  };
}

/** A part of the file again, elsewhere. */
function repeat(from: (length: number) => number, to: (length: number) => number, count: number): Damage {
  return (bytes) => {
    const part = bytes.subarray(from(bytes.length), from(bytes.length) + count * 8);
    return splice((length) => [to(length), to(length)], part)(bytes);
  };
}

/**
 * Sound files with one to four places changed, cut, removed, added or repeated. Without fast-check's bias, which would
 * damage the first byte nearly every time.
 */
export function damaged(files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const changes = fc.array(damage, { minLength: 1, maxLength: 4 });
  return fc
    .noBias(fc.tuple(fc.constantFrom(...files), changes))
    .map(([file, list]) => list.reduce((bytes, change) => change(bytes), file));
}
