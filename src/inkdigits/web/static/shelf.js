/** What the page keeps in the browser, apart from what other pages of the same host keep. */

/**
 * @param {Storage} storage
 * @returns {Pick<Storage, "getItem" | "setItem" | "removeItem">} of the pages in this one's folder
 */
export function shelfIn(storage) {
  const folder = new URL(".", location.href).pathname;
  const own = (name) => `${name} of ${folder}`;
  return {
    getItem: (name) => storage.getItem(own(name)) ?? takenOver(storage, name, own(name)),
    setItem: (name, content) => storage.setItem(own(name), content),
    removeItem: (name) => storage.removeItem(own(name)),
  };
}

/** What an older page has kept, as if it was its host's only one: it goes to the first that asks. */
function takenOver(storage, name, own) {
  const content = storage.getItem(name);
  if (content === null) return null;
  storage.removeItem(name); // first: there may be no room for both
  try {
    storage.setItem(own, content);
  } catch {
    storage.setItem(name, content); // its name is longer
  }
  return content;
}
