import type { NameMatch } from "./nameMatch.ts";

/** Each looks for one well-known cause. All see the same match; most say nothing. */
const HINTS: ((match: NameMatch) => string | undefined)[] = [
  adapter,
  shardedParameters,
  scaled,
  vocabulary,
  perceiver,
  gates,
  crossAttentionLayers,
  visionAttention,
  imageSize,
  tiedOutput,
  partial,
];

/** What a mismatch looks like, in words, with what to change. */
export function mismatchHints(match: NameMatch): string[] {
  return HINTS.map((hint) => hint(match)).filter((text) => text !== undefined);
}

const some = (names: Iterable<string>, part: string | RegExp): boolean =>
  [...names].some((name) => (typeof part === "string" ? name.includes(part) : part.test(name)));

function adapter({ unexpected, found }: NameMatch): string | undefined {
  if (
    !some(unexpected, /\b(lora_(A|B|embedding_[AB]|magnitude_vector)|modules_to_save|original_module|prompt_encoder)\b/)
  )
    return undefined;
  const what = found.size > 0 ? "a model with a PEFT adapter that is not merged" : "a PEFT adapter by itself";
  return `this is ${what}: in Python, load it with its base model, and save model.merge_and_unload()`;
}

function shardedParameters({ unexpected, misshapen }: NameMatch): string | undefined {
  if (some(unexpected, /\b_?flat_param\b/)) {
    return "this is one rank's part of an FSDP model, flattened: save it with full_state_dict=True";
  }
  if (misshapen.length > 0 && misshapen.every(({ got }) => got.length === 1 && got[0] === 0)) {
    return "its weights are empty, as DeepSpeed ZeRO-3 leaves them in each rank's file: gather them with zero_to_fp32.py";
  }
  return undefined;
}

function scaled({ unexpected }: NameMatch): string | undefined {
  if (!some(unexpected, /\.(weight_scale(_inv)?|input_scale|qweight|qzeros|SCB|absmax|quant_state\b.*)$/))
    return undefined;
  return "its weights are quantised, to be multiplied by scales that stand beside them: take the original weights, or dequantise them in Python";
}

function vocabulary({ misshapen }: NameMatch): string | undefined {
  const row = misshapen.find(
    ({ name, expected, got }) =>
      /(embed_tokens|lm_head)\.weight$/.test(name) &&
      got.length === 2 &&
      expected[1] === got[1] &&
      expected[0] !== got[0],
  );
  if (!row) return undefined;
  return `the vocabulary is ${row.got[0]} in the file, and the config says ${row.expected[0]}: set language.vocab_size to ${row.got[0]}`;
}

function perceiver({ missing, unexpected, found }: NameMatch): string | undefined {
  if (some(found.keys(), ".perceiver.")) return undefined;
  if (some(missing, ".perceiver.") && some(found.keys(), "gated_cross_attn_layer")) {
    return "this looks like an InfiMM-HD checkpoint (it has cross-attention but no perceiver): use an infimm-hd config, or set perceiver to null";
  }
  if (some(unexpected, ".perceiver."))
    return "the file has a perceiver and the config has none, as for InfiMM-HD: use the config of another variant";
  return undefined;
}

function gates({ misshapen }: NameMatch): string | undefined {
  const gate = misshapen.find(({ name }) => /(attn|ff)_gate$/.test(name));
  if (!gate) return undefined;
  const [kind, variants] = gate.got.join() === "1" ? ["scalar", "all but InfiMM-HD"] : ["vector", "InfiMM-HD"];
  return `the gates are ${kind}s in the file, as in ${variants}: set cross_attention.gate to "${kind}"`;
}

function crossAttentionLayers({ missing, unexpected, found }: NameMatch): string | undefined {
  const layers = (names: Iterable<string>): number[] => {
    const indices = [...names].map((name) => /layers\.(\d+)\.gated_cross_attn_layer\.attn_gate$/.exec(name)?.[1]);
    return indices.filter((index) => index !== undefined).map(Number);
  };
  const inFile = [...layers(found.keys()), ...layers(unexpected)].sort((a, b) => a - b);
  const inModel = [...layers(found.keys()), ...layers(missing)].sort((a, b) => a - b);
  if (inFile.length === 0 || inFile.join() === inModel.join()) return undefined;
  return (
    `cross-attention stands before layers ${inFile.join(", ")} in the file and ${inModel.join(", ")} in the model: ` +
    `cross_attn_every_n_layers looks like ${inFile[0] + 1}`
  );
}

function visionAttention({ missing, unexpected }: NameMatch): string | undefined {
  if (some(missing, "attn.q_proj.") && some(unexpected, "attn.qkv.")) {
    return "the vision tower in the file has fused q, k, v (EVA g or E), and the config describes EVA L: visual.subln and visual.naiveswiglu should be false";
  }
  if (some(missing, "attn.qkv.") && some(unexpected, /vision_encoder.*attn\.q_proj\./)) {
    return "the vision tower in the file has separate q, k, v (EVA L), and the config describes EVA g or E: visual.subln and visual.naiveswiglu should be true";
  }
  return undefined;
}

function imageSize({ misshapen }: NameMatch): string | undefined {
  const row = misshapen.find(({ name, got }) => name.endsWith("vision_encoder.pos_embed") && got.length === 3);
  if (!row || row.got[1] === row.expected[1]) return undefined;
  return `the vision tower in the file sees ${row.got[1]} tokens, and visual.image_size of the config makes ${row.expected[1]}: resizePositions makes positions for another size`;
}

function tiedOutput({ missing, found }: NameMatch): string | undefined {
  if (!some(missing, "lm_head.weight") || !some(found.keys(), "embed_tokens.weight")) return undefined;
  return "the file has no output layer, so its language model uses the embeddings: set language.tie_word_embeddings to true";
}

function partial({ found, missing, unexpected }: NameMatch): string | undefined {
  if (unexpected.length > 0 && some(unexpected, /^model\.(layers\.0|embed_tokens)\./)) {
    return "this looks like a language model by itself (its names begin with model.layers), not an InfiMM checkpoint";
  }
  if (found.size > 0 && some(missing, ".lang_encoder.") && !some(found.keys(), ".lang_encoder.")) {
    return "the file has no language model: it looks like a vision tower or connector by itself";
  }
  return undefined;
}
