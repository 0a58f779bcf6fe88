import { conformanceCases } from "../conformance.ts";

/** What runs on other kernels on a real GPU. SwiftShader gets kernels without barriers; the others are correct on it, too. */
export const forRealGpus = conformanceCases().filter(({ name }) =>
  /^(map over more|reduce (sum|argmax)|scan|matmul: (odd|one|larger|weights)|fused|linears|q8|q4)/.test(name),
);

const FEW = /^(reduce sum|scan|matmul: (one|larger)|fused (?!linear|attention: shared)|linears: products of f32|q8 linear|q4 rows)/; // biome-ignore format: a list

/** Of these, a few of every kernel: a GPU in software takes up to half a minute for a case, most of it to compile them. */
export const fewForRealGpus = forRealGpus.filter(({ name }) => FEW.test(name));
/** The others: `npm run test:long`. */
export const restForRealGpus = forRealGpus.filter(({ name }) => !FEW.test(name));

/** Those that need no tensor of 16 MiB, which would lie in thousands of small blocks, and nothing that one block must hold. */
const small = ({ name, large }: { name: string; large: boolean }) => !large && !/indices above|topk: many/.test(name);
export const inSmallBlocks = conformanceCases().filter(small);
export const forRealGpusInSmallBlocks = forRealGpus.filter(small);

/** Bytes of a block so small that nearly every tensor of the suite lies in several, as those do that no device can bind. */
export const SMALL_BLOCK = 4096;
