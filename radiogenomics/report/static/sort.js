// Sorting row numbers by a typed column: radix sort in two passes of 16 bits, stable, missing values always last.

function sortRows(rows, values, descending) {
  const keys = new Uint32Array(rows.length);
  const present = new Uint32Array(rows.length);
  const absent = [];
  const isFloat = values instanceof Float32Array;
  const bits = isFloat ? new Uint32Array(values.buffer, values.byteOffset, values.length) : values;
  let n = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (isFloat && Number.isNaN(values[row])) {
      absent.push(row);
      continue;
    }
    let key = bits[row];
    if (isFloat) key = key & 0x80000000 ? ~key : key | 0x80000000; // order of the bits = order of the numbers
    keys[n] = descending ? ~key : key;
    present[n++] = row;
  }
  const sorted = radix(keys.subarray(0, n), present.subarray(0, n));
  const result = new Uint32Array(rows.length);
  result.set(sorted);
  result.set(absent, n);
  return result;
}

function radix(keys, rows) {
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(65537);
    for (let i = 0; i < keys.length; i++) starts[((keys[i] >>> shift) & 0xffff) + 1]++;
    for (let i = 1; i < starts.length; i++) starts[i] += starts[i - 1];
    const nextKeys = new Uint32Array(keys.length);
    const nextRows = new Uint32Array(rows.length);
    for (let i = 0; i < keys.length; i++) {
      const at = starts[(keys[i] >>> shift) & 0xffff]++;
      nextKeys[at] = keys[i];
      nextRows[at] = rows[i];
    }
    keys = nextKeys;
    rows = nextRows;
  }
  return rows;
}
