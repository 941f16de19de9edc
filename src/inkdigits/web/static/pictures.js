/** Pictures that come from elsewhere: photographed, chosen, dropped or pasted. */

import { element } from "./answer.js";

const FROM_ANOTHER_PAGE =
  "A picture of another page cannot be fetched from here. Copy the picture and paste it, or save it.";

/**
 * @param {(file: File) => void} take
 * @param {(notice: string) => void} tell what there is to say about what came
 */
export function acceptPictures(take, tell) {
  /** @param {DataTransfer | null} data */
  const accept = (data) => {
    const files = data?.files ?? [];
    if (files.length > 0) takeFirst(files);
    else if (data?.types.some((type) => type === "text/uri-list" || type === "text/html")) {
      tell(FROM_ANOTHER_PAGE);
    }
  };
  /** @param {FileList} files */
  const takeFirst = (files) => {
    take(files[0]);
    if (files.length > 1)
      tell(`Of ${files.length} files ${files[0].name} is read. Give one at a time.`);
  };

  for (const name of ["camera", "file"]) {
    const input = /** @type {HTMLInputElement} */ (element(name));
    element(`choose-${name}`).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      if (input.files?.length) takeFirst(input.files);
      input.value = ""; // so that the same file can be chosen again
    });
  }
  document.addEventListener("paste", (event) => accept(event.clipboardData));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    accept(event.dataTransfer);
  });
}
