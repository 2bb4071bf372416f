// A table of any number of rows: only those in sight exist. It sticks to the top of a tall space that gives the scroll bar.

const ROW_HEIGHT = 34;
const MAX_SPACE = 12e6; // browsers cut elements at 17 to 33 million pixels

// How each column is shown, sorted and written; `sort` names the typed column behind it, `reverse` that small comes last.
function gridColumns(results) {
  const c = results.column;
  const name = (key) => (row) => results.names[key][c[key][row]];
  const number = (key) => (row) => formatNumber(c[key][row]);
  const count = (key) => (row) => formatCount(c[key][row]);
  return [
    { key: "feature", label: "feature", text: name("feature"), sort: c.feature, className: "feature" },
    { key: "marker", label: "marker", text: name("marker"), sort: c.marker, className: "marker" },
    { key: "adjustment", label: "adjustment", text: name("adjustment"), sort: c.adjustment, className: "adjustment" },
    { key: "estimate", label: "estimate", text: number("estimate"), sort: c.estimate, numeric: true },
    { key: "ci", label: "95 % CI", text: (row) => formatInterval(c.ci_low[row], c.ci_high[row]), numeric: true, className: "ci" },
    { key: "p", label: "p", text: (row) => formatP(c.neg_log10_p[row]), sort: c.neg_log10_p, reverse: true, numeric: true, className: "p" },
    { key: "q", label: "q", text: (row) => formatP(c.neg_log10_q[row]), sort: c.neg_log10_q, reverse: true, numeric: true, className: "p" },
    { key: "status", label: "status", text: (row) => statusText(results, row), sort: results.order, className: "status" },
    { key: "n", label: "n", text: count("n"), sort: c.n, numeric: true, className: "small" },
    { key: "carriers", label: "carriers", text: count("n_carriers"), sort: c.n_carriers, numeric: true },
    { key: "missing", label: "missing", text: count("n_missing"), sort: c.n_missing, numeric: true },
    { key: "rho", label: "ρ volume", text: number("volume_rho"), sort: c.volume_rho, numeric: true },
  ];
}

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

class Grid {
  constructor(box, results, { onSort, onSelect }) {
    Object.assign(this, { box, results, onSelect, rows: new Uint32Array(0), selected: null, lines: [] });
    this.columns = gridColumns(results);
    this.space = element("div", "grid-space");
    this.table = element("table");
    this.body = element("tbody");
    this.table.append(this.head(onSort), this.body);
    this.table.setAttribute("aria-labelledby", box.dataset.title);
    this.space.append(this.table);
    this.nothing = element("p", "nothing", "No pair matches.");
    box.replaceChildren(this.space, this.nothing);
    box.addEventListener("scroll", () => this.schedule());
    new ResizeObserver(() => this.resize()).observe(box);
  }

  head(onSort) {
    const row = element("tr");
    this.headings = this.columns.map((column) => {
      const cell = element("th", [column.numeric ? "n" : "", column.className ?? ""].join(" ").trim());
      cell.scope = "col";
      if (column.sort) {
        const button = element("button", "sort", column.label);
        button.type = "button";
        button.dataset.key = column.key;
        button.addEventListener("click", () => onSort(column.key));
        cell.append(button);
      } else {
        cell.textContent = column.label;
      }
      row.append(cell);
      return cell;
    });
    const head = element("thead");
    head.append(row);
    return head;
  }

  show(rows, sort) {
    const column = this.columns.find((candidate) => candidate.key === sort.key);
    this.rows = sortRows(rows, column.sort, sort.descending !== Boolean(column.reverse));
    this.columns.forEach((candidate, k) => {
      const order = candidate === column ? (sort.descending ? "descending" : "ascending") : "none";
      if (candidate.sort) this.headings[k].setAttribute("aria-sort", order);
    });
    this.table.setAttribute("aria-rowcount", this.rows.length + 1);
    this.box.scrollTop = 0;
    this.nothing.hidden = this.rows.length > 0;
    this.resize();
  }

  resize() {
    const head = this.table.tHead.offsetHeight;
    this.space.style.height = `${Math.min(head + this.rows.length * ROW_HEIGHT, MAX_SPACE)}px`;
    this.visible = Math.max(1, Math.floor((this.box.clientHeight - head) / ROW_HEIGHT));
    this.draw();
  }

  schedule() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  get first() {
    const last = Math.max(0, this.rows.length - this.visible);
    const reach = this.space.offsetHeight - this.box.clientHeight;
    return reach > 0 ? Math.min(last, Math.round((this.box.scrollTop / reach) * last)) : 0;
  }

  draw() {
    const shown = Math.min(this.visible, this.rows.length);
    while (this.lines.length < shown) this.lines.push(this.line());
    while (this.lines.length > shown) this.lines.pop().row.remove();
    const first = this.first;
    this.lines.forEach((line, k) => this.fill(line, first + k));
  }

  line() {
    const row = element("tr");
    const line = { row, cells: [], index: 0 };
    this.columns.forEach((column, k) => {
      const cell = element("td", [column.numeric ? "n" : "", column.className ?? ""].join(" ").trim());
      row.append(cell);
      line.cells.push(this.inside(cell, column.key));
    });
    row.addEventListener("click", () => this.onSelect(line.index));
    this.body.append(row);
    return line;
  }

  // What holds the text of a cell: a button that the keyboard reaches, two lines for a reason, the cell itself.
  inside(cell, key) {
    if (key !== "feature" && key !== "status") return cell;
    const inner = element(key === "feature" ? "button" : "span", key === "feature" ? "link" : "two-lines");
    if (key === "feature") {
      inner.type = "button";
      cell.setAttribute("role", "rowheader");
    }
    cell.append(inner);
    return inner;
  }

  fill(line, position) {
    const row = this.rows[position];
    line.index = row;
    line.row.setAttribute("aria-rowindex", position + 2);
    line.row.dataset.status = statusClass(this.results, row);
    line.row.classList.toggle("selected", this.selected !== null && samePair(this.results, row, this.selected));
    this.columns.forEach((column, k) => {
      const text = column.text(row);
      if (line.cells[k].textContent === text) return;
      line.cells[k].textContent = text;
      if (column.className) line.cells[k].title = text;
    });
  }

  select(row) {
    this.selected = row;
    this.draw();
  }

  // The shown rows as text, in parts so that a million of them fit.
  tsv() {
    const { names, column } = this.results;
    const coded = ["analysis", "feature", "marker", "adjustment"];
    const numbers = ["estimate", "ci_low", "ci_high", "neg_log10_p", "neg_log10_q", "n", "n_carriers", "n_missing", "volume_rho"];
    const clean = (text) => text.replace(/[\t\r\n]+/g, " ");
    const parts = [[...coded, ...numbers, "hit", "volume_explained", "flag"].join("\t") + "\n"];
    for (const row of this.rows) {
      const cells = coded.map((key) => clean(names[key][column[key][row]]));
      numbers.forEach((key) => cells.push(exact(column[key][row])));
      cells.push((column.state[row] & HIT) !== 0, (column.state[row] & EXPLAINED) !== 0, names.flag[column.flag[row]]);
      parts.push(`${cells.join("\t")}\n`);
    }
    return parts;
  }
}
