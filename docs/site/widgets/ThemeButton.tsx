import { useState } from "preact/hooks";
import { nextTheme, setTheme, themeNow } from "../client/theme.ts";

const SIGNS = { auto: "◐", light: "☀", dark: "☾" } as const;

/** Light, dark, or as the system has it. */
export function ThemeButton() {
  const [theme, change] = useState(themeNow());
  return (
    <button
      type="button"
      aria-label={`Colours: ${theme}`}
      title={`Colours: ${theme}`}
      onClick={() => {
        const next = nextTheme(theme);
        setTheme(next);
        change(next);
      }}
    >
      {SIGNS[theme]}
    </button>
  );
}
