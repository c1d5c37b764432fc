// What waits for a person: how many, in the line above every page, and which.

import { listWaiting } from "./api.js";
import { byId, h, icon, showError } from "./dom.js";
import { count, toTime } from "./words.js";

const PAGE = 25;

let countsAsked = 0;

/** Show in the head how many extractions wait; answers that come out of order are not shown. */
export async function showCount() {
  const asked = ++countsAsked;
  const found = await listWaiting({ limit: 1 }).catch(() => null); // what matters more says that the service is gone
  if (found && asked === countsAsked) setCount(found.total);
}

function setCount(total) {
  byId("waiting-link").hidden = !total;
  byId("waiting-count").textContent = `${total} to review`;
}

/** The list of what waits. */
export class Waiting {
  #leave = new AbortController();
  #items = [];

  async open() {
    const { signal } = this.#leave;
    document.title = "Waiting for review – Optophone";
    byId("more-questions").addEventListener("click", () => this.#load({ before: this.next }), { signal });
    await this.#load({});
  }

  close() {
    this.#leave.abort();
  }

  async #load(page) {
    try {
      const { items, next, total } = await listWaiting({ limit: PAGE, ...page }, this.#leave.signal);
      this.#items = page.before ? [...this.#items, ...items] : items;
      this.next = next;
      setCount(total);
      this.#show();
    } catch (error) {
      if (error.name !== "AbortError") showError(error.message);
    }
  }

  #show() {
    byId("questions").replaceChildren(...this.#items.map(line));
    byId("questions").hidden = !this.#items.length;
    byId("nothing-waits").hidden = this.#items.length > 0;
    byId("more-questions").hidden = !this.next;
  }
}

function line({ id, name, schema, created_at, waits_for: { fields, chat_model } }) {
  return h(
    "li",
    {},
    h("a", { href: `#/extractions/${encodeURIComponent(id)}` }, name),
    h("span", { class: "tone waiting" }, icon("ask"), count(fields.length, "value")),
    h("span", { class: "muted" }, [schema, chat_model, toTime(created_at)].join(" · ")),
    h("p", {}, reasonOf(fields)),
  );
}

/** What is wrong first, and how much more is. */
function reasonOf(fields) {
  const [first] = fields.map(({ value, errors: [error], reason }) => error ?? `“${value}”: ${reason}`);
  return fields.length > 1 ? `${first}, and ${fields.length - 1} more` : first;
}
