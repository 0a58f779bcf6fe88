/** What torch.save wrote, in either of its formats. */
export interface TorchContainer {
  /** The object that was saved. */
  readonly saved: unknown;
  /** Where the bytes of a storage lie. */
  run(key: string): StoredRun | undefined;
}

export interface StoredRun {
  readonly bytes: number;
  start(): Promise<number>;
}
