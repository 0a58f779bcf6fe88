import type { Scene } from "../world/scene.ts";
import type { Background, Colour, Shape, Thing } from "../world/words.ts";

type Named = Thing | `${Colour} ${Shape}`;

/** Pictures that come with the model: what stands in which cell of the 3 x 3 grid, on which background. */
export const SHIPPED_SCENES: Readonly<Record<string, Scene>> = {
  dog: scene("cyan", { 4: "dog" }),
  fruit: scene("tan", { 1: "banana", 6: "apple", 8: "strawberry" }),
  garden: scene("pink", { 0: "tree", 4: "house", 8: "cat" }),
  pets: scene("lilac", { 0: "cat", 5: "cat", 7: "dog" }),
  sea: scene("cyan", { 2: "fish", 3: "fish", 7: "ball" }),
  shapes: scene("grey", { 0: "red circle", 4: "blue heart", 8: "yellow square" }),
  stars: scene("lilac", { 0: "star", 2: "star", 4: "star", 7: "star" }),
  street: scene("grey", { 3: "bus", 5: "car" }),
};

function scene(background: Background, cells: Readonly<Record<number, Named>>): Scene {
  const items = Object.entries(cells).map(([cell, name]) => {
    const [kind, colour = null] = name.split(" ").reverse() as [Shape, Colour?];
    return { kind, colour, cell: Number(cell) };
  });
  return { items, background };
}
