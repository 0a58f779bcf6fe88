import fc from "fast-check";

/** Numbers at which programs break: ends of ranges, signs, powers of two. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

type Edit =
  | { kind: "byte" | "cut" | "remove" | "repeat"; at: number; value: number; length: number }
  | { kind: "word"; at: number; value: number; length: number };

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom("byte", "byte", "byte", "word", "word", "cut", "remove", "repeat"),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  value: fc.oneof(fc.nat(255), fc.constantFrom(...EDGES)),
  length: fc.oneof({ weight: 5, arbitrary: fc.nat(8) }, fc.nat(500)),
}) as fc.Arbitrary<Edit>;

/** One of `corpus` with a few of its bytes changed, removed or repeated, or its end missing. */
export function mutated(corpus: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.constantFrom(...corpus), fc.array(edit, { minLength: 1, maxLength: 5 }))
    .map(([bytes, edits]) => edits.reduce(apply, bytes.slice()));
}

function apply(bytes: Uint8Array, { kind, at: share, value, length }: Edit): Uint8Array {
  const at = Math.floor(share * bytes.length);
  const end = Math.min(bytes.length, at + length);
  const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
  switch (kind) {
    case "byte":
      if (at < bytes.length) bytes[at] = value;
      return bytes;
    case "word":
      if (at + 4 <= bytes.length) new DataView(bytes.buffer).setUint32(at, value, true);
      return bytes;
    case "cut":
      return bytes.slice(0, at);
    case "remove":
      return join(bytes.subarray(0, at), bytes.subarray(end));
    case "repeat":
      return join(bytes.subarray(0, end), bytes.subarray(at));
  }
}

const strange = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<unknown>(...EDGES, -1, 1.5, 1e300, 2 ** 53, null, true, "", "x", [], {}) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);

/** A JSON value with a few of its parts replaced, removed, or put somewhere else. */
export function mutatedJson<T>(corpus: readonly T[]): fc.Arbitrary<unknown> {
  const edits = fc.array(fc.record({ pick: fc.nat(), value: strange, remove: fc.boolean(), move: fc.nat(20) }), {
    minLength: 1,
    maxLength: 4,
  });
  return fc.tuple(fc.constantFrom(...corpus), edits).map(([json, list]) => {
    let root: unknown = structuredClone(json);
    for (const { pick, value, remove, move } of list) {
      const places = placesIn(root);
      if (places.length === 0) return value;
      const [holder, key] = places[pick % places.length];
      const [otherHolder, otherKey] = places[(pick * 31 + move) % places.length];
      if (remove && Array.isArray(holder)) holder.splice(Number(key), 1);
      else if (remove) delete holder[key];
      else holder[key] = move === 0 ? structuredClone(otherHolder[otherKey]) : value;
    }
    if (list[0].pick % 50 === 0) root = list[0].value;
    return root;
  });
}

type Holder = Record<string, unknown>;

/** Where values stand in a JSON value: in which object or list, under which key. Of long lists, some. */
function placesIn(value: unknown, found: [Holder, string][] = []): [Holder, string][] {
  if (typeof value !== "object" || value === null) return found;
  const keys = Object.keys(value);
  const step = Math.ceil(keys.length / 40);
  for (let i = 0; i < keys.length; i += step) {
    found.push([value as Holder, keys[i]]);
    placesIn((value as Holder)[keys[i]], found);
  }
  return found;
}
