import { describe, expect, it } from "vitest";
import { planEinops } from "./einops.ts";
import { planEinsum } from "./einsum.ts";

describe("planEinops", () => {
  it("splits, orders and merges", () => {
    expect(planEinops("rearrange", "b n (h d) -> (b h) n d", [2, 3, 8], { h: 4 })).toMatchObject({
      split: [2, 3, 4, 2],
      outNames: ["b", "h", "n", "d"],
      merged: [8, 3, 2],
    });
  });

  it("lets ... stand for any dims, also in a group on the right", () => {
    expect(planEinops("rearrange", "... c -> c ...", [2, 3, 4], {}).merged).toEqual([4, 2, 3]);
    expect(planEinops("rearrange", "... c -> (...) c", [2, 3, 4], {}).merged).toEqual([6, 4]);
    expect(planEinops("rearrange", "b ... -> b (...)", [5], {}).merged).toEqual([5, 1]);
  });

  it("reads 1 as a dim of size one on both sides", () => {
    expect(planEinops("rearrange", "1 n -> n 1", [1, 3], {}).merged).toEqual([3, 1]);
  });

  it.each<[Parameters<typeof planEinops>[0], string, number[], Record<string, number>, string]>([
    ["rearrange", "a b", [2, 3], {}, "expected one “->”"],
    ["rearrange", "a b -> a", [2, 3], {}, "b is missing on the right"],
    ["rearrange", "... b -> b", [2, 3], {}, "... is missing on the right"],
    ["rearrange", "a -> a b", [2], {}, "b is not on the left"],
    ["rearrange", "a -> a ...", [2], {}, "“...” stands on the right only"],
    ["rearrange", "a b -> b a", [2], {}, "the pattern has 2 dims, the tensor 1"],
    ["rearrange", "a a -> a", [2, 2], {}, "a name stands twice"],
    ["rearrange", "(a b) -> a b", [6], {}, "the sizes of a and b are not told"],
    ["rearrange", "(a b) -> a b", [6], { a: 4 }, "dim 0 is 6, which does not fit (a=4 b=1.5)"],
    ["rearrange", "1 a -> a", [2, 3], {}, "dim 0 is 2"],
    ["rearrange", "(a b) -> a b", [6], { a: 2, c: 3 }, "c = 3 is given, but is not in the pattern"],
    ["rearrange", "(... a) b -> a b", [6, 2], {}, "“...” in a group on the left"],
    ["rearrange", "((a b)) -> a b", [6], {}, "groups do not nest"],
    ["rearrange", "(a b -> a b", [6], {}, "“(” without “)”"],
    ["rearrange", "a+b -> a b", [6], {}, "“+” is not a name"],
    ["repeat", "a -> a b", [2], {}, "the size of the new dim b is not told"],
    ["repeat", "a -> a b", [2], { b: 1.5 }, "b = 1.5 is not a size"],
  ])("%s refuses %s of %j", (op, pattern, shape, sizes, message) => {
    expect(() => planEinops(op, pattern, shape, sizes)).toThrow(
      `${op} "${pattern}" of [${shape.join(", ")}]: ${message}`,
    );
  });
});

describe("planEinsum", () => {
  it("aligns ... at the right and lets it stretch", () => {
    const plan = planEinsum("... i d, ... d -> ... i", [
      [5, 1, 3, 4],
      [2, 4],
    ]);
    expect(plan.operands[0].slice(0, 2)).toEqual([".1", ".0"]);
    expect(plan.operands[1][0]).toBe(".0");
    expect(plan.output.map((name) => plan.sizes.get(name))).toEqual([5, 2, 3]);
  });

  it("reads names as words where their count fits the shapes, else as letters", () => {
    expect(planEinsum("ab, bc -> ab", [[2], [3]]).operands).toEqual([["ab"], ["bc"]]);
    expect(planEinsum("ab, bc -> ab", [[2, 3], [3, 4]]).operands).toEqual([["a", "b"], ["b", "c"]]); // biome-ignore format: two readings
    expect(planEinsum("i,j->ji", [[2], [3]]).output).toEqual(["j", "i"]);
    expect(planEinsum("... ab -> ab", [[2, 3]]).operands).toEqual([[".0", "ab"]]);
    expect(planEinsum("...ab -> ab", [[2, 3]]).operands).toEqual([["a", "b"]]);
  });

  it("without “->” keeps ... and the names that stand once, in alphabetical order", () => {
    expect(planEinsum("ba", [[2, 3]]).output).toEqual(["a", "b"]);
    expect(planEinsum("...kB,ja...", [[5, 2, 3], [4, 2, 5]]).output).toEqual([".0", "B", "a", "j", "k"]); // biome-ignore format: one line
    expect(planEinsum("ii", [[2, 2]]).output).toEqual([]);
  });

  it("keeps a size of 0", () => {
    expect(planEinsum("a b -> b a", [[0, 3]]).sizes.get("a")).toBe(0);
  });

  it.each([
    ["a -> b -> c", [[2]], "expected one “->” at most"],
    ["a, b -> a b", [[2]], "the pattern names 2 tensors, 1 are given"],
    ["a, b, c -> a", [[1], [1]], "the pattern names 3 tensors, 2 are given"],
    [
      "a b, b c -> a c",
      [
        [2, 3],
        [4, 5],
      ],
      "b is 3 and 4",
    ],
    [
      "a b, b c -> a c",
      [
        [2, 1],
        [4, 5],
      ],
      "b is 1 and 4",
    ],
    ["a b -> a", [[2]], "operand 0 has 1 dims, the pattern says “a b”"],
    ["a -> b", [[2]], "b is not on the left"],
    ["a a -> a", [[2, 3]], "a is 2 and 3"],
    ["a b -> a a", [[2, 3]], "“a” stands twice in “a a”"],
    ["... a ... -> a", [[2, 3]], "“...” stands twice in “... a ...”"],
    [
      "ij,jk->ik",
      [
        [2, 3, 4],
        [4, 5],
      ],
      "operand 0 has 3 dims, the pattern says “ij”",
    ],
    ["...ij->...ij", [[2]], "operand 0 has 1 dims, the pattern says “...ij”"],
    ["ij->il", [[2, 3]], "l is not on the left"],
    ["(a b) -> a", [[2, 2]], "“(a” is not a name"],
  ])("refuses %s", (pattern, shapes, message) => {
    expect(() => planEinsum(pattern, shapes)).toThrow(message);
  });
});
