const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text as HTML shows it. */
export function escaped(text: unknown): string {
  return String(text).replace(/[&<>"']/g, (letter) => ENTITIES[letter]);
}
