/** Asking the server: the newest picture, one request at a time, and what its answers mean. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import * as api from "../../src/inkdigits/web/static/api.js";
import { reading } from "./readings.js";

const { health, Readings, Refused, Unreachable } = api;

/** Stands for the server: each request waits here until a test answers it. */
class Server {
  requests = [];
  #awaited = [];

  fetch = (address, { body, headers, method, signal } = {}) =>
    new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
      const answer = (content, status = 200) => resolve(new Response(content, { status }));
      const request = { address, method, headers, body, signal, answer, fail: reject };
      this.requests.push(request);
      this.#awaited.shift()?.(request);
    });

  /** The request that comes next. */
  next() {
    return new Promise((resolve) => this.#awaited.push(resolve));
  }
}

/** @type {Server} */
let server;
/** What the listener was told, in order: texts of readings, and errors. */
let told;
/** @type {Readings} */
let readings;
/** Called with all that is told. */
let tell;

beforeEach(() => {
  // A pause between two requests is over as soon as all else is done.
  globalThis.setTimeout = (then) => setImmediate(then);
  server = new Server();
  globalThis.fetch = server.fetch;
  told = [];
  tell = () => {};
  const listen = (what) => tell(told.push(what));
  const onReading = ({ text }, isFinal) => listen(isFinal ? text : `${text} so far`);
  readings = new Readings({ onReading, onError: listen });
});

/** @param {string} content */
function picture(content, type = "image/png") {
  return async () => new Blob([content], { type });
}

/** Ask for a picture, and wait until the server is asked for it. @param {string} content */
async function asked(content, type = "image/png") {
  const request = server.next();
  readings.ask(picture(content, type));
  return request;
}

/** Until somebody is told something. */
function listened() {
  return new Promise((resolve) => (tell = resolve));
}

