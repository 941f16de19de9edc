/** What pages of one host keep in the browser is apart. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { shelfIn } from "../../src/inkdigits/web/static/shelf.js";

/** @param {Record<string, string>} [kept] @param {number} [most] characters that it has room for */
function storageOf(kept = {}, most = Infinity) {
  const names = new Map(Object.entries(kept));
  return {
    getItem: (name) => names.get(name) ?? null,
    removeItem: (name) => names.delete(name),
    setItem(name, content) {
      const others = [...names].filter(([other]) => other !== name);
      if ([...others, name, content].flat().join("").length > most) throw new Error("full");
      names.set(name, content);
    },
  };
}

/** @param {string} address of the page @param {ReturnType<typeof storageOf>} storage */
function shelfAt(address, storage) {
  globalThis.location = /** @type {any} */ (new URL(address));
  return shelfIn(/** @type {any} */ (storage));
}

test("two pages below one host keep what is theirs", () => {
  const storage = storageOf();
  const one = shelfAt("https://example.org/one/", storage);
  const two = shelfAt("https://example.org/two/index.html#write=1", storage);
  one.setItem("drawing", "a seven");
  assert.equal(two.getItem("drawing"), null);
  two.setItem("drawing", "a one");
  two.removeItem("drawing");
  assert.equal(shelfAt("https://example.org/one/?from=mail", storage).getItem("drawing"), "a seven");
});

test("what an older page has kept goes to the first that asks for it, and stays there", () => {
  const storage = storageOf({ drawing: "a seven" });
  const one = shelfAt("https://example.org/one/", storage);
  const two = shelfAt("https://example.org/two/", storage);
  assert.equal(one.getItem("drawing"), "a seven");
  assert.equal(two.getItem("drawing"), null);
  assert.equal(one.getItem("drawing"), "a seven");
});

test("where there is no room for the longer name it is still not lost", () => {
  const shelf = shelfAt("https://example.org/one/", storageOf({ drawing: "a seven" }, 15));
  assert.equal(shelf.getItem("drawing"), "a seven");
  assert.equal(shelf.getItem("drawing"), "a seven");
});
