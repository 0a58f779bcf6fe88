/** Give the reader a file to keep. */
export function keepFile(name: string, content: Uint8Array | string): void {
  const part = typeof content === "string" ? content : Uint8Array.from(content);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([part]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
