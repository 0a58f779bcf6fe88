import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FileFormatError } from "../../core/errors.ts";
import { openWeights } from "../checkpoint/openWeights.ts";
import { parseSafetensors } from "../checkpoint/safetensors/parseSafetensors.ts";
import { readPicture } from "../processor/pictures/readPicture.ts";
import { parseJson } from "./parseJson.ts";

const folder = mkdtempSync(join(tmpdir(), "infimm-what-"));
afterAll(() => rmSync(folder, { recursive: true }));

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const LFS = text(`version https://git-lfs.github.com/spec/v1\noid sha256:${"0a".repeat(32)}\nsize 19708346624\n`);
const PAGE = text("<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>");
const bytes = (...list: (number | string)[]): Uint8Array =>
  Buffer.concat(list.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.of(part))));

const STRANGERS: [string, Uint8Array, RegExp][] = [
  ["a git-lfs pointer", LFS, /git-lfs pointer.*git lfs pull/],
  ["a web page", PAGE, /web page.*\/resolve\//],
  ["a page after blank lines", text("\n\n  <html>"), /web page/],
  ["a server's error", text('{"error":"Repository not found"}'), /server's error message/],
  ["an error of a storage server", text('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'), /XML/],
  ["nothing", new Uint8Array(0), /it is empty; is the download complete/],
  ["zeros", new Uint8Array(4000), /begins with zeros/],
  ["GGUF", bytes("GGUF", 3, 0, 0, 0, 0, 0, 0, 0), /GGUF file, of llama\.cpp/],
  ["ONNX", bytes(8, 7, 0x12, 7, "pytorch", 0x1a, 3, "2.1"), /ONNX model/],
  ["Keras", bytes(0x89, "HDF\r\n", 0x1a, "\n", 0), /HDF5 file, of Keras/],
  ["TensorFlow Lite", bytes(0x1c, 0, 0, 0, "TFL3", 0), /TensorFlow Lite/],
  ["Flax", bytes(0x82, 0xa5, "model", 0x81), /msgpack file, as Flax/],
  ["Flax of many names", bytes(0xde, 0, 20, 0xa7, "decoder", 0x81), /msgpack/],
  ["NumPy", bytes(0x93, "NUMPY", 1, 0), /NumPy array/],
  ["gzip", bytes(0x1f, 0x8b, 8, 0), /gunzip/],
  ["tar, as before PyTorch 0.1", bytes("pickle", "\0".repeat(251), "ustar", 0), /tar archive/],
  ["another pickle", bytes(0x80, 4, 0x95, 1), /Python pickle, but not of torch\.save/],
  ["JSON", text('[1, 2, "three"]'), /it is JSON/],
  ["text", text("These are my notes."), /it is text/],
];

describe("in a weight's place", () => {
  it.each(STRANGERS)("%s is called by its name", async (_, content, message) => {
    for (const name of ["model.safetensors", "pytorch_model.bin", "weights.dat"]) {
      const path = join(folder, name);
      writeFileSync(path, content);
      const opened = openWeights(path);
      await expect(opened).rejects.toThrow(message);
      await expect(opened).rejects.toThrow(path);
      await expect(opened).rejects.toThrow(FileFormatError);
    }
    expect(() => parseSafetensors(Uint8Array.from(content).buffer, "f")).toThrow(message);
  });

  it("each format is called by its name in the other's place", async () => {
    const { convertCheckpoint } = await import("../checkpoint/convert/convert.ts");
    const { copyFile } = await import("node:fs/promises");
    await convertCheckpoint("golden/fixtures/torch/module.bin", join(folder, "a.safetensors"));
    await copyFile(join(folder, "a.safetensors"), join(folder, "a.bin"));
    await expect(openWeights(join(folder, "a.bin"))).rejects.toThrow(/safetensors file under another name/);
    await copyFile("golden/fixtures/torch/module.bin", join(folder, "b.safetensors"));
    await expect(openWeights(join(folder, "b.safetensors"))).rejects.toThrow(/zip archive, as torch\.save writes it/);
  });

  it("what begins as it should is only damaged", () => {
    const header = '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    const cut = bytes(header.length, 0, 0, 0, 0, 0, 0, 0, header, 0, 0);
    expect(() => parseSafetensors(Uint8Array.from(cut).buffer, "f")).toThrow(/"w": its data ends at byte 4.*download/);
  });
});

describe("in the place of other files", () => {
  it("a pointer and a page are called by their names, too", async () => {
    expect(() => parseJson(new TextDecoder().decode(LFS), "config.json")).toThrow(
      /config\.json is not JSON: .*git-lfs/,
    );
    expect(() => parseJson("<html>", "config.json")).toThrow(/web page/);
    expect(() => parseJson("{", "config.json")).toThrow(/not JSON: Expected property name/);
    await expect(readPicture(LFS)).rejects.toThrow(/this is text: "version https:\/\/".*git lfs pull/);
    await expect(readPicture(PAGE)).rejects.toThrow(/this is text.*web page/);
    const index = join(folder, "model.safetensors.index.json");
    writeFileSync(index, LFS);
    await expect(openWeights(index)).rejects.toThrow(/cannot be read as an index: .*git lfs pull/);
  });

  it.each<[string, string, RegExp]>([
    ["a PEFT adapter", "adapter_config.json", /PEFT adapter.*merge_and_unload/],
    ["a checkpoint of DeepSpeed", "zero_to_fp32.py", /zero_to_fp32\.py \. pytorch_model\.bin/],
    ["a sharded checkpoint", "__0_0.distcp", /torch\.distributed/],
    ["GGUF", "zephyr.Q4_K_M.gguf", /GGUF/],
    ["TensorFlow weights", "tf_model.h5", /TensorFlow/],
    ["Flax weights", "flax_model.msgpack", /Flax/],
    ["an ONNX model", "model.onnx", /ONNX/],
  ])("a folder of %s is called by its name", async (_, name, message) => {
    const inner = mkdtempSync(join(folder, "inner-"));
    writeFileSync(join(inner, name), "");
    const opened = openWeights(inner);
    await expect(opened).rejects.toThrow(/has none of model\.safetensors/);
    await expect(opened).rejects.toThrow(message);
  });
});
