// The questions of an extraction that waits: each with its value, what is wrong with it, and its place on the scan.

import { Answer } from "./answer.js";
import { button, h, icon } from "./dom.js";
import { makeComment } from "./notices.js";
import { count } from "./words.js";

/** Asks; `send(body)` gets the answer once the button is pressed. */
export class Asking {
  #cards = new Map();
  #current = null;

  constructor(extraction, schema, viewer, { send, isAgain }) {
    Object.assign(this, { viewer, send, answer: new Answer(extraction, schema), comment: makeComment() });
    const { questions } = this.answer;
    this.note = h("span", { class: "note", role: "status" });
    this.element = h(
      "form",
      { class: "asking", "aria-label": "Questions", onsubmit: (event) => this.#onSubmit(event) },
      this.#lead(questions.length, isAgain),
      (extraction.waits_for.errors ?? []).map(problemOfWhole),
      questions.map((question) => this.#card(question)),
      h("div", { class: "answer-comment" }, this.comment),
      h("div", { class: "save-bar" }, this.note, h("button", { type: "submit", class: "primary" }, icon("save"), "Send the answer")),
    );
    this.#showLeft();
    this.mark();
  }

  get isDirty() {
    return this.answer.isDirty;
  }

  /** Put the boxes of what is asked on the scan. */
  mark() {
    const asked = this.answer.questions.map(({ leaf, grounding, label }) => ({ leaf, kind: grounding ?? "reviewed", label }));
    const near = this.answer.questions.filter(({ key }) => key);
    const keys = near.map(({ key }) => ({ leaf: key, kind: "reviewed question", label: `Question ${key.value}` }));
    this.viewer.mark([...asked, ...keys]);
  }

  #lead(number, isAgain) {
    const text = isAgain
      ? `${count(number, "value is", "values are")} still wrong.`
      : `${count(number, "value is", "values are")} in doubt. Correct or confirm; everything else stays as it was read.`;
    return h("p", { class: `notice ${isAgain ? "bad" : "warn"}` }, icon(isAgain ? "missing" : "ask"), h("span", {}, text));
  }

  #card(question) {
    const input = inputOf(question);
    const confirm = confirmButton(question, () => this.#changed(question, () => this.answer.confirm(question)));
    const problem = h("p", { class: "reason", role: "alert", hidden: true });
    const reasons = question.errors.length ? question.errors : [question.reason].filter(Boolean);
    const errors = h("div", { id: `why-${this.#cards.size}` }, reasons.map(reason));
    input.setAttribute("aria-describedby", errors.id);
    const card = h("div", { class: "asked" }, h("label", {}, question.label, input), errors, problem, h("div", {}, confirm));
    input.addEventListener("input", () => this.#changed(question, () => this.answer.type(question, input.value)));
    input.addEventListener("keydown", (event) => this.#onKey(event));
    card.addEventListener("focusin", () => this.#enter(question));
    this.#cards.set(question, { card, input, confirm, problem });
    return card;
  }

  #changed(question, change) {
    change();
    const { input, confirm, problem } = this.#cards.get(question);
    if (input.value !== question.text) input.value = question.text;
    confirm.setAttribute("aria-pressed", String(question.isConfirmed));
    problem.hidden = !question.problem;
    problem.replaceChildren(icon("warn"), h("span", {}, question.problem ?? ""));
    this.#showLeft();
  }

  #showLeft() {
    const left = this.answer.open.length;
    this.note.textContent = left ? `${left} still to decide` : "All decided";
  }

  async #enter(question) {
    if (this.#current === question) return;
    this.#current = question;
    const { leaf, key } = question;
    await this.viewer.reveal(leaf.bbox ? leaf : (key ?? leaf)).catch(() => {}); // the scan says why it is not there
    if (this.#current === question) this.viewer.light([leaf, key], "selected");
  }

  /** Enter keeps what was typed and goes on. */
  #onKey(event) {
    if (event.key !== "Enter" || event.shiftKey || event.target.classList.contains("json")) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) this.element.requestSubmit();
    else this.step(1);
  }

  #onSubmit(event) {
    event.preventDefault();
    this.submit();
  }

  /** Send the answer, unless something in it can't be. */
  submit() {
    const broken = this.answer.questions.find(({ problem }) => problem);
    if (broken) return this.focus(broken);
    return this.send(this.answer.toBody(this.comment.value.trim()), this.answer.open.length);
  }

  step(by) {
    const { questions } = this.answer;
    const at = questions.indexOf(this.#current);
    const next = at < 0 ? 0 : at + by;
    if (next >= questions.length) return this.comment.focus();
    return this.focus(questions[Math.max(next, 0)]);
  }

  focus(question) {
    this.#cards.get(question).confirm.focus({ preventScroll: true });
    this.#cards.get(question).card.scrollIntoView({ block: "nearest" });
  }

  /** Go to the question of a box. */
  pick(leaf) {
    const question = this.answer.questions.find(({ leaf: own, key }) => own === leaf || key === leaf);
    if (question) this.focus(question);
  }

  /** Light the question of a box that the pointer is at. */
  point(leaf) {
    for (const [question, { card }] of this.#cards) {
      card.classList.toggle("lit", leaf !== null && [question.leaf, question.key].includes(leaf));
    }
    this.viewer.light([leaf], "lit");
  }

  keys() {
    const current = this.#current;
    return {
      n: () => this.step(1),
      j: () => this.step(1),
      p: () => this.step(-1),
      k: () => this.step(-1),
      s: () => this.submit(),
      c: current && (() => this.#changed(current, () => this.answer.confirm(current))),
      e: current && (() => this.#cards.get(current).input.focus()),
    };
  }
}

function problemOfWhole(text) {
  return h("p", { class: "notice bad" }, icon("warn"), h("span", {}, text));
}

function reason(text) {
  return h("p", { class: "reason" }, icon("warn"), h("span", {}, text));
}

function confirmButton({ present, label }, action) {
  const text = present === null ? "Right: there is none" : "Right as it is";
  const props = { name: "correct", key: "c", class: "confirm", "aria-pressed": "false" };
  const made = button(text, props, action);
  made.append(h("span", { class: "unseen" }, `: ${label}`));
  return made;
}

function inputOf({ text, isJson, shape }) {
  const options = shape.type === "boolean" ? ["true", "false"] : shape.enum?.filter((option) => option !== null).map(String);
  if (options && !isJson && ["", ...options].includes(text)) {
    const choice = (option) => h("option", { value: option, selected: option === text }, option || "–");
    return h("select", {}, ["", ...options].map(choice));
  }
  const area = h("textarea", { rows: isJson ? "6" : "1", spellcheck: "false", class: isJson ? "json" : null });
  area.value = text;
  return area;
}
