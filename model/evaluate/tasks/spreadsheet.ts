import type { Submission } from "../task.ts";

/** A table as .xlsx and as .tsv. */
export async function tableFiles(
  name: string,
  rows: readonly Readonly<Record<string, string>>[],
): Promise<Submission[]> {
  const columns = rows.length > 0 ? Object.keys(rows[0]) : [];
  const { default: writeExcelFile } = await import("write-excel-file/node");
  const cells = [
    columns.map((value) => ({ value, type: String })),
    ...rows.map((row) => columns.map((column) => ({ value: row[column] ?? "", type: String }))),
  ];
  const sheet = await writeExcelFile(cells).toBuffer();
  const quoted = (cell: string) => (/["\t\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ""))];
  return [
    { name: `${name}.xlsx`, content: new Uint8Array(sheet) },
    { name: `${name}.tsv`, content: `${lines.map((line) => line.map(quoted).join("\t")).join("\n")}\n` },
  ];
}
