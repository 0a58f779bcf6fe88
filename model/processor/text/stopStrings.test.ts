import fc from "fast-check";
import { expect, test } from "vitest";
import { StopStrings } from "./stopStrings.ts";

test("in whatever pieces a text comes, it is cut before the first stop string, and nothing is shown too early", () => {
  const abText = fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(abText, { maxLength: 8 }), fc.array(abText, { maxLength: 3 }), (pieces, stops) => {
      const whole = pieces.join("");
      const found = stops.filter((stop) => stop !== "" && whole.includes(stop));
      // the one that is complete first counts, and of those the longest
      const end = Math.min(...found.map((stop) => whole.indexOf(stop) + stop.length));
      const starts = found.map((stop) => whole.indexOf(stop)).filter((at, i) => at + found[i].length === end);
      const cut = found.length === 0 ? whole.length : Math.min(...starts);
      const watch = new StopStrings(stops);
      let shown = "";
      let stopped = false;
      for (const piece of pieces) {
        const next = watch.push(piece);
        shown += next.text;
        expect(whole.slice(0, cut).startsWith(shown)).toBe(true);
        stopped = next.stopped;
        if (stopped) break;
      }
      if (!stopped) shown += watch.finish();
      expect(stopped).toBe(found.length > 0);
      expect(shown).toBe(whole.slice(0, cut));
    }),
  );
});

test("what is hidden counts, but is not shown", () => {
  const watch = new StopStrings(["b</s>"]);
  const pieces = [watch.push("a"), watch.push("</s>", true), watch.push("b"), watch.push("<", true), watch.push("c")];
  expect(pieces.map(({ text }) => text)).toEqual(["a", "", "", "", "bc"]);
  expect([watch.push("b"), watch.push("</s>", true)]).toEqual([
    { text: "", stopped: false },
    { text: "", stopped: true },
  ]);
});
