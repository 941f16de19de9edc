/**
 * The gallery in which the owner reviews corrections, with keys or buttons; a click chooses the one
 * that the next of them is for.
 *
 * @typedef {{number: number, picture: string, label: number | null, sent_label: number | null,
 *   state: string, probabilities: number[], doubt: number, session: string}} Correction
 */

import { toPercent } from "./words.js";

/** So many are shown at once. */
const AT_ONCE = 60;

const GONE = "Its sender has taken it back.";

const entrance = /** @type {HTMLFormElement} */ (element("entrance"));
const gallery = element("gallery");
/** The card that had the focus last. @type {HTMLElement | null} */
let chosen = null;
/** What can be undone, the newest last: a card, and how it was. */
let past = [];
let token = "";
/** How many decisions the server has not answered yet. */
let sending = 0;
/** Whether of those that were sent together one was of what is gone. */
let isOneGone = false;

entrance.hidden = false; // now there is somebody who takes the token
entrance.addEventListener("submit", (event) => {
  event.preventDefault();
  token = /** @type {HTMLInputElement} */ (element("token")).value;
  void show();
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const act = actionFor(event, /** @type {HTMLElement} */ (event.target).closest("li"));
  if (!act) return;
  event.preventDefault();
  void act();
});
for (const button of element("decide").querySelectorAll("button")) {
  const asKey = { key: button.value, shiftKey: false };
  button.addEventListener("click", () => actionFor(asKey, chosen?.isConnected ? chosen : null)?.());
}
gallery.addEventListener("focusin", ({ target }) => {
  chosen?.removeAttribute("aria-current");
  chosen = /** @type {HTMLElement} */ (target).closest("li");
  chosen?.setAttribute("aria-current", "true");
});
gallery.addEventListener("click", ({ target }) => {
  focus(/** @type {HTMLElement} */ (target).closest("li")); // not all browsers do at a tap
});

/** What a key does with a card, which may be none; nothing with some keys. */
function actionFor({ key, shiftKey }, card) {
  if (past.length > 0 && key.toLowerCase() === "u") return undo; // also when no card is left
  if (!card) return undefined;
  const { label } = card.correction;
  if (/^\d$/.test(key)) return () => decide(card, "accepted", Number(key));
  return {
    a: shiftKey ? acceptAll : () => decide(card, "accepted", label),
    n: () => decide(card, "accepted", null),
    r: () => decide(card, "rejected", label),
    arrowright: () => focus(card.nextElementSibling),
    arrowleft: () => focus(card.previousElementSibling),
    arrowdown: () => focus(below(card, 1)),
    arrowup: () => focus(below(card, -1)),
  }[key.toLowerCase()]; // which Caps Lock makes large
}

async function show() {
  const answer = await ask(`?state=waiting&suspicious_first=true&limit=${AT_ONCE}`);
  if (!answer) return;
  const { corrections } = await answer.json();
  if ([...gallery.children].some(isUndecided)) return; // something was undone meanwhile
  entrance.hidden = true;
  for (const id of ["decide", "keys"]) element(id).hidden = corrections.length + past.length === 0;
  say([isOneGone && GONE, corrections.length === 0 && "Nothing is waiting."].filter(Boolean).join(" "));
  gallery.replaceChildren(...corrections.map(makeCard));
  focus(gallery.firstElementChild);
}

/** Decide, and go on to the next that is undecided. */
async function decide(card, state, label) {
  past.push([card, card.correction]);
  const sent = send(card, state, label);
  const cards = [...gallery.children];
  const next = [...cards.slice(cards.indexOf(card)), ...cards].find(isUndecided);
  focus(next); // the next key may come before the answer
  if (!(await sent)) focus(card);
}

async function acceptAll() {
  const cards = [...gallery.children].filter(isUndecided);
  await Promise.all(cards.map((card) => decide(card, "accepted", card.correction.label)));
}

async function undo() {
  const [card, before] = past.pop() ?? [];
  if (!card) return;
  if (!card.isConnected) {
    gallery.prepend(card); // in the place of which more is shown
    say("");
  }
  focus(card);
  await send(card, before.state, before.label);
}

/** Show it decided, and if the server says no as it was; after the last answer, show more. */
async function send(card, state, label) {
  const decided = { ...card.correction, state, label };
  draw(card, decided);
  if (sending++ === 0) isOneGone = false;
  const body = JSON.stringify({ state, label });
  const headers = { "Content-Type": "application/json" };
  const post = () => ask(`/${decided.number}/review`, { method: "POST", body, headers });
  card.answer = Promise.resolve(card.answer).then(post); // what is undone arrives after it was done
  const answer = await card.answer;
  sending--;
  const isGone = answer?.status === 404;
  isOneGone ||= isGone;
  if (isGone) remove(card);
  else if (answer) card.onServer = decided;
  else if (card.correction === decided) draw(card, card.onServer); // nothing else was decided since
  if (isGone) say(GONE);
  if (answer && sending === 0 && ![...gallery.children].some(isUndecided)) await show();
  return answer !== null;
}

/** Nothing can be decided of it any more. */
function remove(card) {
  const hasFocus = card.contains(document.activeElement);
  const beside = card.nextElementSibling ?? card.previousElementSibling;
  card.remove();
  past = past.filter(([other]) => other !== card);
  if (hasFocus) focus(beside);
}

/** The server's answer, also that what is decided of is gone; what else is wrong is said. */
async function ask(path, request = {}) {
  const headers = { ...request.headers, Authorization: `Bearer ${token}` };
  let answer;
  try {
    answer = await fetch(`api/corrections${path}`, { ...request, headers });
    if (answer.ok || (request.method && answer.status === 404)) return answer;
    say((await answer.json()).error.message);
  } catch {
    say("The server cannot be reached. Nothing was changed; try again.");
  }
  return null;
}

/** @param {Correction} correction */
function makeCard(correction) {
  const card = document.createElement("li");
  const button = document.createElement("button");
  const picture = document.createElement("img");
  button.type = "button";
  picture.src = correction.picture;
  picture.alt = "";
  button.append(picture, document.createElement("b"), document.createElement("span"));
  card.append(button);
  draw(card, correction);
  card.onServer = correction;
  return card;
}

/** @param {Correction} correction what the card is to show */
function draw(card, correction) {
  card.correction = correction;
  const { label, state, probabilities, session } = correction;
  const button = card.firstElementChild;
  const [, name, opinion] = button.children;
  const likeliest = probabilities.indexOf(Math.max(...probabilities));
  name.textContent = label === null ? "none" : String(label);
  opinion.textContent = `read ${likeliest}, ${toPercent(probabilities[likeliest])} %`;
  button.dataset.state = state;
  button.title = `Session ${session}`;
  const said = label === null ? "No digit" : `A ${label}`;
  button.setAttribute("aria-label", `${said}; ${opinion.textContent}; ${state}`);
}

function isUndecided(card) {
  return card.correction.state === "waiting";
}

/** The card in the next row, or in the one before. */
function below(card, step) {
  const cards = [...gallery.children];
  const columns = getComputedStyle(gallery).gridTemplateColumns.split(" ").length;
  return cards[cards.indexOf(card) + step * columns];
}

function focus(card) {
  card?.firstElementChild.focus();
}

function say(text) {
  element("message").textContent = text;
}

/** @param {string} id @returns {HTMLElement} */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
