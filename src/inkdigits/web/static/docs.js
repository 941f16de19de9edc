/** The reference at /docs, made from this server's own OpenAPI document. */

const reference = /** @type {HTMLElement} */ (document.getElementById("reference"));
const base = new URL(".", location.href).href.replace(/\/$/, "");

try {
  const answer = await fetch("openapi.json");
  describe(await answer.json());
} catch (error) {
  console.error(error);
  reference.append(node("p", "It cannot be had from the server now. Load the page again later."));
}

function describe(api) {
  reference.prepend(node("p", plain(api.info.description)));
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      reference.append(describeOperation(`${method.toUpperCase()} ${path}`, operation));
    }
  }
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    reference.append(describeSchema(name, schema));
  }
}

function describeOperation(address, operation) {
  const section = node("section", node("h2", node("code", address), operation.summary));
  for (const sample of operation["x-codeSamples"] ?? []) {
    const source = sample.source.replaceAll("http://localhost:8000", base);
    section.append(node("h3", sample.label), block(source));
  }
  const parameters = operation.parameters ?? [];
  if (parameters.length > 0) {
    const rows = parameters.map((parameter) => [parameter.name, parameter]);
    section.append(node("h3", "Parameters of the address"), list(rows));
  }
  for (const [type, body] of Object.entries(operation.requestBody?.content ?? {})) {
    if (body.example) section.append(node("h3", `Body, ${type}`), block(json(body.example)));
  }
  const answers = Object.entries(operation.responses);
  section.append(node("h3", "Answers"), list(answers));
  const example = operation.responses["200"]?.content["application/json"]?.example;
  if (example) section.append(node("h3", "For example"), block(json(example)));
  return section;
}

function describeSchema(name, schema) {
  const title = node("h2", node("code", name), schema.description);
  return node("section", title, list(Object.entries(schema.properties)));
}

function list(entries) {
  const row = ([name, { description }]) => [node("dt", node("code", name)), node("dd", description)];
  return node("dl", ...entries.flatMap(row));
}

function block(text) {
  const code = node("pre", node("code", text));
  code.tabIndex = 0; // it may scroll sideways, which the keyboard must reach
  return code;
}

function node(name, ...children) {
  const element = document.createElement(name);
  element.append(...children);
  return element;
}

/** Indented, with lists of numbers on one line and long ones cut short. */
function json(value) {
  const brief = (_, part) =>
    Array.isArray(part) && part.length > 10 ? [part[0], `… ${part.length} in all`] : part;
  const oneLine = (list) => list.replace(/\s+/g, " ");
  return JSON.stringify(value, brief, 2).replace(/\[[^[\]{}]*\]/g, oneLine);
}

function plain(markdown) {
  return markdown.replaceAll("`", "");
}
