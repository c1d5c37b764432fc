// One document: its scan beside its values, and the correction that a reviewer leaves.

import { answerReview, getExtraction, listSchemas, saveCorrection } from "./api.js";
import { Asking } from "./asking.js";
import { Correction, nextAfter } from "./correction.js";
import { confirmThat } from "./dialogs.js";
import { announce, h, showError } from "./dom.js";
import { makeTable } from "./fields.js";
import { makeHead } from "./head.js";
import { valueKeys, viewKeys } from "./keys.js";
import { makeAdditions, makeComment, makeFailure, makeNotices, makeSaveBar } from "./notices.js";
import { follow } from "./progress.js";
import { makeTree } from "./values.js";
import { Viewer } from "./viewer.js";
import { showCount } from "./waiting.js";
import { boxesOf, count, isRunning, statusOf } from "./words.js";

/** The page of one extraction, inside `main`. */
export class Review {
  #leave = new AbortController();
  #state = { selected: null, editing: false };

  constructor(main, id) {
    Object.assign(this, { main, id });
    this.actions = {
      select: (row) => this.#select(row),
      point: (row) => this.#light(row),
      edit: (row) => this.#select(row, true),
      cancel: () => this.#cancel(),
      judge: (row, state) => this.#judge(row, state),
      change: (row, value, question) => this.#settle(row, "changed", () => this.correction.change(row, value, question)),
      undo: (row) => this.#settle(row, "as it was read", () => this.correction.undo(row)),
      canUndo: (row) => this.correction.canUndo(row),
      remove: (row) => this.#settle(row, "removed", () => this.correction.remove(row)),
      place: (row, leaf = row.leaf) => this.#attempt(() => this.#place(row, leaf)),
      textAt: (row) => this.viewer.textAt(row.leaf),
      addAnswer: (row) => this.#add(row.values),
      step: (rows, by) => this.#step(rows, by),
      save: () => this.save(),
    };
  }

  get isDirty() {
    return Boolean((this.asking ?? this.correction)?.isDirty);
  }

