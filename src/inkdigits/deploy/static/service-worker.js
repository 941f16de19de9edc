/** Keeps the whole site, so that it opens without a network. */

/** What each file must be, and what they all are: written here when the site is bundled. */
const FILES = {};
const VERSION = "";

/** Other sites of the same host have caches of their own. */
const OURS = `inkdigits ${registration.scope} `;
const CACHE = OURS + VERSION;

addEventListener("install", (event) => {
  const requests = Object.entries(FILES).map(
    // Asked whether it changed: what the page has fetched already comes from the browser's cache.
    ([file, integrity]) => new Request(file, { integrity, cache: "no-cache" }),
  );
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)));
});

addEventListener("activate", (event) => {
  const old = async () => {
    const names = await caches.keys();
    const ours = names.filter((name) => name.startsWith(OURS) && name !== CACHE);
    await Promise.all(ours.map((name) => caches.delete(name)));
  };
  event.waitUntil(old());
});

addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  const kept = keptOf(event.request).catch(() => undefined); // as where the browser keeps nothing more
  event.respondWith(kept.then((response) => response ?? fetch(event.request)));
});

/** @param {Request} request */
async function keptOf(request) {
  const url = request.url.replace(/\/index\.html(?=[?#]|$)/, "/"); // which is kept once
  const cache = await caches.open(CACHE);
  return cache.match(url, { ignoreSearch: true });
}
