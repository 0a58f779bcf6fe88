import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { packTar } from "modern-tar";
import { type Document, isLeftOut, isText, type Records } from "../documents.ts";

/** A folder for a test's files. */
export class Made {
  readonly folder = mkdtempSync(join(tmpdir(), "infimm-data-"));

  write(name: string, value: unknown): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    const isBytes = typeof value === "string" || value instanceof Uint8Array;
    writeFileSync(path, isBytes ? value : JSON.stringify(value));
    return path;
  }

  async tar(
    name: string,
    members: readonly (readonly [name: string, content: string | Uint8Array])[],
  ): Promise<string> {
    return this.write(name, await tarOf(members));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

export async function tarOf(
  members: readonly (readonly [name: string, content: string | Uint8Array])[],
): Promise<Buffer> {
  const entries = members.map(([name, content]) => ({ name, body: Buffer.from(content) }));
  return Buffer.from(
    await packTar(
      entries.map(({ name, body }) => ({ header: { name, size: body.length }, body: new Uint8Array(body) })),
    ),
  );
}

/** What a set gives: documents, and the reason of each record that gives none. */
export async function all(records: Records): Promise<{ documents: Document[]; reasons: string[] }> {
  const documents: Document[] = [];
  const reasons: string[] = [];
  for (let i = 0; i < records.length; i++) {
    const found = await records.at(i);
    if (isLeftOut(found)) reasons.push(found.leftOut);
    else documents.push(found);
  }
  await records.close?.();
  return { documents, reasons };
}

/** Parts as one reads them: "<path>" of a picture, "text" of a text, "*text" if it bears loss. */
export function shown({ parts }: Document): string[] {
  return parts.map((part) => {
    if (isText(part)) return (part.learn ? "*" : "") + part.text;
    return "path" in part ? `<${part.path}>` : `<${"bytes" in part ? part.bytes.length : "pixels"}>`;
  });
}
