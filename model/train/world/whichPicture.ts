import type { Draw } from "./draw.ts";
import { drawScene, found, queryName, type Scene, type Split } from "./scene.ts";
import { withArticle } from "./words.ts";

/** Which of two pictures has something that the other has not: "first" or "second". */
export interface WhichPicture {
  readonly scenes: readonly [Scene, Scene];
  readonly question: string;
  readonly answer: "first" | "second";
}

/** @param options.second whether it is in the second one; default: drawn, as often as not */
export function whichPicture(draw: Draw, { second = draw.chance(0.5), split = "seen" as Split } = {}): WhichPicture {
  for (;;) {
    const [one, other] = [drawScene(draw, { split }), drawScene(draw, { split })];
    const { kind, colour } = draw.of(one.items);
    const query = draw.of(colour === null ? [{ kind }] : [{ kind }, { colour }, { kind, colour }]);
    if (found(other, query).length > 0) continue;
    const question = `Which picture has ${withArticle(queryName(query))}?`;
    return { scenes: second ? [other, one] : [one, other], question, answer: second ? "second" : "first" };
  }
}
