// The page image with a box for each value.

import { loadPage, loadWords } from "./api.js";
import { button, h } from "./dom.js";
import { drawBox } from "./draw.js";
import { placeBox, textIn } from "./geometry.js";
import { makeZoom } from "./zoom.js";

const LEGEND = ["found", "doubtful", "close", "ambiguous", "reviewed"];

/** The pages of a document. `onpoint(leaf | null)` and `onpick(leaf)` tell which box the pointer is at and which was clicked. */
export class Viewer {
  #ref;
  #marks = [];
  #boxes = new Map();
  #images = new Map();
  #words = new Map();
  #picking = null;
  #leave = new AbortController();

  constructor(ref, numPages, { onpoint, onpick }) {
    Object.assign(this, { pageIndex: 0, numPages, onpoint, onpick });
    this.#ref = ref;
    this.image = h("img", { alt: "", draggable: "false" });
    this.layer = h("div", { class: "boxes" });
    this.stage = h("div", { class: "stage" }, this.image, this.layer);
    this.viewport = h("div", { class: "viewport", tabindex: "0", role: "region", "aria-label": "Page image" }, this.stage);
    this.legend = h("span", { class: "legend" });
    this.pageText = h("span", { class: "page-text" });
    this.hint = h("p", { class: "draw-hint", hidden: true }, "Drag over the words or click one. Escape leaves it as it was.");
    this.zoom = makeZoom(this.viewport, this.stage, () => !this.#picking);
    this.element = h("section", { class: "viewer", "aria-label": "Scan" }, this.#toolbar(), this.hint, this.viewport);
  }

  #toolbar() {
    const pages = h(
      "span",
      { class: "group", hidden: this.numPages < 2 },
      button("Previous page", { name: "left", key: "[", hidden: true }, () => this.turn(-1)),
      this.pageText,
      button("Next page", { name: "right", key: "]", hidden: true }, () => this.turn(1)),
    );
    return h(
      "div",
      { class: "toolbar", role: "group", "aria-label": "View" },
      pages,
      this.legend,
      h(
        "span",
        { class: "group" },
        button("Zoom out", { name: "minus", key: "-", hidden: true }, () => this.zoom.zoomBy(1 / 1.25)),
        button("Zoom in", { name: "plus", key: "+", hidden: true }, () => this.zoom.zoomBy(1.25)),
        button("Fit width", { name: "width", key: "0", hidden: true }, () => this.zoom.fit(false)),
        button("Whole page", { name: "page", key: "9", hidden: true }, () => this.zoom.fit(true)),
      ),
    );
  }

  async show(pageIndex) {
    this.stopPicking();
    this.pageIndex = Math.min(Math.max(pageIndex, 0), this.numPages - 1);
    this.pageText.textContent = `Page ${this.pageIndex + 1} of ${this.numPages}`;
    this.#draw();
    const wanted = this.pageIndex;
    const url = await this.#imageOf(wanted);
    if (wanted !== this.pageIndex) return;
    this.image.src = url;
    this.image.alt = `Page ${wanted + 1} of the document`;
    await this.image.decode().catch(() => {}); // a next page took its place
  }

  turn(step) {
    return this.show(this.pageIndex + step);
  }

  async #imageOf(pageIndex) {
    if (!this.#images.has(pageIndex)) {
      const blob = await loadPage(this.#ref, pageIndex, this.#leave.signal);
      this.#images.set(pageIndex, URL.createObjectURL(blob));
    }
    return this.#images.get(pageIndex);
  }

  /** Set what is boxed: [{leaf, kind, label}], kind being a grounding or "reviewed", with "question" for a pair's key. */
  mark(marks) {
    this.#marks = marks;
    this.#draw();
    const counts = LEGEND.map((kind) => [kind, marks.filter((mark) => mark.kind === kind && mark.leaf.bbox).length]);
    const entry = ([kind, number]) => h("span", {}, h("i", { class: `swatch box ${kind}` }), `${number} ${kind}`);
    this.legend.replaceChildren(...counts.filter(([, number]) => number).map(entry));
  }

  #draw() {
    const here = this.#marks.filter(({ leaf }) => leaf.bbox && leaf.page_index === this.pageIndex);
    this.#boxes = new Map(here.map((mark) => [mark.leaf, this.#box(mark)]));
    this.layer.replaceChildren(...this.#boxes.values());
  }

  #box({ leaf, kind, label }) {
    const point = (target) => () => this.onpoint(target);
    const box = h("button", {
      type: "button",
      class: `box ${kind}`,
      // The table is the way through the values by keyboard; sixty more stops would only stand in it.
      tabindex: "-1",
      "aria-label": label,
      title: label,
      onpointerenter: point(leaf),
      onpointerleave: point(null),
      onfocus: point(leaf),
      onclick: () => this.onpick(leaf),
    });
    return placeBox(box, leaf.bbox);
  }

  /** Light the boxes of some leaves, and no others; `kind` is "lit" (pointed at) or "selected". */
  light(leaves, kind) {
    for (const [leaf, box] of this.#boxes) box.classList.toggle(kind, leaves.includes(leaf));
  }

  /** Turn to a leaf's page and bring its box into sight. */
  async reveal(leaf) {
    if (!leaf.bbox) return;
    if (leaf.page_index !== this.pageIndex || !this.image.src) await this.show(leaf.page_index);
    this.zoom.reveal(leaf.bbox);
  }

  async #wordsOf(pageIndex) {
    if (!this.#words.has(pageIndex)) this.#words.set(pageIndex, loadWords(this.#ref, pageIndex));
    return this.#words.get(pageIndex);
  }

  /** What the page reads at a leaf's place; "" where it has none. */
  async textAt({ bbox, page_index }) {
    return bbox ? textIn(bbox, await this.#wordsOf(page_index)) : "";
  }

  /** Let somebody mark the place of a leaf on the page in sight: {page_index, bbox, text}, or null when dismissed. */
  async pickPlace(leaf) {
    const pageIndex = this.pageIndex;
    const words = await this.#wordsOf(pageIndex);
    this.stopPicking();
    const picking = new AbortController();
    this.#setPicking(picking);
    const place = await drawBox(this.stage, words, leaf.page_index === pageIndex ? leaf.bbox : null, picking.signal);
    if (this.#picking === picking) this.#setPicking(null);
    return place && { page_index: pageIndex, ...place };
  }

  /** Dismiss what `pickPlace` waits for. */
  stopPicking() {
    this.#picking?.abort();
    this.#setPicking(null);
  }

  #setPicking(picking) {
    this.#picking = picking;
    this.hint.hidden = !picking;
    this.element.classList.toggle("drawing", Boolean(picking));
  }

  close() {
    this.#leave.abort();
    for (const url of this.#images.values()) URL.revokeObjectURL(url);
  }
}
