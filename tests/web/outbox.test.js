/** Corrections on their way: none is lost, and none is sent that was taken back. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { api, NotTaken, Outbox, toLines } from "../../src/inkdigits/web/static/outbox.js";

const SEVEN = { picture: "data:image/png;base64,AAAA", label: 7, strokes: null };
const ONE = { ...SEVEN, label: 1 };

function shelf() {
  const kept = new Map();
  return { getItem: (name) => kept.get(name) ?? null, setItem: (name, text) => kept.set(name, text) };
}

/** One that holds so many characters. */
function roomFor(most) {
  const kept = new Map();
  const size = () => [...kept].flat().join("").length;
  const setItem = (name, text) => {
    if (size() - (kept.get(name) ?? "").length + text.length > most) throw new Error("full");
    kept.set(name, text);
  };
  return { getItem: (name) => kept.get(name) ?? null, setItem, size };
}

/** A server that does what `answers` say in turn, and then takes all. */
function serverOf(...answers) {
  const server = { sent: [], takenBack: [] };
  server.send = async (correction) => {
    const answer = answers.shift();
    if (answer) throw answer;
    return server.sent.push(correction.label);
  };
  server.takeBack = async (number) => void server.takenBack.push(number);
  return server;
}

const rest = () => new Promise((resolve) => setImmediate(resolve));

test("what was said is sent in its order, with one session, and then is here no more", async () => {
  const server = serverOf();
  const outbox = new Outbox(shelf(), server);
  outbox.put([SEVEN, ONE]);
  assert.equal(outbox.entries.length, 2);
  assert.match(outbox.entries[0].correction.session, /^[0-9a-f]{32}$/);
  assert.equal(outbox.entries[0].correction.session, outbox.session);
  await rest();
  assert.deepEqual(server.sent, [7, 1]);
  assert.deepEqual(outbox.entries, []);
});

test("what nobody could keep stays, also over a reload, and is sent again", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const [place, server] = [shelf(), serverOf(new Error("503"), new Error("no network"))];
  const outbox = new Outbox(place, server);
  outbox.put([SEVEN]);
  await rest();
  assert.equal(outbox.entries.length, 1);
  mock.timers.tick(10_000);
  await rest();
  assert.equal(outbox.entries.length, 1);
  const reloaded = new Outbox(place, server);
  await reloaded.send();
  assert.deepEqual(server.sent, [7]);
  assert.deepEqual(outbox.entries, []);
  mock.timers.reset();
});

test("what the server refuses is told, and does not keep others waiting", async () => {
  const server = serverOf(new NotTaken("The picture is too large."));
  const outbox = new Outbox(shelf(), server);
  const told = [];
  outbox.addEventListener("refuse", ({ detail }) => told.push(detail));
  outbox.put([SEVEN, ONE]);
  await rest();
  assert.deepEqual(told, ["The picture is too large."]);
  assert.deepEqual(server.sent, [1]);
  assert.deepEqual(outbox.entries, []);
});

test("what a proxy finds too large is not sent for ever", async (context) => {
  const page = new Response("<h1>413 Request Entity Too Large</h1>", { status: 413 });
  context.mock.method(globalThis, "fetch", async () => page);
  await assert.rejects(api.send(SEVEN), NotTaken);
});

test("what is undone is taken back from the server, and all that was said together", async () => {
  const server = serverOf();
  const outbox = new Outbox(shelf(), server);
  outbox.put([SEVEN]);
  outbox.put([SEVEN, ONE]);
  await rest();
  await outbox.undo();
  assert.deepEqual(server.takenBack, [2, 3]);
  assert.equal(outbox.canUndo, true);
  await outbox.undo();
  assert.deepEqual(server.takenBack, [2, 3, 1]);
  assert.equal(outbox.canUndo, false);
});

test("what is undone while it is being sent is taken back once the server has it", async () => {
  const server = serverOf();
  const outbox = new Outbox(shelf(), server);
  outbox.put([SEVEN]);
  await outbox.undo();
  await rest();
  assert.deepEqual([server.sent, server.takenBack], [[7], [1]]);
  assert.deepEqual(outbox.entries, []);
});

