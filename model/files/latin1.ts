/** Bytes as text of as many characters: what marks of binary formats are looked for in. */
export function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
