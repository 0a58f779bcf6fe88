import { TYPED_APP } from "./apps.ts";
import type { Consumer } from "./project.ts";

const VERSIONS = ["5.4.5", "5.5.4", "5.6.3", "5.7.3", "5.8.3", "5.9.3", "6.0.3", "7.0.2"];

/** Everything that a strict user switches on. */
const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
  declaration: true,
  target: "ES2022",
};

const MODULES = [
  { module: "node16", moduleResolution: "node16" },
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "esnext", moduleResolution: "bundler" },
];

/** A page's project knows nothing of Node, and a server's nothing of pages. */
const PLATFORMS = [
  { lib: ["ES2022", "DOM", "ESNext.Disposable"], types: [] },
  { lib: ["ES2022", "ESNext.Disposable"], types: ["node"] },
];

function typescript(version: string): Consumer {
  const alias = `typescript-${version}`;
  return {
    name: `TypeScript ${version}`,
    packages: [`${alias}@npm:typescript@${version}`, "@types/node@20.19.43"],
    async run(project) {
      project.write("typed/typed.ts", TYPED_APP);
      for (const [i, options] of MODULES.entries()) {
        for (const [j, platform] of PLATFORMS.entries()) {
          if (j > 0 && i > 0) continue; // modules are found alike on every platform
          const name = `typed/tsconfig.${version}-${i}${j}.json`;
          const compilerOptions = { ...STRICT, ...options, ...platform, outDir: `out-${version}`, rootDir: "." };
          project.write(name, JSON.stringify({ compilerOptions, files: ["typed.ts"] }));
          project.exec("node", project.path("node_modules", alias, "bin/tsc"), "-p", name);
        }
      }
      return `${MODULES.length + PLATFORMS.length - 1} settings`;
    },
  };
}

export const TYPESCRIPTS: readonly Consumer[] = VERSIONS.map(typescript);
