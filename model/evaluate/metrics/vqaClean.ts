/** OpenFlamingo's `postprocess_vqa_generation`: what stands before the next question, and before the first ", ". */
export function cleanVqa(generated: string): string {
  return generated.split(/Question|Answer|Short/)[0].split(", ")[0];
}

/** OpenFlamingo's `postprocess_captioning_generation`, and without double quotes. Not stripped. */
export function cleanCaption(generated: string): string {
  return generated.split("Output")[0].replaceAll('"', "");
}
