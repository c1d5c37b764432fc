// A run as it goes, node by node and attempt by attempt.

import { events } from "./api.js";
import { announce, h, icon } from "./dom.js";

/** Follow an extraction to its end and return it; `list` gets a line for each step. */
export async function follow(id, list, signal) {
  for await (const [event, data] of events(id, signal)) {
    if (event === "end") return data;
    if (event === "progress") addStep(list, data);
  }
  return null;
}

function addStep(list, { node, attempt, message }) {
  const before = list.lastElementChild;
  before?.classList.remove("now");
  before?.firstElementChild.replaceWith(icon("found"));
  const where = attempt ? `${node}, attempt ${attempt}` : node;
  list.append(h("li", { class: "now" }, icon("wait"), h("strong", {}, where), " ", h("span", {}, message ?? "")));
  announce(`${where}: ${message ?? ""}`);
}
