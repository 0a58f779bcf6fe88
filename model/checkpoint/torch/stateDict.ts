import { FileFormatError } from "../../../core/errors.ts";
import { quote } from "../weightFile.ts";
import { TorchTensor } from "./torchObjects.ts";

/** Where trainers put the weights in a checkpoint that holds more. */
const NESTED = ["state_dict", "model_state_dict", "model", "module"];
const MAX_NESTING = 4;

/** Name -> tensor, of the state dict in what torch.save saved: the object itself, or under a trainer's usual key. */
export function findStateDict(saved: unknown, file: string): Map<string, TorchTensor> {
  let dict = saved;
  for (let depth = 0; depth <= MAX_NESTING && dict instanceof Map; depth++) {
    const tensors = [...dict].filter((entry): entry is [string, TorchTensor] => entry[1] instanceof TorchTensor);
    const unnamed = tensors.find(([name]) => typeof name !== "string");
    if (unnamed) throw new FileFormatError(`${file}: a tensor's name is ${String(unnamed[0])}, which is no string`);
    if (tensors.length > 0) return new Map(tensors);
    const inner: string | undefined = NESTED.find((key) => (dict as Map<unknown, unknown>).get(key) instanceof Map);
    if (inner === undefined) break;
    dict = dict.get(inner);
  }
  const what =
    dict instanceof Map
      ? `a dictionary without tensors (keys: ${[...dict.keys()]
          .slice(0, 8)
          .map((key) => quote(String(key)))
          .join(", ")})`
      : dict instanceof TorchTensor
        ? "one tensor without a name"
        : Array.isArray(dict)
          ? "a list"
          : `a ${dict === null ? "None" : typeof dict}`;
  throw new FileFormatError(
    `${file}: expected a state dict, or one under ${NESTED.map(quote).join(", ")}, and found ${what}`,
  );
}
