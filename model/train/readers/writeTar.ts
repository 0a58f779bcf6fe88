import { createTarPacker } from "modern-tar";
import { writeWhole } from "../../files/writeWhole.ts";

/** Writes files as a tar archive, one after the other, all of the year 1970: the same files make the same archive. */
export async function writeTar(
  path: string,
  members: Iterable<readonly [name: string, bytes: Uint8Array]>,
  signal?: AbortSignal,
): Promise<void> {
  const { readable, controller } = createTarPacker();
  const pieces = readable.getReader();
  const add = async () => {
    for (const [name, bytes] of members) {
      const writer = controller.add({ name, size: bytes.length, mtime: new Date(0) }).getWriter();
      await writer.write(bytes);
      await writer.close();
    }
    controller.finalize();
  };
  const added = add().catch((error) => controller.error(error));
  await writeWhole(path, async (sink) => { for (let next = await pieces.read(); !next.done; next = await pieces.read()) await sink.write(next.value); }, signal); // biome-ignore format: one line
  await added;
}
