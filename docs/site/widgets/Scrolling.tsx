import type { ComponentChildren } from "preact";

interface ScrollingProps {
  readonly name: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A part of a page that scrolls sideways in its own box, by keyboard, too. */
export function Scrolling({ name, class: kind = "", children }: ScrollingProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls needs the focus
    <section class={`table ${kind}`} aria-label={name} tabIndex={0}>
      {children}
    </section>
  );
}
