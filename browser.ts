/**
 * infimm/browser: the model and all that it is made of, without what needs a disk (weight files and their writers,
 * PyTorch's pickles) and without gpu.js.
 *
 *     const assistant = await Assistant.fromPretrained("https://…/infimm-tiny");
 *     for await (const piece of assistant.ask("What is this?", [file])) answer.append(piece);
 */
export * from "./core.ts";
export type { AnswerEnd, AnswerLogprob, AnswerOptions, NamedLogprob } from "./model/generate/answerOptions.ts";
export { Assistant } from "./model/generate/assistant.ts";
export { Chat } from "./model/generate/chat.ts";
export { type AnswerWithLooks, answerLooks, answerWithLooks, type Look } from "./model/study/answerLooks.ts";
export { attentionMaps } from "./model/study/attentionMaps.ts";
export { type DependenceOptions, dependence, LEAST_DEPENDENCE } from "./model/study/dependence.ts";
export { type HeadEffects, headEffects } from "./model/study/heads.ts";
export { latentCurve, latentImportance, withLatents } from "./model/study/latents.ts";
export { type LensOptions, lens, type Rung, withoutLooking } from "./model/study/lens.ts";
export { type AnswerToken, StudiedAnswer } from "./model/study/studiedAnswer.ts";
export { causalTracing, type TracedModule, type Tracing, type TracingOptions } from "./model/study/tracing.ts";
export { type InfiMMConfig, parseConfig } from "./model/config/config.ts";
export { resizePositions } from "./model/evaClip/resizePositions.ts";
export { type CaptionExample, captionPrompt, type VqaExample, vqaPrompt } from "./model/evaluate/basePrompts.ts";
export { GatedCrossAttentionBlock } from "./model/crossAttention/gatedCrossAttentionBlock.ts";
export { MaskedCrossAttention } from "./model/crossAttention/maskedCrossAttention.ts";
export { type Media, type MediaPlaces, withoutMediaSwitch } from "./model/crossAttention/media.ts";
export { EVAVisionTransformer } from "./model/evaClip/evaVisionTransformer.ts";
export { Flamingo, type Inputs } from "./model/flamingo.ts";
export { DecoderLayer } from "./model/language/decoderLayer.ts";
export { FlamingoLayer } from "./model/language/flamingoLayer.ts";
export { CausalLanguageModel, LanguageModel } from "./model/language/languageModel.ts";
export { SelfAttention } from "./model/language/selfAttention.ts";
export type { Sequence, Text } from "./model/language/sequence.ts";
export { PerceiverAttention } from "./model/perceiver/perceiverAttention.ts";
export { PerceiverResampler } from "./model/perceiver/perceiverResampler.ts";
export type * from "./model/roles.ts";
export { beamSearch, precompile } from "./model/generate/onDemand.ts";
export { generate, generateSteps } from "./model/generate/generate.ts";
export type { LogitsProcessor } from "./model/generate/logitsProcessors.ts";
export { optionsFromGenerationConfig } from "./model/generate/generationConfig.ts";
export type { GenerateOptions } from "./model/generate/options.ts";
export type { Checkpoint } from "./model/checkpoint/checkpoint.ts";
export { openCheckpoint } from "./model/checkpoint/openCheckpoint.ts";
export { HubError } from "./model/checkpoint/hub/hubError.ts";
export type { DownloadProgress, HubOptions } from "./model/checkpoint/hub/settings.ts";
export { InfiMM, languageModelLoss } from "./model/infimm.ts";
export { idTensor, modelInputs, type Prompts } from "./model/inputs.ts";
export { type DecodeOptions, decodeImage } from "./model/processor/pictures/decodeImage.ts";
export {
  fromNdarray as imageFromNdarray,
  type Image,
  toNdarray as imageToNdarray,
} from "./model/processor/pictures/image.ts";
export { Processor } from "./model/processor/processor.ts";
export { type PictureOptions, type PictureSource, readPicture } from "./model/processor/pictures/readPicture.ts";
export { readPictures } from "./model/processor/pictures/readPictures.ts";
export { connectorWeightDecay } from "./model/train/decay.ts";
export { connectorParameters } from "./model/train/freeze.ts";
export { initializeInfiMM } from "./model/train/initialize.ts";
export { batchInputs, collate, type TrainingBatch } from "./model/train/collate.ts";
export type { Document, LeftOut, Records } from "./model/train/documents.ts";
export { Feed, type FeedState } from "./model/train/feed.ts";
export { type Inspection, inspectionText, inspectRecords } from "./model/train/inspect.ts";
export { preparer } from "./model/train/prepare.ts";
export { type Sample, type SampleOptions, sampleOf } from "./model/train/sample.ts";
export { showLegend, showSample } from "./model/train/show.ts";
export { trainingBatch } from "./model/train/trainingBatch.ts";
export { configOf, VARIANTS } from "./model/config/variants.ts";
export { loadLanguageModel, loadWeights } from "./model/checkpoint/load/onDemand.ts";
export { parseSafetensors } from "./model/checkpoint/safetensors/parseSafetensors.ts";
// what the signatures above name
export type { PretrainedOptions } from "./model/checkpoint/checkpoint.ts";
export type { WeightDType } from "./model/checkpoint/convert/storeAs.ts";
export type { Patience } from "./model/checkpoint/hub/patience.ts";
export type { LoadOptions, LoadReport, Progress } from "./model/checkpoint/load/loadWeights.ts";
export type {
  Lost,
  Narrowing,
  StoredDType,
  StoredTensor,
  TensorData,
  WeightFile,
} from "./model/checkpoint/weightFile.ts";
export type { CrossAttentionConfig, PerceiverConfig } from "./model/config/config.ts";
export type { LanguageConfig, LayerType } from "./model/config/languageConfig.ts";
export type { RopeScaling } from "./model/config/ropeConfig.ts";
export type { VariantName } from "./model/config/variants.ts";
export type { VisualConfig } from "./model/config/visualConfig.ts";
export type { Pictures } from "./model/flamingo.ts";
export type { Hypothesis } from "./model/generate/beam.ts";
export type { Replier } from "./model/generate/chat.ts";
export type { ChosenLogprob, TokenLogprob } from "./model/generate/logprobs.ts";
export type { Sampling } from "./model/generate/sampling.ts";
export type { PixelInputs } from "./model/inputs.ts";
export type { RotaryTables } from "./model/language/rotary.ts";
export type { ResamplerLayer } from "./model/perceiver/perceiverResampler.ts";
export type { ImageMode, PixelNdarray } from "./model/processor/pictures/image.ts";
export type { PixelValues } from "./model/processor/pictures/preprocess.ts";
export type { PreprocessOptions } from "./model/processor/pictures/preprocess.ts";
export type { CanvasPixels } from "./model/processor/pictures/readPicture.ts";
export type { UnreadInput } from "./model/processor/pictures/readPictures.ts";
export type { ApplyOptions } from "./model/processor/applyOptions.ts";
export type {
  ProcessorFiles,
  ProcessorInput,
  ProcessorOptions,
  ProcessorOutput,
} from "./model/processor/processor.ts";
export type { ChatStyle, ChatStyleName } from "./model/processor/text/chatStyles.ts";
export type { Role, TemplateOptions } from "./model/processor/text/chatTemplate.ts";
export type { PaddedBatch } from "./model/processor/text/fitLength.ts";
export type { Message, Part, Prompt } from "./model/processor/text/prompt.ts";
export type { Spelling } from "./model/processor/text/spelling.ts";
export type { ChatTemplates } from "./model/processor/text/templateFiles.ts";
export type { DecodeIdsOptions, EncodeOptions, Tokenizer } from "./model/processor/text/tokenizer.ts";
export type { TokenizerConfig, TokenizerJson } from "./model/processor/text/tokenizerFiles.ts";
export type { LookOptions } from "./model/study/answerLooks.ts";
export type { Fill } from "./model/study/dependence.ts";
export type { KeptLatents } from "./model/study/latents.ts";
export type { RungToken } from "./model/study/lens.ts";
export type { PreparedSample } from "./model/train/collate.ts";
export type {
  Layout,
  Part as DocumentPart,
  Picture as DocumentPicture,
  Text as DocumentText,
} from "./model/train/documents.ts";
export type { FeedOptions } from "./model/train/feed.ts";
export type { InspectOptions, Spread } from "./model/train/inspect.ts";
export type { LeftOutCount, LeftOutState } from "./model/train/leftOut.ts";
export type { Mixture, MixtureState } from "./model/train/mixture.ts";
export type { Reader, ReaderOptions, ReaderState } from "./model/train/reader.ts";
