// Which rows the table shows.

// For each name of a dictionary whether it holds the word.
function containing(names, word) {
  return Uint8Array.from(names, (name) => (name.toLowerCase().includes(word) ? 1 : 0));
}

// Every word must occur in the feature's or in the marker's name.
function wordTests(results, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return words.map((word) => [containing(results.names.feature, word), containing(results.names.marker, word)]);
}

function samePair(results, a, b) {
  const { analysis, feature, marker } = results.column;
  return analysis[a] === analysis[b] && feature[a] === feature[b] && marker[a] === marker[b];
}

// Rows of the pair that a row belongs to; they stand together.
function rowsOfPair(results, row) {
  let first = row;
  while (first > 0 && samePair(results, first - 1, row)) first--;
  const rows = [];
  for (let i = first; i < results.rows && samePair(results, i, row); i++) rows.push(i);
  return rows;
}

function hasStatus(results, row, status) {
  const { flag, state } = results.column;
  if (status === "tested") return flag[row] === 0;
  if (status === "untested") return flag[row] !== 0;
  if (status === "hit") return (state[row] & HIT) !== 0;
  if (status === "explained") return (state[row] & EXPLAINED) !== 0;
  return true;
}

function matchingRows(results, view) {
  if (view.pair !== null) return Uint32Array.from(rowsOfPair(results, view.pair));
  const { analysis, feature, marker, adjustment } = results.column;
  const tests = wordTests(results, view.query);
  const rows = new Uint32Array(results.rows);
  let n = 0;
  for (let row = 0; row < results.rows; row++) {
    if (analysis[row] !== view.analysis) continue;
    if (view.rows === "adjustment" && adjustment[row] !== view.adjustment) continue;
    if (view.status !== "all" && !hasStatus(results, row, view.status)) continue;
    if (!tests.every(([features, markers]) => features[feature[row]] | markers[marker[row]])) continue;
    rows[n++] = row;
  }
  return rows.slice(0, n);
}
