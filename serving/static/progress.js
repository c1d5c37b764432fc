// A run as it goes, node by node and attempt by attempt.

import { ApiError, events } from "./api.js";
import { announce, h, icon, showError } from "./dom.js";

const AGAIN_MS = 1000;

/** Follow an extraction to its end and return it; `list` gets a line for each step. A lost connection is taken up again. */
export async function follow(id, list, signal) {
  for (;;) {
    list.replaceChildren(); // the service tells all from the start
    try {
      for await (const [event, data] of events(id, signal)) {
        showError(null);
        if (event === "end") return data;
        if (event === "progress") addStep(list, data);
      }
    } catch (error) {
      if (error.name === "AbortError" || (error instanceof ApiError && error.status)) throw error;
      showError("The connection is lost; trying again.");
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    signal.throwIfAborted();
  }
}

function addStep(list, { node, attempt, message }) {
  const before = list.lastElementChild;
  before?.classList.remove("now");
  before?.firstElementChild.replaceWith(icon("found"));
  const where = attempt ? `${node}, attempt ${attempt}` : node;
  list.append(h("li", { class: "now" }, icon("wait"), h("strong", {}, where), " ", h("span", {}, message ?? "")));
  announce(`${where}: ${message ?? ""}`);
}
