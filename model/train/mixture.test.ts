import fc from "fast-check";
import { expect, test } from "vitest";
import { Mixture } from "./mixture.ts";

const draw = (mixture: Mixture, count: number) => Array.from({ length: count }, () => mixture.next());

test("the source that is furthest behind is next, the first of those equally far", () => {
  expect(draw(new Mixture({ a: 1, b: 1 }), 4)).toEqual(["a", "b", "a", "b"]);
  expect(draw(new Mixture({ pairs: 2, documents: 1 }), 6)).toEqual([
    ..."pairs documents pairs pairs documents pairs".split(" "),
  ]);
});

/** No source of k is ever ahead by 1 - 1/k samples, nor behind by 1/2 + ... + 1/k. */
const bound = (k: number) => 1 - 1 / k + Array.from({ length: k - 1 }, (_, i) => 1 / (i + 2)).reduce((a, b) => a + b);

test("shares hold over any window to within a sample or two", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(weights, fc.nat(200), fc.integer({ min: 1, max: 200 }), (list, start, length) => {
      const mixture = new Mixture(Object.fromEntries(list.map((weight, i) => [`s${i}`, weight])));
      const window = draw(mixture, start + length).slice(start);
      for (const [i, source] of mixture.sources.entries()) {
        const taken = window.filter((name) => name === source).length;
        expect(Math.abs(taken - mixture.shares[i] * length)).toBeLessThan(bound(list.length) + 1e-9);
      }
    }),
  );
});

test("lengths as weights end all sources together", () => {
  const all = draw(new Mixture({ a: 7, b: 100, c: 31 }), 138);
  expect(["a", "b", "c"].map((source) => all.filter((name) => name === source).length)).toEqual([7, 100, 31]);
});

test("a restored mixture goes on as if it had not stopped", () => {
  const weights = { obelics: 0.156, mmc4: 0.082, laion: 0.178, coyo: 0.368, "laion-coco": 0.216 };
  const whole = draw(new Mixture(weights), 100);
  const first = new Mixture(weights);
  draw(first, 37);
  const second = new Mixture(weights);
  second.restore(JSON.parse(JSON.stringify(first.state())));
  expect(draw(second, 63)).toEqual(whole.slice(37));
});

test("no source, a weight of 0 and the state of other sources are refused", () => {
  expect(() => new Mixture({})).toThrow("at least one source");
  expect(() => new Mixture({ a: 1, b: 0 })).toThrow("the weight of b must be a number above 0, got 0");
  const other = new Mixture({ a: 1, c: 1 }).state();
  expect(() => new Mixture({ a: 1, b: 1 }).restore(other)).toThrow("of a, c, but the sources are a, b");
});
