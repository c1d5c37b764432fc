// The values of an extraction as a tree whose leaves keep their identity while pairs come and go.
//
//   leaf    {value, type, state, record, errors, page_index, bbox}
//   object  {entries: [[name, node], …]}
//   array   {items: [node, …], itemSchema}
//
// A leaf's state is null until somebody judged it: correct, corrected, absent, unreadable or added.

import { join, resolve } from "./pointers.js";

/** Make the tree. `records` are field records by path (of the result or of a review), `errors` validation errors. */
export function makeTree(schema, extraction, records = [], errors = []) {
  const known = {
    root: schema ?? {},
    records: new Map(records.map((record) => [record.path, record])),
    errors: Map.groupBy(errors, (error) => error.path),
  };
  return build(schema, extraction ?? {}, "", known);
}

function build(schema, value, path, known) {
  const shape = resolve(schema, known.root);
  const errors = known.errors.get(path) ?? [];
  if (Array.isArray(value) || shape.type === "array") return buildArray(shape, value ?? [], path, known, errors);
  const isObject = value !== null && typeof value === "object";
  if (isObject || (shape.type === "object" && shape.properties)) {
    const names = [...new Set([...Object.keys(shape.properties ?? {}), ...Object.keys(value ?? {})])];
    const entries = names.map((name) => [name, build(shape.properties?.[name], value?.[name], join(path, name), known)]);
    return { kind: "object", shape, entries, errors, wasNull: value === null };
  }
  return makeLeaf(shape, value, known.records.get(path), errors);
}

function buildArray(shape, value, path, known, errors) {
  const items = value.map((item, index) => build(shape.items, item, join(path, index), known));
  const itemShape = resolve(shape.items, known.root);
  const isOfLeaves = itemShape.type !== "object" && itemShape.type !== "array";
  // An empty list of texts still has one place to fill; a review keeps "absent" and "unreadable" at the list itself.
  if (!items.length && shape.items && isOfLeaves) items.push(makeLeaf(itemShape, null, known.records.get(path), []));
  return { kind: "array", shape, items, errors, root: known.root };
}

function makeLeaf(shape, value, record, errors) {
  const { page_index = null, bbox = null, state = null } = record ?? {};
  return { kind: "leaf", shape, value: value ?? null, record: record ?? null, errors, state, page_index, bbox };
}

/** Add an empty item to an array and return it. */
export function addItem(array) {
  const known = { root: array.root, records: new Map(), errors: new Map() };
  const item = build(array.shape.items, undefined, "", known);
  for (const leaf of leavesOf(item)) leaf.state = "added";
  const last = array.items.at(-1);
  if (last?.kind === "leaf" && last.value === null && !last.state) array.items.pop();
  array.items.push(item);
  return item;
}

export function leavesOf(node) {
  if (node.kind === "leaf") return [node];
  return (node.kind === "array" ? node.items : node.entries.map(([, child]) => child)).flatMap(leavesOf);
}

/** The extraction as it stands, and what was judged of each value: the body of a correction. */
export function toCorrection(tree) {
  const fields = [];
  const extraction = write(tree, "", fields) ?? {};
  return { extraction, fields: fields.filter((field, index) => field.path !== fields[index - 1]?.path) };
}

function write(node, path, fields) {
  if (node.kind === "array") return writeArray(node, path, fields);
  if (node.kind === "object") return writeObject(node, path, fields);
  const isBlank = node.value === null;
  if (!isBlank || node.state) fields.push(toField(node, path));
  node.path = path;
  return isBlank && !node.shape.isNullable ? undefined : node.value;
}

function writeArray(node, path, fields) {
  const out = [];
  for (const item of node.items) {
    const isBlank = item.kind === "leaf" && item.value === null && !item.shape.isNullable;
    const value = write(item, isBlank ? path : join(path, out.length), fields);
    if (!isBlank) out.push(value);
  }
  return out;
}

function writeObject(node, path, fields) {
  const out = {};
  for (const [name, child] of node.entries) {
    const value = write(child, join(path, name), fields);
    if (value !== undefined) out[name] = value;
  }
  const isEmpty = leavesOf(node).every((leaf) => leaf.value === null);
  return node.wasNull && isEmpty ? null : out;
}

function toField(leaf, path) {
  const hasPlace = leaf.bbox !== null && leaf.state !== "absent";
  const state = leaf.state ?? "correct";
  return { path, state, page_index: hasPlace ? leaf.page_index : null, bbox: hasPlace ? leaf.bbox : null };
}

/** What a typed text is to the schema; a text that is no number stays one, for the service to say so. */
export function parseValue(text, shape) {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (shape.type === "boolean") return trimmed === "true";
  if (shape.type !== "number" && shape.type !== "integer") return trimmed;
  const number = Number(trimmed);
  return Number.isNaN(number) ? trimmed : number;
}
