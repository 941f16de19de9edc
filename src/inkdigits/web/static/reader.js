/** Whom the page asks: the server. `inkdigits bundle site` has another file in this place. */

export { server as reader } from "./api.js";
