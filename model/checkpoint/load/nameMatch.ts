export interface Misshapen {
  readonly name: string;
  readonly storedName: string;
  readonly expected: readonly number[];
  readonly got: readonly number[];
}

/** How the tensors of a file fit a model. Names are canonical, except `storedName`, `ignored` and the values of `found`. */
export interface NameMatch {
  /** Canonical name -> all names it has in the file. Where there are several, their values must be equal. */
  readonly found: Map<string, string[]>;
  readonly missing: string[];
  readonly unexpected: string[];
  readonly misshapen: Misshapen[];
  readonly ignored: string[];
}
