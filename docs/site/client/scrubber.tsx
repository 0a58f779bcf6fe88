import { signal } from "@preact/signals";
import { render } from "preact";
import { LineStrip } from "../widgets/LineStrip.tsx";

/** Lines of a block of code that the model runs: choose one, and what it made stands under the block. */
export function scrub(block: HTMLElement): void {
  const lines = [...block.querySelectorAll<HTMLElement>("[data-line]")];
  const place = signal<string | null>(null);
  const choose = (line: HTMLElement) => {
    for (const other of lines) {
      other.tabIndex = other === line ? 0 : -1;
      other.ariaSelected = String(other === line);
    }
    place.value = line.dataset["line"]!;
  };
  const step = (from: HTMLElement, by: number) => {
    const next = lines[lines.indexOf(from) + by];
    next?.focus();
  };
  block.removeAttribute("tabindex");
  const list = block.querySelector("code")!;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Lines that the model runs");
  for (const [i, line] of lines.entries()) {
    line.tabIndex = i === 0 ? 0 : -1;
    line.role = "option";
    line.ariaSelected = "false";
    line.addEventListener("click", () => line.focus());
    line.addEventListener("focus", () => choose(line));
    line.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
      if (by === undefined || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      step(line, by);
    });
  }
  const strip = document.createElement("div");
  block.after(strip);
  render(<LineStrip place={place} />, strip);
}
