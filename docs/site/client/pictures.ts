import { signal } from "@preact/signals";
import { base64 } from "../marks/png.ts";
import type { PictureRef } from "../worker/protocol.ts";
import { link } from "./live.ts";
import { known, root } from "./state.ts";

/** Addresses of pictures that the worker has drawn. */
const drawn = signal<Readonly<Record<PictureRef, string>>>({});

/** Where the page gets a picture to show. A scene is there once the worker has drawn it. */
export function pictureAddress(ref: PictureRef | undefined): string {
  if (ref === undefined) return "data:,";
  if (ref.startsWith("i:")) return `data:image/webp;base64,${ref.slice(2).replaceAll("-", "+").replaceAll("_", "/")}`;
  if (!ref.startsWith("s:")) return `${root.value}infimm-tiny/pictures/${ref}.png`;
  return drawn.value[ref] ?? "data:,";
}

/** Have the worker draw a scene. */
export async function draw(ref: PictureRef): Promise<void> {
  if (!link.value || drawn.value[ref]) return;
  const canvas = canvasOf(await link.value.see(ref));
  drawn.value = { ...drawn.value, [ref]: canvas.toDataURL() };
}

/**
 * A reader's own picture as a name that carries it: what the model sees of it, as a small WebP file (PNG where a browser
 * cannot write that). What is lost on the way is lost for all who follow the link, and for this page.
 */
export async function ownPicture(file: Blob): Promise<PictureRef> {
  if (!link.value) throw new Error("The model is not loaded yet: a picture needs it, to be seen as it sees.");
  const canvas = canvasOf(await link.value.see(file));
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/webp", 0.9));
  if (!blob) throw new Error("This browser could not write the picture.");
  const text = base64(new Uint8Array(await blob.arrayBuffer()));
  return `i:${text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

function canvasOf(rgb: Uint8Array): HTMLCanvasElement {
  const { side } = known.value;
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const pixels = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) pixels.data.set([rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2], 255], 4 * i);
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  return canvas;
}
