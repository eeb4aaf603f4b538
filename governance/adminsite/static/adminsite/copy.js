// A button beside what has to be typed elsewhere: addresses, ARNs, secrets that are shown once.
"use strict";

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

async function copy(element, button) {
  let copied = true;
  try {
    await navigator.clipboard.writeText(element.textContent.trim());
  } catch {
    // Without https there is no clipboard to write to: what is selected can be copied by hand.
    select(element);
    copied = document.execCommand("copy");
  }
  button.textContent = copied ? "Copied" : "Selected: press Ctrl and C";
  setTimeout(() => { button.textContent = "Copy"; }, 2500);
}

addEventListener("DOMContentLoaded", () => {
  for (const element of document.querySelectorAll("code.select-all, .lw-secret code")) {
    const row = element.closest("td, .readonly, p, div");
    const label = row?.closest("div.form-row, tr, .flex")?.querySelector("label, th");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "lw-copy";
    button.textContent = "Copy";
    button.setAttribute("aria-live", "polite");
    if (label) button.title = `Copy: ${label.textContent.trim()}`;
    button.addEventListener("click", () => copy(element, button));
    element.after(" ", button);
  }
});
