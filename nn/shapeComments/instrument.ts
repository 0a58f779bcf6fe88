import ts from "typescript";
import { InfimmError } from "../../core/errors.ts";
import { parseShape } from "./parse.ts";
import type { CommentedLine } from "./recorder.ts";

/** A shape comment behind an expression: nothing but `;`, `,` or blanks stands between. */
const BEHIND = /^[;,]?[ \t]*\/\/[ \t]*(\[[^\]\n]*\])/;

/** An expression in a function with the shape comment behind it. */
export interface CommentedExpression {
  readonly node: ts.Expression;
  /** The function whose names the comment uses: the innermost. */
  readonly scope: ts.FunctionLikeDeclaration;
  readonly comment: string;
  /** Where the comment stands: position of what is behind the expression, line from 1. */
  readonly line: number;
}

/** The outermost expression in front of each shape comment inside functions. Those behind fields of classes do not count. */
export function findCommented(source: ts.SourceFile): CommentedExpression[] {
  const found: CommentedExpression[] = [];
  const used = new Set<number>();
  const visit = (node: ts.Node, scope: ts.FunctionLikeDeclaration | undefined): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return;
    const inside = isFunctionWithBody(node) ? node : scope;
    if (scope && ts.isExpression(node) && !isName(node) && !ts.isArrowFunction(node)) {
      const match = BEHIND.exec(source.text.slice(node.end, source.text.indexOf("\n", node.end) >>> 0));
      const line = source.getLineAndCharacterOfPosition(node.end).line + 1;
      if (match && !used.has(line)) {
        used.add(line);
        found.push({ node, scope, comment: match[1], line });
      }
    }
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  visit(source, undefined);
  return found;
}

/**
 * The source with each commented expression wrapped, on its own line, in a check of its shape (recorder.ts).
 * Null if there is nothing to check.
 * @param recorder what to import `beginShapes` from
 * @throws for a comment that is not a shape
 */
export function instrument(text: string, file: string, recorder: string): string | null {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const commented = findCommented(source);
  if (commented.length === 0) return null;
  const inserts: [at: number, text: string][] = [];
  const lines = commented.map(({ node, scope, comment, line }, i): CommentedLine => {
    const body = scope.body!;
    const begin = ts.isBlock(body) ? "__shapes" : "__beginShapes()";
    inserts.push([node.getStart(source), `${begin}((`], [node.end, `), __lines[${i}])`]);
    return { file, line, code: node.getText(source), comment, written: writtenShape(comment, file, line) };
  });
  for (const body of new Set(commented.map(({ scope }) => scope.body!))) {
    if (ts.isBlock(body)) inserts.push([body.getStart(source) + 1, " const __shapes = __beginShapes();"]);
  }
  const head = `import { beginShapes as __beginShapes } from ${JSON.stringify(recorder)}; const __lines = ${JSON.stringify(lines)}; `;
  let out = text;
  for (const [at, added] of inserts.sort(([a], [b]) => b - a)) out = out.slice(0, at) + added + out.slice(at);
  return head + out;
}

function writtenShape(comment: string, file: string, line: number): CommentedLine["written"] {
  try {
    return parseShape(comment);
  } catch (error) {
    throw new InfimmError(`${file}:${line}: ${(error as Error).message}`, { cause: error });
  }
}

function isFunctionWithBody(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionLike(node) && "body" in node && node.body !== undefined;
}

/** Names that are declared or name a property make nothing. */
function isName(node: ts.Expression): boolean {
  if (!ts.isIdentifier(node)) return false;
  const { parent } = node;
  const declares =
    (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent)) && parent.name === node;
  return (
    declares ||
    ts.isShorthandPropertyAssignment(parent) ||
    ((ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) && parent.name === node)
  );
}
