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
    assert.equal(await outbox.undo(), !isReloaded); // what is still being sent is on no server yet
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