for (const isReloaded of [false, true]) {
  const then = isReloaded ? "and the page is reloaded before the answer" : "and its answer is lost";
  test(`what is undone while it is being sent ${then} is taken back all the same`, async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const [place, server] = [shelf(), serverOf()];
    const outbox = new Outbox(place, server);
    const { send } = server;
    let lose;
    server.send = async (correction) => {
      void send(correction); // the server has it
      return new Promise((_, reject) => (lose = reject));
    };
    outbox.put([{ ...SEVEN, strokes: [[[0, 0, 0]]], photo: "AAAA" }, ONE]);
    const undone = outbox.undo();
    assert.deepEqual(outbox.entries, []);
    if (!isReloaded) {
      lose(new Error("no network"));
      assert.equal(await undone, false); // not before the server has said which it is
    }
    const again = [];
    server.send = async (correction) => again.push(correction);
    if (isReloaded) await new Outbox(place, server).send();
    else context.mock.timers.tick(10_000);
    await rest();
    const { session } = outbox;
    assert.deepEqual(again, [{ ...SEVEN, session }]); // no more of it than the server needs to know it
    assert.deepEqual(server.takenBack, [1]);
    assert.equal(outbox.isOwing, false);
  });
}

test("what is undone after its answer was lost is taken back before it is said to be", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const server = serverOf();
  const outbox = new Outbox(shelf(), server);
  const { send } = server;
  server.send = async (correction) => {
    await send(correction);
    throw new Error("the answer is lost");
  };
  outbox.put([SEVEN]);
  await rest();
  assert.equal(await outbox.undo(), false);
  assert.deepEqual([outbox.entries, outbox.isOwing], [[], true]);
  outbox.forget(); // is of what is here, and this is not only here
  server.send = async () => 1; // the same drawing has the same number
  context.mock.timers.tick(10_000);
  await rest();
  assert.deepEqual([server.takenBack, outbox.isOwing], [[1], false]);
});

test("what nobody has begun to send is forgotten at once when it is undone", async () => {
  const server = serverOf();
  const outbox = new Outbox(shelf(), server);
  server.send = () => new Promise(() => {});
  outbox.put([SEVEN]); // is under way for ever
  outbox.put([ONE]);
  assert.equal(await outbox.undo(), true);
  assert.equal(outbox.entries.length, 1);
});

test("on a shelf without any more room what is there is sent all the same", async () => {
  const [place, server] = [shelf(), serverOf()];
  const full = { ...place, setItem: place.setItem };
  const outbox = new Outbox(full, server);
  outbox.session;
  const lengths = new Map();
  full.setItem = (name, text) => {
    if (name.endsWith("to send") && text.length > (lengths.get(name) ?? Infinity)) throw new Error("full");
    lengths.set(name, text.length);
    place.setItem(name, text);
  };
  outbox.put([SEVEN]);
  await rest();
  assert.deepEqual([server.sent, outbox.entries], [[7], []]);
});

test("of what the server refuses there is nothing to undo", async () => {
  const server = serverOf(undefined, new NotTaken("It is too wild."), new NotTaken("It is too wild."));
  const outbox = new Outbox(shelf(), server);
  outbox.put([ONE]);
  outbox.put([SEVEN]);
  outbox.put([SEVEN]);
  await rest();
  assert.equal(await outbox.undo(), true);
  assert.deepEqual([server.takenBack, outbox.canUndo], [[1], false]);
});

test("what is undone is not told to be refused", async () => {
  const outbox = new Outbox(shelf(), serverOf(new NotTaken("It is too wild.")));
  const told = [];
  outbox.addEventListener("refuse", ({ detail }) => told.push(detail));
  outbox.put([SEVEN]);
  assert.equal(await outbox.undo(), true);
  assert.deepEqual(told, []);
});

test("what the server will not take back is told, and keeps nothing else waiting", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const server = serverOf();
  const outbox = new Outbox(shelf(), server);
  const told = [];
  outbox.addEventListener("stay", ({ detail }) => told.push(detail));
  server.takeBack = async () => Promise.reject(new NotTaken("It is still on the server."));
  outbox.put([SEVEN]);
  await rest();
  assert.equal(await outbox.undo(), false);
  assert.deepEqual([told, outbox.isOwing], [["It is still on the server."], false]);
  outbox.put([ONE]);
  await rest();
  assert.deepEqual(server.sent, [7, 1]);
});

