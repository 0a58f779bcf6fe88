/** Bytes that are read by range: a file on disk, a Blob, or memory. What weight files are read through. */
export interface ByteSource {
  /** What messages call it. */
  readonly name: string;
  readonly size: number;
  /** Exactly `length` bytes from `start`. Throws FileFormatError if the source has become shorter. */
  read(start: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Bytes in memory. What is read are views of them. */
export function bytesSource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.length,
    read: async (start, length) => bytes.subarray(start, start + length),
    close: async () => {},
  };
}

/** A Blob, or a File in a browser: only what is asked for comes into memory. */
export function blobSource(blob: Blob, name: string): ByteSource {
  return {
    name,
    size: blob.size,
    read: async (start, length) => new Uint8Array(await blob.slice(start, start + length).arrayBuffer()),
    close: async () => {},
  };
}
