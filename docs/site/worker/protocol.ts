/*
 * What the page and the worker say to each other. All of it can be cloned; numbers that many figures need are arrays.
 */

/**
 * A picture by name: one that comes with the model ("fruit"), the reader's own as the model sees it ("i:" and a file in
 * base64url), or one that was put together ("s:" and a scene).
 */
export type PictureRef = string;

/** A question about pictures. The same question has the same answer: what is known of it can be kept. */
export interface Asked {
  readonly pictures: readonly PictureRef[];
  readonly question: string;
}

export interface Choice {
  readonly text: string;
  readonly probability: number;
}

/** A token of the answer. */
export interface Token {
  readonly id: number;
  readonly text: string;
  readonly special: boolean;
  readonly probability: number;
  /** The same, if words could not look at pictures. */
  readonly blind: number;
  /** The likeliest in its place. */
  readonly top: readonly Choice[];
}

/** A question with the model's answer: what all figures of the site are about. */
export interface Run extends Asked {
  readonly tokens: readonly Token[];
}

/** What the site knows about the model's folder before anything runs. */
export interface Known {
  readonly pictures: readonly string[];
  readonly questions: readonly string[];
  /** Pixels a side of a picture as the model sees it. */
  readonly side: number;
}

/** The model's folder, or its address, with its files and the pictures that come along. */
export interface Shipped {
  readonly folder: string;
  readonly pictures: readonly string[];
}

export type Job =
  | { readonly load: Shipped }
  | { readonly run: Asked }
  | { readonly study: { readonly name: string; readonly asked: Asked; readonly params: unknown } }
  /** A picture as the model sees it, from a file or by name: RGB bytes. */
  | { readonly see: Blob | PictureRef };

export type Request<J = Job> =
  | { readonly id: number; readonly job: J }
  | { readonly cancel: number }
  /** Whether anybody is there. */
  | { readonly ping: true };

export type Response =
  | { readonly pong: true }
  | { readonly id: number; readonly event: unknown }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };
