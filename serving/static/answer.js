// What a person answers to the questions of one extraction. No page element in here.

import { makeRows, nameOf } from "./rows.js";
import { makeTree, parseValue } from "./values.js";

/**
 * Questions {path, label, leaf, key, present, shape, isJson, errors, reason, text, isConfirmed, problem}: `leaf` is what the
 * viewer boxes, `key` the question that a pair's answer belongs to, where that stands somewhere; `present` is the value
 * that was read, `text` what stands in the input.
 */
export class Answer {
  constructor({ waits_for, candidate }, schema) {
    const tree = makeTree(schema, candidate.extraction, candidate.fields);
    const rows = makeRows(tree);
    this.questions = waits_for.fields.map((field) => makeQuestion(field, tree, rows));
  }

  /** Questions that nobody has decided. */
  get open() {
    return this.questions.filter((question) => !isDecided(question));
  }

  get isDirty() {
    return this.questions.some(isDecided);
  }

  /** Take what was typed; what is typed is no longer confirmed. */
  type(question, text) {
    question.text = text;
    question.isConfirmed = false;
    question.problem = problemOf(question);
  }

  /** Confirm what stands there, or no longer. */
  confirm(question) {
    Object.assign(question, { isConfirmed: !question.isConfirmed, text: textOf(question), problem: null });
  }

  /** What the service takes: what is not named in it is confirmed. */
  toBody(comment) {
    const changed = this.questions.filter(isChanged);
    return { values: changed.map((question) => ({ path: question.path, value: parsed(question) })), comment };
  }
}

function makeQuestion(field, tree, rows) {
  const [node, names] = find(tree, field.path);
  const isJson = node ? node.kind !== "leaf" : isTree(field.value);
  const row = rows.find(({ leaf, question }) => node && (leaf === node || question === node));
  const label = row?.question === node && node ? `Question “${field.value ?? ""}”` : row?.label || names.join(" · ");
  const { path, value: present, errors, reason, grounding, page_index, bbox } = field;
  const leaf = { value: present, page_index, bbox };
  const key = row?.question && row.question !== node && row.question.bbox ? row.question : null;
  const question = { key, path, present, errors, reason, grounding, leaf, isJson, shape: node?.shape ?? {}, isConfirmed: false };
  return { ...question, label: label || "The whole answer", text: textOf(question), problem: null };
}

const isTree = (value) => value !== null && typeof value === "object";

/** [node, names on the way] of a JSON pointer into a tree; the node is null where the tree ends before. */
function find(tree, path) {
  let node = tree;
  const names = [];
  for (const part of path.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    const child = node?.kind === "array" ? node.items[name] : node?.entries?.find(([own]) => own === name)?.[1];
    names.push(node?.kind === "array" ? String(Number(name) + 1) : nameOf(name, child ?? { shape: {} }));
    node = child ?? null;
  }
  return [node, names];
}

function textOf({ present, isJson }) {
  if (present === null) return "";
  return isJson ? JSON.stringify(present, null, 2) : String(present);
}

/** The value that was typed; throws where it should be JSON and is none. */
function parsed({ text, isJson, shape }) {
  if (isJson) return text.trim() ? JSON.parse(text) : null;
  return parseValue(text, shape);
}

function problemOf(question) {
  try {
    parsed(question);
    return null;
  } catch (error) {
    return `This is not JSON: ${error.message}`;
  }
}

const isChanged = (question) => !question.isConfirmed && question.text.trim() !== textOf(question).trim();

const isDecided = (question) => question.isConfirmed || (isChanged(question) && !question.problem);
