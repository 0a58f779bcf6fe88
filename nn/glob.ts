/**
 * Patterns of paths, as regular expressions: `*` stands for one name or a part of one, `**` for any number of names,
 * none included. What follows a colon is the name of a tap.
 *
 * `layers.*.attn`, `**.attn`, `model.perceiver.**`, `**:attn`. The model itself has the empty path, which `**` matches.
 */
export function globToRegExp(pattern: string): RegExp {
  const [path, ...tap] = pattern.split(":");
  const names = path === "" ? [] : path.split(".");
  const tapSource = tap.map((name) => `:${nameSource(name)}`).join("");
  return new RegExp(`^${names.map(stepSource).join("")}${tapSource}$`);
}

/** One step down: a dot, but not before the first name, and a name. */
function stepSource(name: string): string {
  const dot = "(?:^|\\.)";
  return name === "**" ? `(?:${dot}[^.:]+)*` : dot + nameSource(name);
}

function nameSource(name: string): string {
  if (name === "*" || name === "**") return "[^.:]+";
  return name.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, "[^.:]*");
}
