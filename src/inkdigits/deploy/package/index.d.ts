/** x0, y0, x1, y1 in the picture's pixels; x1 and y1 are exclusive. */
export type Box = [number, number, number, number];

export interface Digit {
  value: number;
  /** The calibrated probability of the value, in 0..1. */
  confidence: number;
  /** Whether the confidence is one that 99 % of real digits reach. */
  sure: boolean;
  box: Box;
  /** Of each digit from 0 to 9. */
  probabilities: number[];
  /** What the network saw: 28 rows of 28 numbers in 0..1, ink bright. */
  seen: number[][];
}

/** A sign that is read and is no digit: one of . , - + × ÷ / = : */
export interface Mark {
  text: string;
  confidence: number;
  sure: boolean;
  box: Box;
}

export interface Reading {
  text: string;
  lines: string[];
  confidence: number;
  sure: boolean;
  digits: Digit[];
  marks: Mark[];
  /** Boxes of other writing. */
  skipped: Box[];
  /** Boxes of what may be digits that are too faint to be read. */
  faint: Box[];
  /** By how many degrees the page was turned clockwise to read it. */
  turned: number;
  warnings: string[];
  /** Which digits.onnx has read it: the first 12 digits of the SHA-256 in its metadata. */
  model: string;
}

export interface Hints {
  /** That there is one digit, or one number. */
  expect?: "digit" | "number" | null;
  /** How many digits there are. */
  length?: number | null;
}

/** Such as an ImageData: red, green, blue and alpha of each pixel, the right way up. */
export interface Pixels {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

/**
 * Where the files in the folder models are, if they are not there any more: paths, addresses or
 * bytes. Other ones are refused: with another digits.onnx `inkdigits bundle npm OUT --model FILE`
 * makes this package.
 */
export interface Models {
  digits?: string | Uint8Array;
  page?: string | Uint8Array;
}

export class UnreadablePicture extends Error {}

export class Reader {
  /** @param ort onnxruntime-node or onnxruntime-web, as it is imported */
  static open(ort: object, models?: Models): Promise<Reader>;
  /** @returns null if nothing is written there */
  read(pixels: Pixels, hints?: Hints | null): Promise<Reading | null>;
}
