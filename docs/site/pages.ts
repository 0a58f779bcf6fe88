import { readFileSync } from "node:fs";

/** A page of the site. */
export interface SitePage {
  /** The Markdown file. */
  readonly file: string;
  /** Where it stands, a folder from the root: "" or "read/1-overview/". */
  readonly address: string;
  readonly title: string;
  readonly section: Section;
}

export type Section = "Start" | "Read" | "Reference";

/** The pages in the order of the table in docs/README.md, which is the start. */
export function sitePages(): SitePage[] {
  const table = readFileSync("docs/README.md", "utf8").matchAll(/^\| \[([^\]]+)\]\(([^)#]+)\)/gm);
  const start: SitePage = { file: "docs/README.md", address: "", title: "Start", section: "Start" };
  return [
    start,
    ...[...table].map(([, title, link]): SitePage => {
      const file = link.startsWith("../") ? link.slice(3) : `docs/${link}`;
      const name = file === "golden/README.md" ? "goldens" : file.replace(/^docs\/|\.md$/g, "").replace("notes/", "");
      const section = /^\d/.test(name) || name === "the-model" ? "Read" : "Reference";
      return { file, address: `${section.toLowerCase()}/${name}/`, title, section };
    }),
  ];
}
