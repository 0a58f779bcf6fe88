import { Tensor } from "../tensor/index.ts";
import type { Module } from "./module.ts";

const explained = new WeakSet<Error>();

/**
 * Say in an error's message where in the model it happened: path, class and arguments of the innermost module.
 * The error stays the object it is, with its class, stack and fields. Only the first call for an error has an effect,
 * so that the modules around the innermost one add nothing.
 *
 * @param running the modules whose forward was running, the outermost first
 */
export function explainError(error: unknown, running: readonly Module[], args: readonly unknown[]): void {
  if (!(error instanceof Error) || explained.has(error)) return;
  explained.add(error);
  const module = running[running.length - 1];
  const given = args.map(showArgument).join(", ");
  appendToMessage(error, `in ${nameOf(module, running[0])}, called with (${given})`);
}

/** Add a line to an error's message, also where the message is read-only or already part of the stack's text. */
export function appendToMessage(error: Error, line: string): void {
  const before = error.message;
  const message = `${before}\n  ${line}`;
  const stack = error.stack?.replace(before, () => message);
  Object.defineProperty(error, "message", { value: message, configurable: true, writable: true });
  Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true });
}

/** `model.perceiver.norm (LayerNorm)`, or only the class for the model itself. */
export function nameOf(module: Module, root: Module): string {
  const type = module.constructor.name;
  for (const [path, found] of root.modules()) if (found === module && path !== "") return `${path} (${type})`;
  return type;
}

function showArgument(value: unknown): string {
  if (value instanceof Tensor) return String(value);
  if (Array.isArray(value))
    return `[${value.length > 4 ? `${value.length} elements` : value.map(showArgument).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const tensors = Object.entries(value).filter(([, field]) => field instanceof Tensor);
  return `{ ${[...tensors.map(([name, field]) => `${name}: ${field}`), "…"].join(", ")} }`;
}
