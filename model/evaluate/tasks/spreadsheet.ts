import type { Submission } from "../task.ts";

type WriteExcelFile = typeof import("write-excel-file/node").default;

/** A table as .tsv, and as .xlsx where the package write-excel-file is there, which only this needs; else a note says so. */
export async function tableFiles(
  name: string,
  rows: readonly Readonly<Record<string, string>>[],
  load = loadWriteExcelFile,
): Promise<Submission[]> {
  const columns = rows.length > 0 ? Object.keys(rows[0]) : [];
  const quoted = (cell: string) => (/["\t\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ""))];
  const tsv = { name: `${name}.tsv`, content: `${lines.map((line) => line.map(quoted).join("\t")).join("\n")}\n` };
  const writeExcelFile = await load();
  if (!writeExcelFile) {
    const install = "npm install write-excel-file@4.1.1";
    return [{ ...tsv, note: `${name}.xlsx was not written: that takes a package (${install}); then score again` }];
  }
  const cells = lines.map((line) => line.map((value) => ({ value, type: String })));
  return [{ name: `${name}.xlsx`, content: new Uint8Array(await writeExcelFile(cells).toBuffer()) }, tsv];
}

/** undefined if it is not installed. */
async function loadWriteExcelFile(): Promise<WriteExcelFile | undefined> {
  try {
    return (await import("write-excel-file/node")).default;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