  async open() {
    const loaded = await Promise.all([getExtraction(this.id, this.#leave.signal), listSchemas()]);
    [this.extraction, this.schemas] = loaded;
    this.#lay();
    if (isRunning(this.extraction)) await this.#follow();
    else this.#showEnd();
  }

  close() {
    this.#leave.abort();
    this.viewer?.close();
  }

  #lay() {
    const { document: ref, num_pages: numPages } = this.extraction;
    this.head = h("div", { class: "document-head" });
    this.panel = h("section", { class: "panel", "aria-label": "Values", tabindex: "0" });
    this.comment = makeComment();
    this.viewer = new Viewer(ref, Math.max(numPages ?? 1, 1), {
      onpoint: (leaf) => (this.asking ? this.asking.point(leaf) : this.#light(leaf && this.correction.rowOf(leaf))),
      onpick: (leaf) => (this.asking ? this.asking.pick(leaf) : this.#select(this.correction.rowOf(leaf))),
    });
    this.main.replaceChildren(h("div", { class: "review" }, this.head, this.viewer.element, this.panel));
    this.#showHead();
    this.#attempt(() => this.viewer.show(0));
  }

  #showHead() {
    document.title = `${this.extraction.name} – Optophone`;
    this.head.replaceChildren(...makeHead(this.extraction, () => this.viewer.pageIndex, () => this.#removed()));
  }

  #removed() {
    Object.assign(this, { correction: null, asking: null });
    location.hash = "#/";
  }

  async #follow() {
    const list = h("ol", { class: "steps" });
    this.panel.replaceChildren(h("h2", {}, "Reading"), list);
    this.extraction = await follow(this.id, list, this.#leave.signal);
    this.#showEnd();
    const left = this.asking?.answer.questions.length ?? this.correction?.doubtful.length ?? 0;
    announce(`Ended: ${statusOf(this.extraction)[1]}. ${count(left, "value")} to check.`);
  }

  #showEnd() {
    const { result, review } = this.extraction;
    this.#showHead();
    Object.assign(this, { correction: null, asking: null });
    if (this.extraction.status === "waiting") {
      this.#ask(false);
      return;
    }
    if (!result || result.status === "unreadable") {
      this.panel.replaceChildren(makeFailure(this.extraction));
      return;
    }
    const known = this.#schema;
    const tree = review
      ? makeTree(known, review.extraction, review.fields)
      : makeTree(known, result.extraction, result.fields, result.validation_errors);
    this.correction = new Correction(tree);
    this.#render();
  }

  get #schema() {
    const { schema, json_schema } = this.extraction;
    return json_schema ?? this.schemas.find(({ name }) => name === schema)?.json_schema;
  }

  /** Ask for what the run waits for; once more where the answer left something wrong. */
  #ask(isAgain) {
    const send = (body, open) => this.#attempt(() => this.#send(body, open));
    this.asking = new Asking(this.extraction, this.#schema, this.viewer, { send, isAgain });
    this.panel.replaceChildren(this.asking.element);
    this.panel.scrollTop = 0;
  }

  async #send(body, open) {
    const title = `Send with ${count(open, "value")} undecided?`;
    if (open && !(await confirmThat(title, "Nobody has looked at them. Sent, they count as right.", "Send"))) return;
    this.extraction = await answerReview(this.id, body);
    this.asking = null;
    showError(null);
    showCount();
    if (this.extraction.status === "waiting") {
      this.#showHead();
      this.#ask(true);
      announce(`${count(this.extraction.waits_for.fields.length, "value is", "values are")} still wrong.`);
    } else if (isRunning(this.extraction)) await this.#follow();
    else {
      this.#showEnd();
      announce(`Sent. The document is ${statusOf(this.extraction)[1]}.`);
    }
  }

  #render() {
    const { correction, extraction, panel } = this;
    this.#state.selected = correction.rows.find((row) => row.leaf === this.#state.selected?.leaf) ?? null;
    const top = panel.scrollTop;
    panel.replaceChildren(
      ...makeNotices(extraction, correction.tree),
      makeTable(correction.rows, this.#state, this.actions),
      makeAdditions(correction.tree, this.comment, (list) => this.#add(list)),
      makeSaveBar(correction, Boolean(extraction.review), () => this.save()),
    );
    panel.scrollTop = top;
    this.viewer.mark(correction.rows.flatMap(boxesOf));
    this.#light(null);
  }

  #light(pointed) {
    const leavesOf = (row) => (row ? [row.leaf, row.question] : []);
    this.viewer.light(leavesOf(this.#state.selected), "selected");
    this.viewer.light(leavesOf(pointed), "lit");
    for (const line of this.panel.querySelectorAll("tr.row")) line.classList.toggle("lit", line.leaf === pointed?.leaf);
  }

  async #select(row, editing = false) {
    if (!row) return;
    this.viewer.stopPicking();
    Object.assign(this.#state, { selected: row, editing });
    this.#render();
    const line = this.panel.querySelector("tr.selected");
    const details = line.nextElementSibling;
    const wanted = row.question && row.question.value === null ? "question" : "value";
    (editing ? details.querySelector(`[name=${wanted}]`) : line.querySelector(".name")).focus({ preventScroll: true });
    for (const part of [details, line]) part.scrollIntoView({ block: "nearest" });
    await this.#attempt(() => this.viewer.reveal(row.leaf.bbox ? row.leaf : (row.question ?? row.leaf)));
    this.#light(row);
  }

  #step(rows, by) {
    if (!rows.length) return announce("Nothing left to check.");
    const at = rows.findIndex((row) => row.leaf === this.#state.selected?.leaf);
    const start = by > 0 ? 0 : rows.length - 1;
    return this.#select(rows[at < 0 ? start : (at + by + rows.length) % rows.length]);
  }

  /** Change something about a row and show it. */
  #settle(row, message, change) {
    change();
    this.#state.editing = false;
    this.#render();
    this.panel.querySelector("tr.selected .name")?.focus({ preventScroll: true });
    announce(`${row.label}: ${message}`);
  }

  #judge(row, state) {
    const next = nextAfter(row, this.correction.doubtful);
    this.#settle(row, state, () => this.correction.judge(row, state));
    if (next) this.#select(next);
  }

  #cancel() {
    const row = this.#state.selected;
    if (this.correction.isBlank(row)) this.actions.remove(row);
    else this.#select(row);
  }

  async #place(row, leaf) {
    const place = await this.viewer.pickPlace(leaf);
    if (!place) return row.leaf === this.#state.selected?.leaf ? this.#select(row) : null;
    this.#settle(row, "place set", () => this.correction.place(leaf, place));
    return this.#select(this.correction.rowOf(leaf), leaf.state === "added");
  }

  #add(list) {
    const leaf = this.correction.add(list);
    this.#select(this.correction.rowOf(leaf), true);
  }

  async save() {
    if (!this.correction || !(await this.#isMeant())) return;
    try {
      const body = this.correction.toBody(this.comment.value.trim());
      this.extraction = await saveCorrection(this.id, body);
    } catch (error) {
      this.#refused(error);
      return;
    }
    showError(null);
    this.comment.value = "";
    this.#showEnd();
    announce("Saved. The document counts as reviewed.");
  }

  /** What is saved is ground truth, so nobody vouches unasked for what is still doubtful. */
  async #isMeant() {
    const left = this.correction.doubtful.length;
    if (!left) return true;
    const title = `Save with ${count(left, "doubtful value")}?`;
    return confirmThat(title, "Nobody has looked at them. Saved, they count as right.", "Save");
  }

  #refused(error) {
    const [first] = error.errors ?? [];
    this.correction.refuse(error.errors ?? []);
    this.#render();
    showError(first ? `Not saved: ${first.path || "the extraction"}: ${first.message}` : error.message);
  }

  async #attempt(action) {
    try {
      await action();
    } catch (error) {
      if (error.name !== "AbortError") showError(error.message);
    }
  }

  /** The action of a key on this page, or nothing. */
  key(key) {
    if (!this.viewer) return null;
    if (this.asking) return viewKeys(this.viewer)[key] ?? this.asking.keys()[key];
    const ofValues = this.correction && valueKeys(this.correction, this.#state.selected, this.actions);
    return viewKeys(this.viewer)[key] ?? ofValues?.[key];
  }
}
