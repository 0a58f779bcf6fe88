const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** The reader's choice, which is all that the site remembers of anyone. */
export function themeNow(): Theme {
  if (typeof document === "undefined") return "auto";
  return THEMES.find((theme) => theme === document.documentElement.dataset["theme"]) ?? "auto";
}

export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
}

export function setTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // not every browser lets a page remember: the choice then holds for this page
  }
}

/** What runs before the first paint, so that no page flashes in the wrong colours. */
export const THEME_SCRIPT = `try { document.documentElement.dataset.theme = localStorage.getItem("theme") ?? "auto"; } catch {}
document.documentElement.classList.add("scripted");
`;
