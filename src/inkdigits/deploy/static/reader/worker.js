/**
 * Reads pictures in a thread of its own, so that the pen never waits. It says `{loaded, total}`, in
 * bytes, until it is `{ready: true}`; asked `{id, picture, hints}` it answers `{id, reading}` or
 * `{id, refused}`, in words. It may say `{failed}`, and is then of no more use.
 *
 * A classic worker, as xz-decompress is no module.
 */

/** Where this file is: a worker of another site's page is told. @param {string} name beside it */
const beside = (name) => new URL(name, self.at ?? location.href).href;

importScripts(beside("xz-decompress.min.js"));
const { XzReadableStream } = self["xz-decompress"];

const NO_INK = "Nothing is written in the picture. Write digits, dark on light or light on dark.";
/** More threads than this wait for one another. */
const MOST_THREADS = 4;

const loading = load();
loading.then(
  () => postMessage({ ready: true }),
  (error) => postMessage({ failed: String(error) }),
);
/** One picture after the other. */
let last = loading.catch(() => {});

onmessage = ({ data: { id, picture, hints } }) => {
  last = last.then(async () => postMessage(await answer(id, picture, hints)));
};

/** @param {number} id @param {Blob} picture @param {import("./reader.js").Hints} hints */
async function answer(id, picture, hints) {
  const { reader, toGrey, UnreadablePicture, WrongHints } = await loading;
  try {
    const reading = await reader.read(await toGrey(picture), hints);
    return reading ? { id, reading } : { id, refused: NO_INK };
  } catch (error) {
    const isRefused = error instanceof UnreadablePicture || error instanceof WrongHints;
    return isRefused ? { id, refused: error.message } : { failed: String(error) };
  }
}

async function load() {
  const [{ sizes, rules, version }, ort, grey, { Reader, WrongHints }] = await Promise.all([
    fetched("contents.json").then((response) => response.json()),
    import(beside("ort.wasm.min.js")),
    import(beside("grey.js")),
    import(beside("reader.js")),
  ]);
  const total = Object.values(sizes).reduce((a, b) => a + b);
  let loaded = 0;
  const count = (chunk, controller) => {
    postMessage({ loaded: (loaded += chunk.byteLength), total });
    controller.enqueue(chunk);
  };
  const unpacked = async (name) => {
    const { body } = await fetched(`${name}.xz`);
    const counted = body.pipeThrough(new TransformStream({ transform: count }));
    return new Response(new XzReadableStream(counted)).arrayBuffer();
  };
  const names = ["ort-wasm-simd-threaded.wasm", "digits.onnx", "page.onnx"];
  const [wasm, digits, page] = await Promise.all(names.map(unpacked));
  ort.env.logLevel = "error";
  ort.env.wasm.wasmBinary = wasm;
  ort.env.wasm.wasmPaths = { mjs: beside("ort-wasm-simd-threaded.js") };
  ort.env.wasm.numThreads = self.crossOriginIsolated
    ? Math.min(navigator.hardwareConcurrency, MOST_THREADS)
    : 1;
  const reader = new Reader(
    ort,
    await ort.InferenceSession.create(digits),
    await ort.InferenceSession.create(page),
    rules,
    version,
  );
  await reader.read(stroke()); // the first reading takes long: the browser compiles what it needs
  return { reader, ...grey, WrongHints };
}

/** @param {string} name */
async function fetched(name) {
  const response = await fetch(beside(name));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response;
}

/** A small picture that is looked at as a page, too: two strokes. */
function stroke() {
  const [width, height] = [64, 48];
  const data = new Uint8Array(width * height).fill(255);
  for (let y = 12; y < 36; y++) for (const x of [16, 17, 46, 47]) data[y * width + x] = 0;
  return { data, width, height };
}
