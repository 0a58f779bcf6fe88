import { FileFormatError } from "../../../core/errors.ts";
import { quote } from "../weightFile.ts";
import { Named, OddTensor, show, TorchTensor } from "./torchObjects.ts";

/** Where trainers put the weights in a checkpoint that holds more. */
const NESTED = ["state_dict", "model_state_dict", "model", "module"];
const MAX_NESTING = 4;

type Weight = TorchTensor | OddTensor;
const isWeight = (value: unknown): value is Weight => value instanceof TorchTensor || value instanceof OddTensor;

/**
 * Name -> tensor, of the state dict in what torch.save saved: what a trainer keeps under its usual key, or else the
 * object itself. What stands beside the tensors is passed over.
 */
export function findStateDict(saved: unknown, file: string): Map<string, Weight> {
  const found = stateDictIn(saved, file, MAX_NESTING);
  if (found) return found;
  throw new FileFormatError(
    `${file}: expected a state dict, or one under ${NESTED.map(quote).join(", ")}, and found ${describe(saved)}`,
  );
}

function stateDictIn(dict: unknown, file: string, depth: number): Map<string, Weight> | undefined {
  if (!(dict instanceof Map)) return undefined;
  for (const key of depth > 0 ? NESTED : []) {
    const inner = stateDictIn(dict.get(key), file, depth - 1);
    if (inner) return inner;
  }
  const tensors = [...dict].filter((entry): entry is [string, Weight] => isWeight(entry[1]));
  const unnamed = tensors.find(([name]) => typeof name !== "string");
  if (unnamed) throw new FileFormatError(`${file}: a tensor's name is ${show(unnamed[0])}, which is no string`);
  return tensors.length > 0 ? new Map(tensors) : undefined;
}

function describe(saved: unknown): string {
  if (saved instanceof Map) {
    const keys = [...saved.keys()].slice(0, 8).map(show);
    return `a dictionary without tensors (keys: ${keys.join(", ")})`;
  }
  if (isWeight(saved)) return "one tensor without a name";
  if (Array.isArray(saved)) return "a list";
  if (saved instanceof Named) return saved.name;
  return `a ${saved === null ? "None" : typeof saved}`;
}
