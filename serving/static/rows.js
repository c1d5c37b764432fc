// The rows of the table: one a value, named by its question or by its place in the schema; the doubtful ones first.

import { leavesOf } from "./values.js";

/**
 * Rows {leaf, label, question, values, list, item}: `question` and `values` are a pair's key leaf and its array of answers,
 * else null; `list` is the array that `item` can be removed from.
 */
export function makeRows(tree) {
  return rowsOf(tree, [], null, null);
}

function rowsOf(node, names, list, item) {
  if (node.kind === "leaf") return [{ leaf: node, label: names.join(" · "), question: null, values: null, list, item }];
  if (node.kind === "array") {
    const isLong = node.items.length > 1 || node.items[0]?.kind !== "leaf";
    const namesOf = (index) => (isLong ? [...names, String(index + 1)] : names);
    return node.items.flatMap((child, index) => rowsOf(child, namesOf(index), node, child));
  }
  const [question, values] = pairOf(node);
  if (question) return pairRows(question, values, list, node);
  return node.entries.flatMap(([name, child]) => rowsOf(child, [...names, nameOf(name, child)], list, item));
}

/** A row an answer; of several one can be removed, the last one only with its question. */
function pairRows(question, values, list, item) {
  const label = question.value ?? "";
  const hasSeveral = values.items.length > 1;
  return values.items.map((leaf) => ({
    ...{ leaf, label, question, values },
    ...(hasSeveral ? { list: values, item: leaf } : { list, item }),
  }));
}

/** A pair of the form schema: an object of a key and its values. */
function pairOf(node) {
  const entries = Object.fromEntries(node.entries);
  const isPair = node.entries.length === 2 && entries.key?.kind === "leaf" && entries.values?.kind === "array";
  return isPair && entries.values.items.every((item) => item.kind === "leaf") ? [entries.key, entries.values] : [];
}

export const nameOf = (name, child) => child.shape.title ?? (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll("_", " ");

/** The arrays that a value can be added to, as [label, array]. */
export function listsOf(tree) {
  if (tree.kind !== "object") return [];
  return tree.entries.filter(([, child]) => child.kind === "array").map(([name, child]) => [nameOf(name, child), child]);
}

const leavesOfRow = (row) => (row.question ? [row.question, row.leaf] : [row.leaf]);

/** What speaks against a row: [[about, reason], …]; empty where nothing does or somebody has judged it. */
export function doubtsOf(row) {
  const ofValue = openReasonsOf(row.leaf);
  const ofQuestion = row.question ? openReasonsOf(row.question).filter((reason) => !ofValue.includes(reason)) : [];
  return [...ofQuestion.map((reason) => ["question", reason]), ...ofValue.map((reason) => ["value", reason])];
}

/** Whether something speaks against a leaf, and nobody has judged it. */
export const isDoubtful = (leaf) => openReasonsOf(leaf).length > 0;

const openReasonsOf = (leaf) => (leaf.state ? [] : reasonsOf(leaf));

/** What speaks against the values of most of these rows, to be said once; null where nothing is said twice. */
export function commonReason(rows) {
  const reasons = rows.flatMap((row) => doubtsOf(row).filter(([about]) => about === "value").map(([, reason]) => reason));
  const times = [...Map.groupBy(reasons, (reason) => reason)].map(([reason, { length }]) => [reason, length]);
  const [reason, most] = times.sort(([, one], [, other]) => other - one)[0] ?? [null, 0];
  return most > 1 ? reason : null;
}

function reasonsOf(leaf) {
  const broken = leaf.errors.map((error) => error.message);
  return broken.length ? broken : [leaf.record?.reason].filter(Boolean);
}

/** [doubtful rows, worst first; the rest in their order]. */
export function splitRows(rows) {
  const doubtful = rows.filter((row) => doubtsOf(row).length);
  const rest = rows.filter((row) => !doubtful.includes(row));
  return [doubtful.sort((one, other) => worst(one) - worst(other)), rest];
}

function worst(row) {
  const open = leavesOfRow(row).filter(isDoubtful);
  return Math.min(...open.map(rankOf));
}

/** Broken rules before what stands nowhere before what is unsure. */
function rankOf({ errors, record }) {
  if (errors.length) return -1;
  return record.grounding === "missing" ? 0 : record.confidence;
}

/** Errors that belong to no row: of the answer as a whole, of a list or an object. */
export function errorsOfNoRow(tree, errors) {
  const shown = new Set(leavesOf(tree).flatMap((leaf) => leaf.errors));
  return errors.filter((error) => !shown.has(error));
}
