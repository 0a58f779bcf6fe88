import { type Image, readPicture } from "../../browser.ts";

/** Where a picture comes in: a file chosen, dropped or pasted, or an address. */
export interface PictureInput {
  show(source: Blob | string, name: string): Promise<void>;
}

export interface PictureElements {
  readonly drop: HTMLElement;
  readonly file: HTMLInputElement;
  readonly picture: HTMLImageElement;
  readonly hint: HTMLElement;
}

/**
 * Wire up the elements.
 * @param onPicture gets each picture, decoded as the command line decodes it
 * @param onError gets what is wrong with a file
 */
export function pictureInput(
  { drop, file, picture, hint }: PictureElements,
  onPicture: (image: Image) => void,
  onError: (error: unknown) => void,
): PictureInput {
  let newest = 0;
  const show = async (source: Blob | string, name: string) => {
    const mine = ++newest;
    try {
      const blob = typeof source === "string" ? await fetched(source, name) : source;
      const image = await readPicture(blob, { name });
      if (mine !== newest) return; // another one was chosen meanwhile
      URL.revokeObjectURL(picture.src);
      picture.src = URL.createObjectURL(blob);
      picture.alt = name;
      picture.hidden = false;
      hint.hidden = true;
      drop.classList.add("filled");
      onPicture(image);
    } catch (error) {
      if (mine === newest) onError(error);
    }
  };
  const take = (data: DataTransfer | null) => {
    const given = data?.files[0];
    if (given) show(given, given.name);
    return given !== undefined;
  };
  file.addEventListener("change", () => {
    if (file.files?.[0]) show(file.files[0], file.files[0].name);
    file.value = ""; // else the same file could not be chosen again
  });
  document.addEventListener("paste", (event) => {
    if (take(event.clipboardData)) event.preventDefault();
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (!take(event.dataTransfer)) onError(new Error("That was no file. Drop a PNG, JPEG or WebP picture."));
  });
  return { show };
}

async function fetched(url: string, name: string): Promise<Blob> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${name}: the server answers ${response.status} ${response.statusText}`.trim());
  return response.blob();
}
