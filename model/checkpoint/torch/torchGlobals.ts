import { quote } from "../weightFile.ts";
import { rebuildFromType, REBUILDERS } from "./rebuild.ts";
import { DTYPES, STORAGE_CLASSES } from "./torchDtypes.ts";
import { isList, Named, StorageType } from "./torchObjects.ts";

/** Keys and values come after it, as items; of an argument, only pairs are taken. */
function orderedDict(...args: unknown[]): Map<unknown, unknown> {
  const [pairs] = args;
  if (args.length === 0) return new Map();
  if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2))
    throw new Error("an OrderedDict of what are no pairs");
  return new Map(pairs as [unknown, unknown][]);
}

function counter(counts: unknown = new Map()): Map<unknown, unknown> {
  if (!(counts instanceof Map)) throw new Error("a Counter of what is no dictionary");
  return new Map(counts);
}

function size(items: unknown): number[] {
  if (!isList(items)) throw new Error("a torch.Size that is no list of whole numbers");
  return [...items];
}

/**
 * All that a pickle may name, which is what `torch.load(weights_only=True)` admits
 * (torch/_weights_only_unpickler.py, _get_allowed_globals). REDUCE calls functions without `new`.
 */
const GLOBALS = new Map<string, unknown>([
  ["collections.OrderedDict", orderedDict],
  ["collections.Counter", counter],
  ["torch.Size", size],
  ["torch.device", () => new Named("a device")],
  ["torch.serialization._get_layout", () => new Named("a layout")],
  ["torch._tensor._rebuild_from_type_v2", rebuildFromType],
  ["torch.storage.UntypedStorage", new StorageType(DTYPES.uint8)],
  ["torch.nn.parameter.Parameter", new Named("torch.nn.parameter.Parameter")],
  ["torch.Tensor", new Named("torch.Tensor")],
  ["torch.storage.TypedStorage", new Named("torch.storage.TypedStorage")],
]);

// Python 2's names of what is built in, which pickles of protocol 2 keep
for (const builtins of ["builtins", "__builtin__"]) {
  GLOBALS.set(`${builtins}.set`, (items: unknown) => new Set(Array.isArray(items) ? items : []));
  GLOBALS.set(`${builtins}.complex`, () => new Named("a complex number"));
  GLOBALS.set(`${builtins}.bytearray`, () => new Named("a bytearray"));
}
GLOBALS.set("_codecs.encode", () => new Named("bytes"));

for (const [name, rebuild] of Object.entries(REBUILDERS)) GLOBALS.set(`torch._utils.${name}`, rebuild);
for (const dtype of Object.values(DTYPES)) GLOBALS.set(`torch.${dtype.name}`, dtype);
for (const [name, dtype] of Object.entries(STORAGE_CLASSES))
  for (const place of ["torch", "torch.cuda"]) GLOBALS.set(`${place}.${name}`, new StorageType(dtype));
for (const place of ["torch", "torch.cuda", "torch.sparse", "torch.cuda.sparse"])
  for (const kind of ["Float", "Double", "Half", "BFloat16", "Byte", "Char", "Short", "Int", "Long", "Bool"])
    GLOBALS.set(`${place}.${kind}Tensor`, new Named(`${place}.${kind}Tensor`));
for (const scheme of ["per_tensor_affine", "per_tensor_symmetric", "per_channel_affine", "per_channel_symmetric"])
  GLOBALS.set(`torch.${scheme}`, new Named(`torch.${scheme}`));
GLOBALS.set("torch.per_channel_affine_float_qparams", new Named("torch.per_channel_affine_float_qparams"));
// functions too, so they stand above: esbuild's keepNames, which tsx uses, names each one where it is declared
for (const value of GLOBALS.values()) Object.freeze(value);

/** Names that honest files have, and what to do about each. */
const KNOWN: [RegExp, string][] = [
  [
    /^torch\.distributed\.|^torch\.distributed\._|DTensor|ShardedTensor/,
    "it is a part of a sharded checkpoint. Gather it first, in Python: torch.distributed.checkpoint.state_dict.get_model_state_dict " +
      "with full_state_dict=True",
  ],
  [/^torch\.nn\.modules\.|\.modeling_/, "it is a whole pickled module. Save model.state_dict() alone, in Python"],
  [
    /^numpy\./,
    "it has NumPy values beside its tensors, which torch.load(weights_only=True) refuses as well. If you trust the file, save " +
      "model.state_dict() alone, in Python",
  ],
];

export function resolveGlobal(module: unknown, name: unknown): () => unknown {
  if (typeof module !== "string" || typeof name !== "string")
    throw new Error("it names a global by what is no text, which a harmful file would do");
  const path = `${module}.${name}`;
  if (GLOBALS.has(path)) return GLOBALS.get(path) as () => unknown;
  const known = KNOWN.find(([pattern]) => pattern.test(path))?.[1];
  throw new Error(
    `it names ${quote(path)}, ${
      known ??
      "which a state dict does not need and a harmful file would use. If you trust the file, save model.state_dict() alone, in Python"
    }`,
  );
}
