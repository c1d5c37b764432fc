// Drop, pick or paste documents, and choose who reads them and how.

import { listChatModels, listPrompts, listSchemas, startExtraction, uploadDocument } from "./api.js";
import { announce, byId, h, showError } from "./dom.js";

const OWN = "(own)";

/** Take files from now on; `onstarted(extractions)` gets what was begun. Returns [function that takes files, choices loaded]. */
export function makeUpload(onstarted) {
  const loaded = loadChoices();
  const take = (files) => loaded.then(() => send([...files], onstarted), () => {}); // why not is told where `loaded` is awaited
  byId("schema").addEventListener("change", () => (byId("own-schema").hidden = byId("schema").value !== OWN));
  byId("file").addEventListener("change", ({ target }) => take(target.files).finally(() => (target.value = "")));
  return [take, loaded];
}

async function loadChoices() {
  const [schemas, chatModels, prompts] = await Promise.all([listSchemas(), listChatModels(), listPrompts().catch(() => [])]);
  fill(byId("schema"), [...schemas.map(({ name }) => [name, name]), [OWN, "A JSON Schema of your own"]]);
  fill(byId("chat-model"), chatModels.map((name) => [name, name]));
  fill(byId("prompt"), promptOptions(prompts));
}

function fill(select, options) {
  select.replaceChildren(...options.map(([value, text]) => h("option", { value }, text)));
}

/** Versions of prompts that extract; without a choice the service takes the one in production. */
function promptOptions(prompts) {
  const own = prompts.filter(({ name }) => name.includes("extract")).sort((one, other) => other.version - one.version);
  const text = ({ name, version, aliases }) => [`${name} ${version}`, ...aliases].join(", ");
  return [["", "In production"], ...own.map((prompt) => [`prompts:/${prompt.name}/${prompt.version}`, text(prompt)])];
}

async function send(files, onstarted) {
  const started = [];
  const failed = [];
  showError(null);
  byId("drop").classList.add("busy");
  for (const [index, file] of files.entries()) {
    announce(`Sending ${index + 1} of ${files.length}: ${file.name}`);
    try {
      const { document: ref } = await uploadDocument(file);
      started.push(await startExtraction({ document: ref, name: file.name, ...choice() }));
    } catch (error) {
      failed.push(`${file.name}: ${error.message}`);
    }
  }
  byId("drop").classList.remove("busy");
  if (failed.length) showError(failed.join(" "));
  if (started.length) onstarted(started);
}

/** What was chosen, as the service takes it. Throws where the JSON Schema of one's own is not JSON. */
function choice() {
  const schema = byId("schema").value;
  const chosen = schema === OWN ? { json_schema: parseSchema(byId("own-schema-text").value) } : { schema };
  const chat_model = byId("chat-model").value;
  const extract_prompt = byId("prompt").value;
  const review = byId("on-doubt").checked ? "on_doubt" : "off";
  return { ...chosen, review, ...(chat_model && { chat_model }), ...(extract_prompt && { extract_prompt }) };
}

function parseSchema(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`the JSON Schema is not JSON: ${error.message}`);
  }
}

/** Hand what is dropped anywhere or pasted to `take`. */
export function listenForFiles(take) {
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  addEventListener("dragenter", (event) => hasFiles(event) && document.body.classList.add("dropping"));
  addEventListener("dragleave", (event) => event.relatedTarget === null && document.body.classList.remove("dropping"));
  addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (!hasFiles(event)) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => {
    const { files } = event.clipboardData ?? {};
    if (files?.length) take(files);
  });
}
