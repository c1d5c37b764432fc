// The line above a document: what it is, who answered, and what can be done with it as a whole.

import { loadExport } from "./api.js";
import { removeDocument } from "./documents.js";
import { button, h, icon, showError } from "./dom.js";
import { count, statusOf, toDollars } from "./words.js";

const FORMATS = ["json", "csv", "png"];

/** Make the line; `onremoved()` is called when the document is gone, `pageInSight()` says which page a picture is of. */
export function makeHead(extraction, pageInSight, onremoved) {
  const [name, text, tone] = statusOf(extraction);
  return [
    h("h1", {}, extraction.name),
    h("span", { class: `chip tone ${tone}` }, icon(name), text),
    h("span", { class: "facts" }, factsOf(extraction).filter(Boolean).join(" · ")),
    h("span", { class: "group end" }, actionsOf(extraction, pageInSight, onremoved)),
  ];
}

function factsOf({ schema, chat_model, result }) {
  const { attempts, usage } = result ?? {};
  const isPriced = typeof usage?.cost_usd === "number";
  const answered = result?.chat_model ?? chat_model;
  return [schema, answered, attempts && count(attempts, "attempt"), isPriced && toDollars(usage.cost_usd)];
}

function actionsOf(extraction, pageInSight, onremoved) {
  const remove = async () => (await removeDocument(extraction)) && onremoved();
  return [
    extraction.trace_url
      ? h("a", { class: "button", href: extraction.trace_url, target: "_blank", rel: "noreferrer" }, icon("trace"), "Trace")
      : null,
    extraction.result ? FORMATS.map((format) => downloadButton(extraction, format, pageInSight)) : null,
    button("Delete", { name: "remove" }, remove),
  ];
}

function downloadButton(extraction, format, pageInSight) {
  const props = { name: "download", title: `Download as ${format.toUpperCase()}` };
  return button(format.toUpperCase(), props, () => download(extraction, format, pageInSight()));
}

async function download({ id, name }, format, page) {
  try {
    const url = URL.createObjectURL(await loadExport(id, format, page));
    h("a", { href: url, download: `${name.replace(/\.[^.]*$/, "")}.${format}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000); // the browser reads it after the click
  } catch (error) {
    showError(error.message);
  }
}
