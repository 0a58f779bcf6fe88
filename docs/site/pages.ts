import { readdirSync, readFileSync } from "node:fs";

/** A page of the site. */
export interface SitePage {
  /** The Markdown file. */
  readonly file: string;
  /** Where it stands, a folder from the root: "" or "read/1-overview/". */
  readonly address: string;
  readonly title: string;
  readonly section: Section;
}

export const SECTIONS = ["Start", "Take apart", "Read", "Reference"] as const;
export type Section = (typeof SECTIONS)[number];

/** The labs, `docs/labs/1-one-answer.md` and so on, of which the first is the start; the pages of docs/README.md; the API. */
export function sitePages(): SitePage[] {
  const table = readFileSync("docs/README.md", "utf8").matchAll(/^\| \[([^\]]+)\]\(([^)#]+)\)/gm);
  return [
    ...labs(),
    { file: "docs/README.md", address: "read/", title: "The docs", section: "Read" },
    ...[...table].map(([, title, link]): SitePage => {
      const file = link.startsWith("../") ? link.slice(3) : `docs/${link}`;
      const name = file === "golden/README.md" ? "goldens" : file.replace(/^docs\/|\.md$/g, "").replace("notes/", "");
      const section = /^\d/.test(name) || name === "the-model" ? "Read" : "Reference";
      return { file, address: `${section.toLowerCase()}/${name}/`, title, section };
    }),
    ...api(),
  ];
}

/** A lab is a file with a number in front; its heading is its title. */
function labs(): SitePage[] {
  const names = readdirSync("docs/labs").filter((name) => /^\d.*\.md$/.test(name)).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)); // biome-ignore format: one line
  return names.map((name, i) => {
    const file = `docs/labs/${name}`;
    const [, title] = /^# (.*)$/m.exec(readFileSync(file, "utf8"))!;
    const address = i === 0 ? "" : `labs/${name.replace(/^\d+-|\.md$/g, "")}/`;
    return { file, address, title, section: i === 0 ? "Start" : "Take apart" };
  });
}

/** The pages of the API reference beside its first, which docs/README.md has. */
function api(): SitePage[] {
  const names = readdirSync("docs/api")
    .filter((name) => name.endsWith(".md") && name !== "README.md")
    .sort();
  return names.map((name) => {
    const file = `docs/api/${name}`;
    const [, title] = /^# (.*)$/m.exec(readFileSync(file, "utf8"))!;
    return { file, address: `reference/api/${name.replace(/\.md$/, "")}/`, title, section: "Reference" };
  });
}

/** The API reference names every public source, and has a block of code for every name: neither is worth its bytes here. */
export const isApi = ({ file }: Pick<SitePage, "file">): boolean => file.startsWith("docs/api/");
