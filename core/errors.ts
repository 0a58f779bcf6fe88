/**
 * Errors for humans: what was expected, what came, where, and what to do.
 * Every error that this library throws on purpose is an `InfimmError`; anything else is a bug of ours.
 */
export class InfimmError extends Error {
  override name = "InfimmError";
}

/** Shapes that do not fit an op. The message starts with the op's name and shows every shape. */
export class ShapeError extends InfimmError {
  override name = "ShapeError";
}

/** A dtype that an op does not take. */
export class DTypeError extends InfimmError {
  override name = "DTypeError";
}

/** A file that is not what it claims to be, or cannot be read. The message names the file. */
export class FileFormatError extends InfimmError {
  override name = "FileFormatError";
}

/** `[2, 3]` as people write it. */
export function showShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
