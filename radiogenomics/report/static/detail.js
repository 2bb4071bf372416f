// One pair under its adjustments: estimates with intervals, q and status.

const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function adjustmentMark(adjustment, x, y) {
  const className = `adjustment-${adjustment}`;
  if (adjustment === "crude") return shape("circle", { cx: x, cy: y, r: 4.5, class: className });
  if (adjustment === "volume") return shape("rect", { x: x - 4, y: y - 4, width: 8, height: 8, class: className });
  return shape("polygon", { points: `${x},${y - 6} ${x + 6},${y} ${x},${y + 6} ${x - 6},${y}`, class: className });
}

function forest(results, rows) {
  const { ci_low: low, ci_high: high, estimate, adjustment } = results.column;
  const tested = rows.filter((row) => !Number.isNaN(estimate[row]));
  const far = (value) => Math.abs(value) || 0; // a rank test has no interval
  const reach = 1.08 * tested.reduce((most, row) => Math.max(most, far(estimate[row]), far(low[row]), far(high[row])), 0.5);
  const [width, step] = [300, 26];
  const x = (value) => 10 + ((value + reach) / (2 * reach)) * (width - 20);
  const height = step * rows.length + 22;
  const picture = shape("svg", { viewBox: `0 0 ${width} ${height}`, class: "forest", role: "img", "aria-label": "Estimates under each adjustment" });
  for (const tick of niceTicks(-reach, reach, 5)) {
    picture.append(shape("line", { x1: x(tick), x2: x(tick), y1: 2, y2: height - 20, class: tick === 0 ? "zero" : "grid" }));
    const label = shape("text", { x: x(tick), y: height - 5, class: "tick", "text-anchor": "middle" });
    label.textContent = formatTick(tick);
    picture.append(label);
  }
  rows.forEach((row, k) => {
    if (!tested.includes(row)) return;
    const name = results.names.adjustment[adjustment[row]];
    const y = 14 + step * k;
    if (!Number.isNaN(low[row])) picture.append(shape("line", { x1: x(low[row]), x2: x(high[row]), y1: y, y2: y, class: `adjustment-${name} whisker` }));
    picture.append(adjustmentMark(name, x(estimate[row]), y));
  });
  return picture;
}

function heading(scope, text) {
  const cell = element("th", "", text);
  cell.scope = scope;
  return cell;
}

function adjustmentTable(results, rows) {
  const { estimate, ci_low: low, ci_high: high, neg_log10_q: q, adjustment, flag } = results.column;
  const table = element("table", "plain compact");
  table.setAttribute("aria-label", "Estimates under each adjustment");
  table.createTHead().insertRow().append(...["adjustment", `estimate (95 % CI), ${results.unit}`, "q"].map((label) => heading("col", label)));
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    line.append(heading("row", results.names.adjustment[adjustment[row]]));
    if (flag[row]) {
      const cell = element("td", "muted", statusText(results, row));
      cell.colSpan = 2;
      line.append(cell);
      continue;
    }
    const cell = element("td");
    cell.append(element("span", "nowrap", formatNumber(estimate[row])), " ", Number.isNaN(low[row]) ? "" : element("span", "nowrap", `(${formatInterval(low[row], high[row])})`));
    line.append(cell, element("td", "nowrap", formatP(q[row])));
  }
  return table;
}

// Patients of a pair: adjustments differ where a covariate is missing.
function patientCount(results, rows) {
  const counts = rows.map((row) => results.column.n[row]);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return `n = ${formatCount(least)}${least === most ? "" : ` to ${formatCount(most)}`}`;
}

function showDetail(box, results, row) {
  const rows = rowsOfPair(results, row);
  const { feature, marker, n_carriers: carriers, volume_rho: rho, state, analysis } = results.column;
  const title = element("h4", "", results.names.marker[marker[row]]);
  const name = element("p", "feature", results.names.feature[feature[row]]);
  const facts = `${patientCount(results, rows)}, ${Number.isNaN(carriers[row]) ? "a number" : plural(carriers[row], "carrier")}${Number.isNaN(rho[row]) ? "" : `, ρ with volume ${formatNumber(rho[row])}`}`;
  const several = results.names.analysis.length > 1;
  const source = several ? [element("p", "muted", `Analysis ${results.names.analysis[analysis[row]]}`)] : [];
  box.replaceChildren(...source, title, name, forest(results, rows), adjustmentTable(results, rows), element("p", "muted", facts));
  if (state[row] & EXPLAINED) title.append(" ", element("span", "badge explained", "volume-explained"));
}
