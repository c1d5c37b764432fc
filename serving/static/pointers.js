// JSON pointers (RFC 6901) and the few parts of JSON Schema that a form on the page needs.

export const join = (path, name) => `${path}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;

/** The schema behind `$ref` and "this or null": {type, properties, items, enum, title, isNullable}; {} when unknown. */
export function resolve(schema, root) {
  let node = schema ?? {};
  for (let hops = 0; node.$ref && hops < 20; hops += 1) node = { ...node, $ref: undefined, ...follow(node.$ref, root) };
  const options = node.anyOf ?? node.oneOf;
  if (options) {
    const inner = options.find((option) => option.type !== "null") ?? {};
    const isNullable = options.some((option) => option.type === "null");
    return { ...resolve(inner, root), ...pick(node, "title", "description"), isNullable };
  }
  const types = [node.type].flat();
  const isNullable = types.includes("null") || (node.type === undefined && !node.enum); // nothing said: anything fits
  return { ...node, type: types.find((type) => type !== "null"), isNullable };
}

function follow(ref, root) {
  if (!ref.startsWith("#/")) return {};
  const names = ref.slice(2).split("/").map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  return names.reduce((node, name) => node?.[name], root) ?? {};
}

const pick = (node, ...names) => Object.fromEntries(names.filter((name) => node[name]).map((name) => [name, node[name]]));