/** Until all has been done that waits for no answer. */
async function settled() {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** @param {string} text */
function answerOf(text) {
  return JSON.stringify(reading(text));
}

test("a picture is sent to the page's own server, and its reading is told", async () => {
  const request = await asked("a seven");
  assert.equal(request.address, "api/read?seen=true");
  assert.equal(request.method, "POST");
  assert.equal(await request.body.text(), "a seven");
  request.answer(answerOf("7"));
  await listened();
  assert.deepEqual(told, ["7"]);
});

test("at most one request is under way, and only the newest picture is asked for next", async () => {
  const first = await asked("one");
  readings.ask(picture("two"));
  readings.ask(picture("three"));
  await settled();
  assert.equal(server.requests.length, 1);
  const next = server.next();
  first.answer(answerOf("1"));
  assert.equal(await (await next).body.text(), "three");
  assert.deepEqual(told, ["1 so far"]);
});

test("a picture is made when its turn comes, so that the newest ink is on it", async () => {
  let ink = "";
  const first = await asked("one");
  readings.ask(async () => new Blob([ink]));
  ink = "all strokes";
  const next = server.next();
  first.answer(answerOf("1"));
  assert.equal(await (await next).body.text(), "all strokes");
});

test("while ink is flowing the newest is asked for now and then, and what is seen is not", async () => {
  const next = server.next();
  readings.ask(picture("one"), false);
  readings.ask(picture("two"), false);
  await settled();
  const request = await next;
  assert.equal(server.requests.length, 1);
  assert.equal(request.address, "api/read");
  assert.equal(await request.body.text(), "two");
  request.answer(answerOf("2"));
  await listened();
  assert.deepEqual(told, ["2 so far"]);
});

test("the last ink is asked for without a pause", async () => {
  globalThis.setTimeout = () => 0; // no pause ever ends by itself
  readings.ask(picture("one"), false);
  await settled();
  assert.equal(server.requests.length, 0);
  const request = await asked("all");
  assert.equal(request.address, "api/read?seen=true");
});

test("an answer that newer ink has outrun is not the last one", async () => {
  const first = await asked("one");
  readings.ask(picture("two"));
  first.answer(answerOf("1"));
  await listened();
  assert.deepEqual(told, ["1 so far"]);
});

test("it is busy until the newest picture is answered", async () => {
  assert.equal(readings.isBusy, false);
  const first = await asked("one");
  readings.ask(picture("two"));
  const next = server.next();
  first.answer(answerOf("1"));
  const second = await next;
  assert.equal(readings.isBusy, true);
  second.answer(answerOf("2"));
  await listened();
  await settled();
  assert.equal(readings.isBusy, false);
});

test("a request that is cancelled is given up and told nothing of", async () => {
  const request = await asked("one");
  readings.cancel();
  await settled();
  assert.equal(request.signal.aborted, true);
  assert.equal(readings.isBusy, false);
  assert.deepEqual(told, []);
});

test("an answer that comes just before the request is cancelled is not told", async () => {
  const request = await asked("one");
  request.answer(answerOf("1"));
  readings.cancel();
  await settled();
  assert.deepEqual(told, []);
});

test("a picture that was to be asked for next is forgotten, too", async () => {
  await asked("one");
  readings.ask(picture("two"));
  readings.cancel();
  await settled();
  assert.equal(server.requests.length, 1);
});

test("after a request was cancelled the next picture is asked for at once", async () => {
  await asked("one");
  readings.cancel();
  const second = await asked("two");
  await settled();
  assert.equal(readings.isBusy, true);
  second.answer(answerOf("2"));
  await listened();
  await settled();
  assert.deepEqual(told, ["2"]);
  assert.equal(readings.isBusy, false);
});

for (const [type, sent] of [
  ["image/png", "image/png"],
  ["image/heic", "image/heic"],
  ["application/pdf", "application/octet-stream"],
  ["", "application/octet-stream"],
]) {
  test(`a file of ${type || "no known type"} is sent as ${sent}`, async () => {
    const { headers } = await asked("what the server reads", type);
    assert.deepEqual(headers, { "Content-Type": sent });
  });
}

test("a file without a byte is not sent", async () => {
  readings.ask(picture(""));
  await listened();
  assert.equal(server.requests.length, 0);
  assert.ok(told[0] instanceof Refused);
});

for (const [status, words] of [
  [413, "The picture is too large. Choose a smaller one, or cut out the part with the digits."],
  [415, "The file is no picture that can be read here. Choose a JPEG or a PNG."],
]) {
  test(`a status of ${status} is told in words for who chose the picture`, async () => {
    const request = await asked("a seven");
    request.answer('{"error": {"type": "UnreadablePicture", "message": "Raise max_pixels."}}', status);
    await listened();
    assert.ok(told[0] instanceof Refused);
    assert.equal(told[0].message, words);
  });
}

test("what a proxy finds too large is refused, whatever its page says", async () => {
  const request = await asked("a large photo");
  request.answer("<h1>413 Request Entity Too Large</h1>", 413);
  await listened();
  assert.ok(told[0] instanceof Refused);
  assert.match(told[0].message, /too large/);
});

test("a server that does not answer in time is as good as none", async (context) => {
  const patience = new AbortController();
  context.mock.method(AbortSignal, "timeout", () => patience.signal);
  await asked("a seven");
  patience.abort();
  await listened();
  assert.ok(told[0] instanceof Unreachable);
  assert.equal(told[0].message, "The server does not answer");
});

test("a photo that takes too long is not sent again", async (context) => {
  const patience = new AbortController();
  context.mock.method(AbortSignal, "timeout", () => patience.signal);
  await asked("a large photo".repeat(10_000));
  patience.abort();
  await listened();
  assert.ok(told[0] instanceof Refused);
  assert.match(told[0].message, /too long to arrive/);
});

test("a browser that knows no AbortSignal.any is read for, too", async (context) => {
  context.mock.method(AbortSignal, "any", () => assert.fail("there is none"));
  const request = await asked("a seven");
  request.answer(answerOf("7"));
  await listened();
  assert.deepEqual(told, ["7"]);
});

test("why the server refuses a picture is told in its own words", async () => {
  const request = await asked("nothing");
  request.answer('{"error": {"type": "NoInk", "message": "Nothing is written there."}}', 422);
  await listened();
  assert.ok(told[0] instanceof Refused);
  assert.equal(told[0].message, "Nothing is written there.");
});

for (const [what, answer] of [
  ["a proxy's error page", (request) => request.answer("<h1>Bad gateway</h1>", 502)],
  ["a welcome page of a network", (request) => request.answer("<h1>Welcome</h1>", 200)],
  ["a server that is too busy", (request) => request.answer('{"error": {"message": "Busy."}}', 503)],
  ["an error of somebody else's shape", (request) => request.answer("{}", 500)],
  ["a line that is down", (request) => request.fail(new TypeError("Failed to fetch"))],
]) {
  test(`${what} is no answer of the server`, async () => {
    answer(await asked("a seven"));
    await listened();
    assert.ok(told[0] instanceof Unreachable);
  });
}

test("after an error the next picture is asked for as before", async () => {
  const first = await asked("one");
  first.fail(new TypeError("Failed to fetch"));
  await listened();
  await settled();
  const second = await asked("two");
  second.answer(answerOf("2"));
  await listened();
  assert.equal(told[1], "2");
});

test("the server's health says what its limits are", async () => {
  const limits = health();
  const [request] = server.requests;
  assert.equal(request.address, "api/health");
  request.answer('{"status": "ok", "limits": {"bytes": 1000}}');
  assert.equal((await limits).limits.bytes, 1000);
});

test("a server that is not well is as good as none", async () => {
  const limits = health();
  server.requests[0].answer("{}", 503);
  await assert.rejects(limits, Unreachable);
});

test("to be shown a file has a photo's time, however small it is", async (context) => {
  const given = [];
  context.mock.method(AbortSignal, "timeout", (time) => {
    given.push(time);
    return new AbortController().signal;
  });
  const next = server.next();
  const shown = api.server.shown(new Blob(["a small form"], { type: "application/pdf" }));
  (await next).answer("a picture");
  assert.equal(await (await shown).file.text(), "a picture");
  assert.deepEqual(given, [90_000]); // more than the minute in which it may arrive
});
