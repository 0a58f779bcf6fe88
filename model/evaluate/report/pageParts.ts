/** The report's style: readable from a phone to a wide screen, in light and dark. */
export const STYLE = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; color: CanvasText; background: Canvas; }
main { max-width: 72rem; margin: 0 auto; padding: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid GrayText; }
td { font-variant-numeric: tabular-nums; }
a { color: LinkText; text-decoration: underline; }
h3, h4, dd, th, td { overflow-wrap: anywhere; }
.wide th, .wide td { overflow-wrap: normal; min-width: 4rem; }
.item { border: 1px solid GrayText; border-radius: .5rem; padding: .5rem 1rem; margin: 1rem 0; }
.item h4 { margin: 0 0 .5rem; }
.looks div { display: flex; flex-wrap: wrap; gap: .5rem; }
.looks figure { margin: 0; width: 6rem; }
.looks figcaption { min-height: 1.5em; white-space: pre; overflow: hidden; text-overflow: ellipsis; }
.looks img { display: block; margin: 0 0 .25rem; }
.item img { max-width: 100%; image-rendering: auto; margin-right: .5rem; }
dl { display: grid; grid-template-columns: minmax(0, 10rem) minmax(0, 1fr); gap: .25rem 1rem; margin: .5rem 0; }
dt { font-weight: 600; }
dd { margin: 0; white-space: pre-wrap; }
input { font: inherit; padding: .25rem .5rem; max-width: 100%; box-sizing: border-box; }
@media (max-width: 40rem) { dl { grid-template-columns: minmax(0, 1fr); } dd { margin-bottom: .5rem; } }
`;

/** Hides items without what stands in the filter box. */
export const FILTER = `
const box = document.getElementById("filter");
const items = [...document.querySelectorAll(".item")];
box.addEventListener("input", () => {
  const wanted = box.value.toLowerCase();
  for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(wanted);
  const count = items.filter((item) => !item.hidden).length;
  document.getElementById("shown").textContent = wanted ? count + " of " + items.length + " items" : "";
});
`;
