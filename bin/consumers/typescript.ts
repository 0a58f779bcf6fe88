import { TYPED_APP } from "./apps.ts";
import type { Consumer } from "./project.ts";

const VERSIONS = ["5.4.5", "5.5.4", "5.6.3", "5.7.3", "5.8.3", "5.9.3", "6.0.3", "7.0.2"];

/** Everything that a strict user switches on. Node's types are needed for nothing. */
const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
  declaration: true,
  target: "ES2022",
  types: [],
};

const MODULES = [
  { module: "node16", moduleResolution: "node16" },
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "esnext", moduleResolution: "bundler" },
];

const LIBS = [
  ["ES2022", "DOM", "ESNext.Disposable"],
  ["ES2022", "ESNext.Disposable"],
];

function typescript(version: string): Consumer {
  const alias = `typescript-${version}`;
  return {
    name: `TypeScript ${version}`,
    packages: [`${alias}@npm:typescript@${version}`],
    async run(project) {
      project.write("typed/typed.ts", TYPED_APP);
      for (const [i, options] of MODULES.entries()) {
        for (const [j, lib] of LIBS.entries()) {
          const name = `typed/tsconfig.${version}-${i}${j}.json`;
          const compilerOptions = { ...STRICT, ...options, lib, outDir: `out-${version}`, rootDir: "." };
          project.write(name, JSON.stringify({ compilerOptions, files: ["typed.ts"] }));
          project.exec("node", project.path("node_modules", alias, "bin/tsc"), "-p", name);
        }
      }
      return `${MODULES.length * LIBS.length} settings`;
    },
  };
}

export const TYPESCRIPTS: readonly Consumer[] = VERSIONS.map(typescript);
