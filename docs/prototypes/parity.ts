import { fromData, type Module, noGrad, openWeights, type Tensor } from "../../index.ts";

/**
 * How far a module is from its twin in PyTorch, as a multiple of PyTorch's own float32 error.
 *
 * @param file `weights/<name>` for each parameter, `inputs/<name>`, `output` in float64's digits, and `float32`
 * @param inputs names of the inputs, in the order in which forward takes them
 * @throws if a parameter is missing, is called otherwise, or has another shape
 */
export async function errorRatio(module: Module, file: string, inputs: readonly string[]): Promise<number> {
  const weights = await openWeights(file);
  const read = async (name: string): Promise<Tensor> => {
    const { data, shape, dtype } = await weights.read(name);
    return fromData(data, shape, dtype);
  };
  for (const path of module.stateDict().keys()) module.setTensor(path, await read(`weights/${path}`));
  const args = await Promise.all(inputs.map((name) => read(`inputs/${name}`)));
  const [ours, truth, theirs] = [
    noGrad(() => module.call(...args) as Tensor),
    await read("output"),
    await read("float32"),
  ];
  const distance = async (t: Tensor) => Math.sqrt(await t.sub(truth).pow(2).sum().item());
  return (await distance(ours)) / (await distance(theirs));
}
