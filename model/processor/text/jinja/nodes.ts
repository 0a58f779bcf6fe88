import type { Value } from "./values.ts";

/** What a call is given. */
export interface Arguments {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
  /** `*list` and `**dict`. */
  readonly spread?: Expression;
  readonly namedSpread?: Expression;
}

export type Expression = { readonly line: number } & (
  | { readonly kind: "constant"; readonly value: Value }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "list" | "tuple"; readonly items: readonly Expression[] }
  | { readonly kind: "dict"; readonly items: readonly (readonly [key: Expression, value: Expression])[] }
  | { readonly kind: "unary"; readonly operator: "not" | "-" | "+"; readonly operand: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "logical"; readonly operator: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "compare"; readonly first: Expression; readonly rest: readonly (readonly [string, Expression])[] }
  | { readonly kind: "concat"; readonly items: readonly Expression[] }
  | { readonly kind: "if"; readonly test: Expression; readonly then: Expression; readonly otherwise?: Expression }
  | { readonly kind: "attribute"; readonly object: Expression; readonly name: string }
  | { readonly kind: "item"; readonly object: Expression; readonly key: Expression }
  | { readonly kind: "slice"; readonly bounds: readonly (Expression | undefined)[] }
  | { readonly kind: "call"; readonly callee: Expression; readonly args: Arguments }
  | { readonly kind: "filter"; readonly operand: Expression; readonly name: string; readonly args: Arguments }
  | { readonly kind: "test"; readonly operand: Expression; readonly name: string; readonly args: Arguments }
);

/** What is set: a name, names of a tuple, or an attribute of a namespace. */
export type Target =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "tuple"; readonly items: readonly Target[] }
  | { readonly kind: "attribute"; readonly object: string; readonly name: string };

/** What a macro or a caller takes. */
export interface Signature {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly byDefault?: Expression }[];
  readonly body: readonly Statement[];
}

export type Statement = { readonly line: number } & (
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly value: Expression }
  | {
      readonly kind: "if";
      readonly branches: readonly (readonly [Expression, readonly Statement[]])[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly kind: "for";
      readonly target: Target;
      readonly list: Expression;
      readonly test?: Expression;
      readonly recursive: boolean;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | { readonly kind: "set"; readonly target: Target; readonly value: Expression }
  /** `filters` are applied to the text of the body, which stands as `FILTERED` in them. */
  | {
      readonly kind: "setBlock";
      readonly target: Target;
      readonly filters?: Expression;
      readonly body: readonly Statement[];
    }
  | { readonly kind: "filterBlock"; readonly filters: Expression; readonly body: readonly Statement[] }
  | {
      readonly kind: "with";
      readonly targets: readonly (readonly [Target, Expression])[];
      readonly body: readonly Statement[];
    }
  | { readonly kind: "macro"; readonly signature: Signature }
  | { readonly kind: "callBlock"; readonly call: Extract<Expression, { kind: "call" }>; readonly caller: Signature }
  | { readonly kind: "generation"; readonly body: readonly Statement[] }
  | { readonly kind: "break" | "continue" }
);

/** The name under which a block's text stands in its filters; no template can spell it. */
export const FILTERED = "(the block's text)";

/** Whether `name` is read anywhere in `tree`. */
export function mentions(tree: unknown, name: string): boolean {
  if (Array.isArray(tree)) return tree.some((part) => mentions(part, name));
  if (typeof tree !== "object" || tree === null) return false;
  const node = tree as { kind?: string; name?: string };
  if (node.kind === "name" && node.name === name) return true;
  return Object.values(node).some((part) => mentions(part, name));
}
