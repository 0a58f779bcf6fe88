import { isNode } from "../../../files/isNode.ts";

/** A decoder that Emscripten made. `decode` answers null for damaged files, or throws. */
export interface Codec {
  HEAP8: Int8Array;
  decode(bytes: Uint8Array, ...options: boolean[]): Decoded | null;
}

export interface Decoded {
  width: number;
  height: number;
  /** RGBA */
  data: Uint8ClampedArray<ArrayBuffer>;
}

/** What starts it. (The types that come with the @jsquash packages say that `done` is given a module.) */
export type CreateCodec = (options: {
  instantiateWasm?: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) => object;
  print: () => void;
  printErr: () => void;
}) => Promise<Codec>;

/** A decoder whose memory has grown beyond this is started anew for the next picture. */
const MOST_MEMORY_KEPT = 64 * 2 ** 20;

/**
 * A decoder in WebAssembly, started when it is first used. `load` imports its JavaScript half, or answers undefined if
 * that is not installed; `wasmPath` is the other half, which Node must be told about (browsers fetch it themselves).
 *
 * What comes back runs `use` with the decoder, or answers undefined. After a failure, which may leave a decoder in
 * disorder, and after a big picture, whose memory it would keep for ever, it is started anew.
 */
export function wasmCodec(
  wasmPath: string,
  load: () => Promise<CreateCodec | undefined>,
): <Result>(use: (codec: Codec) => Result) => Promise<Result | undefined> {
  let started: Promise<Codec> | undefined;
  let compiled: Promise<WebAssembly.Module> | undefined; // once, however often it is started
  const start = async (create: CreateCodec): Promise<Codec> => {
    if (!isNode) return create(quiet);
    const module = await (compiled ??= import("./compileInNode.ts").then((node) => node.compileInNode(wasmPath)));
    return create({
      ...quiet,
      instantiateWasm: (imports, done) => {
        const instance = new WebAssembly.Instance(module, imports);
        done(instance);
        return instance.exports;
      },
    });
  };
  return async (use) => {
    const create = await load();
    if (!create) return undefined;
    started ??= start(create);
    const current = started;
    let isFit = false;
    try {
      const codec = await current;
      const result = use(codec);
      isFit = codec.HEAP8.length <= MOST_MEMORY_KEPT;
      return result;
    } finally {
      if (!isFit && started === current) started = undefined;
    }
  };
}

const quiet = { print: () => {}, printErr: () => {} };
