// Single keys. They can be turned off, for people whose speech input or hands press keys unmeant (WCAG 2.1.4).

import { byId } from "./dom.js";

const OFF = "optophone-shortcuts-off";

const isOn = () => localStorage.getItem(OFF) === null;

const isTyping = (target) => target.closest("input, textarea, select, [contenteditable], dialog, [role=application]");

/** Listen for keys; `find(key)` gives the action of a key on the page in sight, or nothing. */
export function listen(find) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !isOn()) return;
    const action = find(event.key);
    if (!action) return;
    event.preventDefault();
    action();
  });
  const box = byId("shortcuts-on");
  box.checked = isOn();
  box.addEventListener("change", () => (box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
}
