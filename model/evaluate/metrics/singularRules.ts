import { WORD } from "../python/text.ts";

/** A rule of `inflection` 0.5.1 (MIT licence, Janne Vanhala), with JavaScript's way to name a group. */
export interface PythonRule {
  readonly pattern: RegExp;
  readonly to: string;
}

export const IRREGULARS: readonly PythonRule[] = [
  { pattern: /(z)ombies$/iu, to: "$1ombie" },
  { pattern: /k[iI][nN][eE]$/u, to: "cow" },
  { pattern: /K[iI][nN][eE]$/u, to: "Cow" },
  { pattern: /(m)oves$/iu, to: "$1ove" },
  { pattern: /(s)exes$/iu, to: "$1ex" },
  { pattern: /(c)hildren$/iu, to: "$1hild" },
  { pattern: /(h)umans$/iu, to: "$1uman" },
  { pattern: /(m)en$/iu, to: "$1an" },
  { pattern: /(p)eople$/iu, to: "$1erson" },
];

export const SINGULARS: readonly PythonRule[] = [
  { pattern: /(database)s$/iu, to: "$1" },
  { pattern: /(quiz)zes$/iu, to: "$1" },
  { pattern: /(matr)ices$/iu, to: "$1ix" },
  { pattern: /(vert|ind)ices$/iu, to: "$1ex" },
  { pattern: /(passer)sby$/iu, to: "$1by" },
  { pattern: /^(ox)en/iu, to: "$1" },
  { pattern: /(alias|status)(es)?$/iu, to: "$1" },
  { pattern: /(octop|vir)(us|i)$/iu, to: "$1us" },
  { pattern: /^(a)x[ie]s$/iu, to: "$1xis" },
  { pattern: /(cris|test)(is|es)$/iu, to: "$1is" },
  { pattern: /(shoe)s$/iu, to: "$1" },
  { pattern: /(o)es$/iu, to: "$1" },
  { pattern: /(bus)(es)?$/iu, to: "$1" },
  { pattern: /(m|l)ice$/iu, to: "$1ouse" },
  { pattern: /(x|ch|ss|sh)es$/iu, to: "$1" },
  { pattern: /(m)ovies$/iu, to: "$1ovie" },
  { pattern: /(s)eries$/iu, to: "$1eries" },
  { pattern: /([^aeiouy]|qu)ies$/iu, to: "$1y" },
  { pattern: /([lr])ves$/iu, to: "$1f" },
  { pattern: /(tive)s$/iu, to: "$1" },
  { pattern: /(hive)s$/iu, to: "$1" },
  { pattern: /([^f])ves$/iu, to: "$1fe" },
  { pattern: /(t)he(sis|ses)$/iu, to: "$1hesis" },
  { pattern: /(s)ynop(sis|ses)$/iu, to: "$1ynopsis" },
  { pattern: /(p)rogno(sis|ses)$/iu, to: "$1rognosis" },
  { pattern: /(p)arenthe(sis|ses)$/iu, to: "$1arenthesis" },
  { pattern: /(d)iagno(sis|ses)$/iu, to: "$1iagnosis" },
  { pattern: /(b)a(sis|ses)$/iu, to: "$1asis" },
  { pattern: /(a)naly(sis|ses)$/iu, to: "$1nalysis" },
  { pattern: /([ti])a$/iu, to: "$1um" },
  { pattern: /(n)ews$/iu, to: "$1ews" },
  { pattern: /(ss)$/iu, to: "$1" },
  { pattern: /s$/iu, to: "" },
];

export const UNCOUNTABLES: readonly RegExp[] = "equipment fish information jeans money rice series sheep species"
  .split(" ")
  .map((word) => new RegExp(`(?<![${WORD}])${word}$`, "iu"));