for (const [status, isFinal] of [[403, false], [404, false], [405, false], [422, true], [429, false], [503, false]]) {
  test(`a correction that is answered with ${status} is ${isFinal ? "never" : "perhaps later"} taken`, async (context) => {
    const body = JSON.stringify({ error: { message: "No." } });
    context.mock.method(globalThis, "fetch", async () => new Response(body, { status }));
    await assert.rejects(api.send(SEVEN), (error) => error instanceof NotTaken === isFinal);
  });
}

for (const [status, isFinal] of [[403, true], [405, true], [422, true], [408, false], [429, false], [503, false]]) {
  test(`an answer of ${status} to a take-back is ${isFinal ? "the last" : "none yet"}`, async (context) => {
    context.mock.method(globalThis, "fetch", async () => new Response("", { status }));
    await assert.rejects(api.takeBack(1, "session"), (error) => error instanceof NotTaken === isFinal);
  });
}

test("what two tabs send at once stays on the server", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const [place, server] = [shelf(), serverOf(new Error("no network"))];
  const said = new Outbox(place, server);
  said.put([SEVEN]);
  await rest();
  const other = new Outbox(place, server);
  await Promise.all([said.send(), other.send()]);
  assert.deepEqual(server.takenBack, []);
  assert.deepEqual(said.entries, []);
});

test("what another tab has sent is taken back by the one in which it was said", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const [place, server] = [shelf(), serverOf(new Error("no network"))];
  const said = new Outbox(place, server);
  said.put([SEVEN]);
  await rest();
  await new Outbox(place, server).send();
  assert.equal(await said.undo(), true);
  assert.deepEqual([server.sent, server.takenBack], [[7], [1]]);
});

test("what is undone or forgotten while another tab is sending it is taken back", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  for (const leaveOut of [(outbox) => outbox.undo(), (outbox) => outbox.forget()]) {
    const [place, server] = [shelf(), serverOf(new Error("no network"))];
    const said = new Outbox(place, server);
    said.put([SEVEN]);
    await rest();
    const sending = new Outbox(place, server).send();
    await leaveOut(said);
    await sending;
    assert.deepEqual([server.sent, server.takenBack], [[7], [1]]);
  }
});

test("what could not be taken back is taken back later, also over a reload", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  for (const isReloaded of [false, true]) {
    const [place, server] = [shelf(), serverOf()];
    const outbox = new Outbox(place, server);
    const { takeBack } = server;
    server.takeBack = async () => Promise.reject(new Error("no network"));
    outbox.put([SEVEN]);
    if (isReloaded) await rest();
    assert.equal(await outbox.undo(), false); // also if it was still being sent
    await rest();
    assert.deepEqual([server.takenBack, outbox.entries, outbox.canUndo], [[], [], false]);
    server.takeBack = takeBack;
    if (isReloaded) await new Outbox(place, server).send();
    else context.mock.timers.tick(10_000);
    await rest();
    assert.deepEqual(server.takenBack, [1]);
    await outbox.send();
    assert.deepEqual(server.takenBack, [1]); // once
  }
});

test("a drawing that is taken back and said to be something else is sent after it is taken back", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const server = serverOf();
  const outbox = new Outbox(shelf(), server);
  const order = [];
  server.send = async ({ label }) => order.push(`sent ${label}`);
  server.takeBack = async () => {
    order.push("taken back");
    if (order.length < 3) throw new Error("no network");
  };
  outbox.put([SEVEN]);
  await rest();
  await outbox.undo();
  outbox.put([ONE]);
  await rest();
  assert.deepEqual(order, ["sent 7", "taken back", "taken back", "sent 1"]);
});

