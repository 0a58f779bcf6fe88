/*
 * Pictures that a reader has put together, as names that stand in addresses: "s:" and the background, then each thing:
 * "s:2.0f1c0k0h" is background 2 with thing 15 at x 48, y 20, 17 pixels wide. All numbers are in base 36.
 */

/** A thing in a scene, by its number among the things that there are; its middle and its side in pixels. */
export interface Placed {
  readonly kind: number;
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

export interface ComposedScene {
  readonly background: number;
  readonly things: readonly Placed[];
}

/** What a scene holds at most: as many things as the model has ever seen together. */
export const MOST_THINGS = 4;
export const SIZES = { least: 10, most: 40 } as const;

const DIGITS = 2;
const NAME = /^s:([0-9a-z])((?:\.[0-9a-z]{8})*)$/;

export function sceneName({ background, things }: ComposedScene): string {
  const digits = (x: number) => Math.round(x).toString(36).padStart(DIGITS, "0");
  const parts = things.map(({ kind, x, y, size }) => `.${[kind, x, y, size].map(digits).join("")}`);
  return `s:${background.toString(36)}${parts.join("")}`;
}

/** The scene of a name; undefined for other pictures. */
export function parseScene(name: string): ComposedScene | undefined {
  const [, background, things] = NAME.exec(name) ?? [];
  if (background === undefined) return undefined;
  return {
    background: Number.parseInt(background, 36),
    things: things.split(".").slice(1).map((text) => {
      const [kind, x, y, size] = text.match(/../g)!.map((digits) => Number.parseInt(digits, 36));
      return { kind, x, y, size };
    }), // biome-ignore format: a list
  };
}
