// Elements from data. Strings become text nodes and attributes only: nothing here reads HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element; `on*` props listen, true and false switch an attribute, null leaves it out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A symbol of icons.svg; decoration, so words beside it say the same. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** A button with an icon; without visible text its label is read out and shown as a tip. */
export function button(label, { name, key, hidden = false, ...props }, action) {
  const tip = key ? `${label} (${key})` : label;
  return h(
    "button",
    { type: "button", title: tip, "aria-keyshortcuts": key, "aria-label": hidden ? label : null, onclick: action, ...props },
    name ? icon(name) : null,
    hidden ? null : h("span", {}, label),
  );
}

export const byId = (id) => document.getElementById(id);

/** Have a message read out, without showing it. */
export function announce(message) {
  byId("announcer").textContent = message;
}

/** Show an error, which is read out at once; null takes it away. */
export function showError(message) {
  const bar = byId("error");
  bar.hidden = !message;
  byId("error-text").textContent = message ?? "";
}