test("without a server they stay here, and become a file of lines", async () => {
  const [place, server] = [shelf(), serverOf()];
  const outbox = new Outbox(place, null);
  outbox.put([SEVEN]);
  outbox.put([ONE]);
  await rest();
  const lines = toLines(outbox.entries).trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => JSON.parse(line).label), [7, 1]);
  await outbox.undo();
  assert.equal(outbox.entries.length, 1);
  await new Outbox(place, server).send();
  assert.deepEqual(server.sent, []); // what was to stay here stays when a server keeps some one day
  outbox.forget();
  assert.deepEqual([outbox.entries, outbox.canUndo], [[], false]);
});

test("what no server wants for a while is in sight here, and is sent when one does again", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const place = shelf();
  new Outbox(place, serverOf(new Error("no network"))).put([{ ...ONE, photo: "one" }]);
  await rest();
  const alone = new Outbox(place, null);
  alone.put([{ ...SEVEN, photo: "one" }, SEVEN]);
  assert.deepEqual(alone.entries.map(({ correction }) => correction.photo), ["one", "one", undefined]);
  const server = serverOf();
  const outbox = new Outbox(place, server);
  assert.deepEqual(outbox.entries.map(({ correction }) => [correction.label, correction.photo]), [[1, "one"]]);
  await outbox.send();
  assert.deepEqual(server.sent, [1]);
  assert.deepEqual(new Outbox(place, null).entries.map(({ correction }) => correction.photo), ["one", undefined]);
});

test("what a server no longer wants stays here, and what it still has is taken back one day", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const place = roomFor(2000);
  const gone = new Error("no network");
  const before = new Outbox(place, serverOf(gone, gone));
  before.put([SEVEN]); // which may have arrived
  await rest();
  await before.undo();
  before.put([{ ...ONE, photo: "A".repeat(700) }]);
  await rest();
  const outbox = new Outbox(place, null);
  assert.deepEqual(outbox.entries.map(({ correction }) => correction.label), [1]);
  assert.equal(outbox.entries[0].correction.photo.length, 700);
  const server = serverOf();
  await new Outbox(place, server).send();
  assert.deepEqual([server.sent, server.takenBack], [[7, 1], [1]]);
  assert.equal(new Outbox(place, null).entries.length, 0);
});

test("a whole photo is kept once for all its digits, and goes along with each", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const [place, server] = [roomFor(5e6), serverOf(new Error("no network"))];
  const photo = "A".repeat(333_000);
  const digits = Array.from({ length: 30 }, (_, i) => ({ ...SEVEN, label: i % 10, photo, box: [i, 0, 9, 9] }));
  const outbox = new Outbox(place, server);
  outbox.put(digits.slice(0, 29));
  outbox.put(digits.slice(29)); // of the same photo
  outbox.put([SEVEN]);
  await rest();
  const sent = [];
  server.send = async (correction) => sent.push(correction);
  await new Outbox(place, server).send();
  assert.equal(sent.length, 31);
  const digitsSent = sent.slice(0, 30).map(({ session, ...correction }) => correction);
  assert.deepEqual(digitsSent, digits);
  assert.equal(sent[30].photo, undefined);
  assert.ok(place.size() < 10_000); // the photo is here no more
});

test("a file of lines has each digit's photo, and what is forgotten leaves none behind", () => {
  const place = roomFor(5e6);
  const outbox = new Outbox(place, null);
  for (const photo of ["one", "other"]) outbox.put([{ ...SEVEN, photo }, { ...ONE, photo }]);
  const lines = toLines(outbox.entries).trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => JSON.parse(line).photo), ["one", "one", "other", "other"]);
  outbox.forget();
  assert.ok(place.size() < 200);
});

test("where there is room for a photo and not for its digit, neither is kept", () => {
  const place = roomFor(1000);
  const outbox = new Outbox(place, null);
  assert.throws(() => outbox.put([{ ...SEVEN, photo: "A".repeat(800) }]), /full/);
  assert.deepEqual([outbox.entries, outbox.canUndo], [[], false]);
  assert.ok(place.size() < 200);
});

test("a browser that has no room says so, and nothing is half kept", () => {
  const full = { getItem: () => null, setItem: (name) => { if (name.includes("corrections")) throw new Error("full"); } };
  const outbox = new Outbox(full, null);
  assert.throws(() => outbox.put([SEVEN]), /full/);
  assert.equal(outbox.canUndo, false);
});
