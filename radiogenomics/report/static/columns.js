// Columns back from the page: base64, gzip, byte planes, typed array. The counterpart is columns.py.

const ARRAY_TYPES = { Float32Array, Uint8Array, Uint16Array, Uint32Array };

function bytesFromBase64(text) {
  if (typeof Uint8Array.fromBase64 === "function") return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function gunzip(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function joinPlanes(planes, size) {
  if (size === 1) return planes;
  const rows = planes.length / size;
  const bytes = new Uint8Array(planes.length);
  for (let byte = 0; byte < size; byte++) {
    const start = byte * rows;
    for (let i = 0, at = byte; i < rows; i++, at += size) bytes[at] = planes[start + i];
  }
  return bytes;
}

async function unpackColumn(description) {
  const element = document.getElementById(`column-${description.name}`);
  const type = ARRAY_TYPES[description.type];
  const planes = await gunzip(bytesFromBase64(element.textContent));
  element.remove();
  return new type(joinPlanes(planes, type.BYTES_PER_ELEMENT).buffer);
}

// Everything the page knows about the results: one typed array for each column, names of the coded ones.
async function unpackResults() {
  const data = JSON.parse(document.getElementById("report-data").textContent);
  const results = { ...data, column: {}, names: {} };
  for (const description of data.columns) {
    const array = await unpackColumn(description);
    if (array.length !== data.rows) throw new Error(`column ${description.name} has ${array.length} of ${data.rows} rows`);
    results.column[description.name] = array;
    if (description.values) results.names[description.name] = description.values;
  }
  return results;
}
