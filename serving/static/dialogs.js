// Questions that wait for an answer: the token, a confirmation; and the help.

import { byId } from "./dom.js";

/** Show a dialog of the page; resolves to the value of the button that closed it, "" on Escape. */
function ask(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

let asked = null;

/** Ask for a token once, however many requests wait for it; resolves to "" when the question is dismissed. */
export function askForToken(message) {
  asked ??= askOnce(message).finally(() => (asked = null));
  return asked;
}

async function askOnce(message) {
  const input = byId("token");
  input.value = "";
  byId("token-message").textContent = message;
  const answer = await ask(byId("token-dialog"));
  return answer === "ok" ? input.value.trim() : "";
}

/** Whether the person wants what the question says; `action` names the button that does it. */
export async function confirmThat(title, text, action) {
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-ok").textContent = action;
  return (await ask(byId("confirm-dialog"))) === "ok";
}

export const showHelp = () => ask(byId("help-dialog"));
