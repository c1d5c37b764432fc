// What a reviewer makes of an extraction: values judged, changed, placed, added, removed. No page element in here.

import { makeRows, splitRows } from "./rows.js";
import { addItem, leavesOf, toCorrection } from "./values.js";

export class Correction {
  isDirty = false;

  constructor(tree) {
    this.tree = tree;
    this.rows = makeRows(tree);
    this.asRead = new Map(leavesOf(tree).map((leaf) => [leaf, { ...leaf }]));
  }

  /** Rows that somebody should look at, worst first. */
  get doubtful() {
    return splitRows(this.rows)[0];
  }

  /** All rows as the table shows them. */
  get ordered() {
    return splitRows(this.rows).flat();
  }

  rowOf(leaf) {
    return this.rows.find((row) => row.leaf === leaf || row.question === leaf) ?? null;
  }

  judge(row, state) {
    row.leaf.state = state;
    row.leaf.errors = [];
    if (state !== "correct") row.leaf.value = null;
    if (row.question) row.question.state ??= "correct";
    this.isDirty = true;
  }

  change(row, value, question) {
    setValue(row.leaf, value);
    if (row.question) setValue(row.question, question);
    this.#changed();
  }

  /** Give a leaf its place; one that has no value takes the words there. */
  place(leaf, { page_index, bbox, text }) {
    Object.assign(leaf, { page_index, bbox, state: leaf.state === "added" ? "added" : "corrected" });
    if (leaf.value === null && text) leaf.value = text;
    this.#changed();
  }

  undo(row) {
    for (const leaf of [row.leaf, row.question]) if (this.asRead.has(leaf)) Object.assign(leaf, this.asRead.get(leaf));
    this.#changed();
  }

  remove(row) {
    row.list.items.splice(row.list.items.indexOf(row.item), 1);
    this.#changed();
  }

  /** Add an empty item to a list and return its first leaf. */
  add(list) {
    const [leaf] = leavesOf(addItem(list));
    this.#changed();
    return leaf;
  }

  /** Whether a row was added and nothing has been put in. */
  isBlank({ leaf, question }) {
    const hasNewQuestion = question?.state === "added" && question.value;
    return leaf.state === "added" && leaf.value === null && !hasNewQuestion;
  }

  canUndo(row) {
    return Boolean(row.leaf.state) && row.leaf.state !== this.asRead.get(row.leaf)?.state && this.asRead.has(row.leaf);
  }

  toBody(comment) {
    return { ...toCorrection(this.tree), comment };
  }

  /** Put what the service refused at the values that it is about; they are doubtful again. */
  refuse(errors) {
    for (const leaf of leavesOf(this.tree)) leaf.errors = errors.filter(({ path }) => path === leaf.path);
    for (const leaf of leavesOf(this.tree)) if (leaf.errors.length && leaf.state !== "added") leaf.state = null;
    this.#changed();
  }

  #changed() {
    this.isDirty = true;
    this.rows = makeRows(this.tree);
  }
}

/** The doubtful row to go on with once `row` is settled. */
export function nextAfter(row, doubtful) {
  const at = doubtful.findIndex(({ leaf }) => leaf === row.leaf);
  return at < 0 ? null : (doubtful[at + 1] ?? doubtful[at - 1] ?? null);
}

function setValue(leaf, value) {
  if (leaf.state !== "added") leaf.state = value === leaf.value ? "correct" : value === null ? "absent" : "corrected";
  Object.assign(leaf, { value, errors: [] });
}
