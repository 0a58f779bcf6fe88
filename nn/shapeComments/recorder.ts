import { ShapeError, showShape } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { matchShape, type Names } from "./match.ts";
import type { Size, WrittenShape } from "./parse.ts";

/** A shape comment in a source file. transform.ts writes these into the instrumented code. */
export interface CommentedLine {
  readonly file: string;
  readonly line: number;
  /** The source text of the value, on as many lines as it has. */
  readonly code: string;
  readonly comment: string;
  readonly written: WrittenShape;
}

/** What a commented line had when it ran. */
export interface ShapeLine extends Omit<CommentedLine, "written"> {
  /** Counts the calls of functions, so that the lines of one call can be told from those of the next. */
  readonly call: number;
  /** One for each tensor: `const [k, v] = …` has two. */
  readonly shapes: readonly Shape[];
  /** The sizes of the names known by then. */
  readonly names: Readonly<Record<string, number>>;
}

/** Looks at a line as it runs. `value` is what the line made; its tensors are freed when their scope ends. */
export type LineVisitor = (line: ShapeLine, value: unknown) => void;

let visitor: LineVisitor | undefined;
let calls = 0;

/** Run `fn`, and show each commented line of instrumented code to `visit` when it has run. */
export function visitLines<T>(visit: LineVisitor, fn: () => T): T {
  const before = visitor;
  visitor = visit;
  try {
    return fn();
  } finally {
    visitor = before;
  }
}

/** Run `fn`, and return what each commented line of instrumented code had, in the order of running. */
export function collect(fn: () => unknown): ShapeLine[] {
  const lines: ShapeLine[] = [];
  visitLines((line) => lines.push(line), fn);
  return lines;
}

/** What instrumented functions call when they begin: a checker of their lines, with names of its own. */
export function beginShapes(): <T>(value: T, line: CommentedLine) => T {
  const names: Names = new Map();
  const open: [Size, number][] = [];
  const call = calls++;
  return (value, commented) => {
    const { written, ...line } = commented;
    const shapes = shapesOf(value, line);
    for (const shape of shapes) {
      const known = new Map(names);
      const misfit = matchShape(written, shape, names, open);
      if (misfit !== undefined) throw new ShapeError(complaint(line, shape, misfit, known));
    }
    visitor?.({ ...line, call, shapes, names: Object.fromEntries(names) }, value);
    return value;
  };
}

/** The shapes that a comment speaks of: of a tensor, or of each in an array. Nothing has none: `x ? tensor : null`. */
function shapesOf(value: unknown, line: Omit<CommentedLine, "written">): Shape[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((item) => shapesOf(item, line));
  if (typeof value === "object" && "shape" in value && Array.isArray(value.shape)) return [value.shape];
  throw new ShapeError(
    `${line.file}:${line.line}: the comment ${line.comment} stands behind something without a shape: ${line.code}`,
  );
}

function complaint(line: Omit<CommentedLine, "written">, shape: Shape, misfit: string, names: Names): string {
  const known = [...names].map(([name, size]) => `${name}=${size}`).join(", ");
  return (
    `${line.file}:${line.line}: the comment says ${line.comment}, but the shape is ${showShape(shape)}: ${misfit}` +
    `${known === "" ? "" : `, with ${known} from the lines before`}\n  ${line.code}`
  );
}
