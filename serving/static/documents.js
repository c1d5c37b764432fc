// The list of recent documents: search, status, who answered, cost, trace; delete.

import { deleteDocument, listExtractions } from "./api.js";
import { confirmThat } from "./dialogs.js";
import { announce, button, byId, h, icon, showError } from "./dom.js";
import { showCount } from "./waiting.js";
import { isRunning, statusOf, toDollars, toTime } from "./words.js";

const PAGE = 25;
const POLL_MS = 1500; // while something runs; a page takes two seconds and more
const TYPING_MS = 250;

/** Delete a document after asking; true when it is gone. */
export async function removeDocument({ document: ref, name }) {
  const text = `Its pages, words, extractions, corrections and traces go with it. This can't be undone.`;
  if (!(await confirmThat(`Delete ${name}?`, text, "Delete"))) return false;
  try {
    await deleteDocument(ref);
  } catch (error) {
    showError(error.message);
    return false;
  }
  announce(`Deleted ${name}.`);
  return true;
}

/** The list on the first page. */
export class Documents {
  #leave = new AbortController();
  #timer = null;
  #items = [];

  open() {
    const { signal } = this.#leave;
    byId("query").addEventListener("input", () => this.#later(TYPING_MS), { signal });
    byId("status-filter").addEventListener("change", () => this.refresh(), { signal });
    byId("more").addEventListener("click", () => this.#more(), { signal });
    return this.refresh();
  }

  close() {
    this.#leave.abort();
    clearTimeout(this.#timer);
  }

  #later(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), delay);
  }

  async refresh() {
    const found = await this.#load({ limit: Math.max(this.#items.length, PAGE) });
    if (found) this.#show(found.items, found.next);
    if (this.#items.some(isRunning)) showCount(); // what runs may soon wait
  }

  async #more() {
    const found = await this.#load({ limit: PAGE, before: this.next });
    if (found) this.#show([...this.#items, ...found.items], found.next);
  }

  async #load(page) {
    const filters = { query: byId("query").value.trim(), status: byId("status-filter").value };
    const given = Object.entries({ ...filters, ...page }).filter(([, value]) => value);
    try {
      return await listExtractions(Object.fromEntries(given), this.#leave.signal);
    } catch (error) {
      if (error.name !== "AbortError") showError(error.message);
      return null;
    }
  }

  #show(items, next) {
    this.#items = items;
    this.next = next;
    byId("more").hidden = !next;
    byId("documents").hidden = !items.length;
    byId("no-documents").hidden = items.length > 0;
    const isTraced = items.some((item) => item.trace_url);
    byId("trace-head").hidden = !isTraced;
    byId("rows").replaceChildren(...items.map((item) => this.#line(item, isTraced)));
    if (items.some(isRunning)) this.#later(POLL_MS);
  }

  #line(item, isTraced) {
    const [name, text, tone] = statusOf(item);
    const link = { class: "tone reviewed", target: "_blank", rel: "noreferrer", "aria-label": `Trace of ${item.name}` };
    const trace = item.trace_url ? h("a", { ...link, href: item.trace_url }, icon("trace"), "Trace") : "";
    const remove = async () => (await removeDocument(item)) && this.refresh();
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, h("a", { href: `#/extractions/${encodeURIComponent(item.id)}` }, item.name)),
      h("td", {}, h("span", { class: `tone ${tone}` }, icon(name), text)),
      h("td", {}, item.schema),
      h("td", {}, item.chat_model ?? ""),
      h("td", { class: "number" }, toDollars(item.cost_usd)),
      h("td", {}, toTime(item.created_at)),
      isTraced ? h("td", {}, trace) : null,
      h("td", {}, button(`Delete ${item.name}`, { name: "remove", hidden: true, class: "plain" }, remove)),
    );
  }
}
