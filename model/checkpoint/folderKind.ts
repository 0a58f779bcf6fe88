/** Files by which folders are known that hold weights in some other form, with what to do about them. */
const KINDS: [RegExp, string][] = [
  [
    /^adapter_(config\.json|model\.(safetensors|bin))$/,
    "this is a PEFT adapter, which is applied to a model: merge it in Python with model.merge_and_unload(), and save that",
  ],
  [
    /^(zero_to_fp32\.py|global_step\d+|zero_pp_rank_.*|mp_rank_\d+_model_states\.pt)$/,
    "this is a checkpoint of DeepSpeed ZeRO: gather it with python zero_to_fp32.py . pytorch_model.bin",
  ],
  [
    /\.distcp$/,
    "this is a sharded checkpoint of torch.distributed: gather it with " +
      "python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER pytorch_model.bin",
  ],
  [/\.gguf$/, "it has GGUF weights, of llama.cpp; take the original checkpoint"],
  [/\.onnx$/, "it has an ONNX model, which is a graph; take the PyTorch weights"],
  [/^(tf_model\.h5|saved_model\.pb|checkpoint)$|\.ckpt\.index$/, "it has TensorFlow weights; take the PyTorch ones"],
  [/\.msgpack$/, "it has Flax weights; take the PyTorch ones"],
];

/** What a folder of these names is that has no weights of ours in it, if that can be told. */
export function folderKind(names: readonly string[]): string | undefined {
  return KINDS.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1];
}
