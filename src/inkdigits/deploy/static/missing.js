/* Says what is missing where the page cannot read. No module: those do not run from a file. */

(() => {
  // The smallest module with an instruction of SIMD.
  const simd = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15,
    253, 98, 11,
  ];
  let missing = "";
  if (location.protocol === "file:") {
    missing =
      "The page was opened as a file, and needs a web server: run “python -m http.server” in its " +
      "folder, and open localhost:8000.";
  } else if (typeof WebAssembly !== "object" || !WebAssembly.validate(new Uint8Array(simd))) {
    missing =
      "This browser has no WebAssembly with SIMD, or it is switched off. Use a newer one, or allow " +
      "WebAssembly.";
  }
  if (!missing) return;
  document.documentElement.dataset.missing = missing;
  document.getElementById("page").dataset.state = "error";
  document.getElementById("verdict").textContent = "Nothing can be read here";
  document.getElementById("detail").textContent = missing;
})();
