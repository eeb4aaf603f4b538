// Two small conveniences; every page works without them.
"use strict";

// Ctrl or Cmd with Enter submits the editor's form.
for (const form of document.querySelectorAll("[data-submit-by-keys]")) {
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
}

// While something is on its way: ask how far it is, and load the page again when it has ended.
const FIRST_WAIT = 300;
const LONGEST_WAIT = 3000;

// Who follows a link is let go, and who has begun to fill in a form loses nothing.
let isLeaving = false;
let isWriting = false;
addEventListener("beforeunload", () => (isLeaving = true));
addEventListener("input", () => (isWriting = true));

// A page that answers a button lies at an address that cannot be looked at: it names its own.
function showNews(text, page) {
  if (isWriting) {
    text.textContent = "There is news. Load the page again to see it.";
  } else if (isLeaving) {
    return;
  } else if (page) {
    location.assign(page);
  } else {
    location.reload();
  }
}

function watch(element) {
  const text = element.querySelector("[data-poll-text]") || element;
  const bar = element.querySelector("progress");
  let wait = FIRST_WAIT;
  async function ask() {
    try {
      const response = await fetch(element.dataset.poll, { headers: { Accept: "application/json" } });
      if (!response.ok || response.redirected) {
        showNews(text, element.dataset.pollPage);
        return;
      }
      const status = await response.json();
      if (status.is_final) {
        showNews(text, element.dataset.pollPage);
        return;
      }
      text.textContent = status.text;
      const state = document.querySelector("[data-poll-state]");
      if (state && status.state) {
        state.textContent = status.state;
      }
      if (bar && status.percent !== null) {
        bar.max = 100;
        bar.value = status.percent;
      }
    } catch {
      text.textContent = "The service does not answer. Trying again.";
    }
    wait = Math.min(wait * 1.4, LONGEST_WAIT);
    setTimeout(ask, wait);
  }
  setTimeout(ask, wait);
}

document.querySelectorAll("[data-poll]").forEach(watch);
