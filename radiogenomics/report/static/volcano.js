// Volcano plot on a canvas, straight from the typed columns. All adjustments of an analysis share the axes, so that switching
// shows what moves. A map from pixel to row answers what is under the pointer.

const MARGIN = { left: 52, right: 14, top: 14, bottom: 42 };
const REACH = 9; // pixels around the pointer

function niceTicks(low, high, about) {
  const rough = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.999);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}

class Volcano {
  constructor(canvas, results, { onHover, onSelect }) {
    Object.assign(this, { canvas, results, onHover, onSelect, analysis: 0, adjustment: 0, rows: [], selected: null, hovered: null });
    this.base = document.createElement("canvas");
    canvas.addEventListener("pointermove", (event) => this.hover(this.at(event.offsetX, event.offsetY)));
    canvas.addEventListener("pointerleave", () => this.hover(null));
    canvas.addEventListener("click", (event) => this.choose(this.at(event.offsetX, event.offsetY)));
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => this.hover(null));
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  show(analysis, adjustment) {
    if (analysis !== this.analysis || !this.range) this.range = this.ranges(analysis);
    this.hover(null);
    Object.assign(this, { analysis, adjustment, order: null });
    this.rows = this.drawable();
    this.draw();
  }

  ranges(analysis) {
    const { analysis: codes, estimate, neg_log10_p: strength } = this.results.column;
    let x = 0.5;
    let y = 2;
    for (let row = 0; row < this.results.rows; row++) {
      if (codes[row] !== analysis || Number.isNaN(strength[row])) continue;
      x = Math.max(x, Math.abs(estimate[row]) || 0);
      y = Math.max(y, strength[row]);
    }
    return { x: x * 1.06, y: y * 1.06 };
  }

  // Tested rows of the analysis and adjustment; those that matter come last and lie on top.
  drawable() {
    const { analysis, adjustment, estimate, neg_log10_p: strength } = this.results.column;
    const groups = { none: [], explained: [], hit: [] };
    for (let row = 0; row < this.results.rows; row++) {
      if (analysis[row] !== this.analysis || adjustment[row] !== this.adjustment) continue;
      if (Number.isNaN(estimate[row]) || Number.isNaN(strength[row])) continue;
      groups[statusClass(this.results, row)]?.push(row);
    }
    return groups;
  }

  get family() {
    const { names, families } = this.results;
    const [analysis, adjustment] = [names.analysis[this.analysis], names.adjustment[this.adjustment]];
    return families.find((family) => family.analysis === analysis && family.adjustment === adjustment);
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height || !this.range) return;
    const ratio = Math.min(window.devicePixelRatio || 1, 3);
    for (const canvas of [this.canvas, this.base]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    Object.assign(this, { width, height, ratio });
    const context = this.base.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.colours = this.readColours();
    this.axes(context);
    this.points(context);
    if (!this.tested) this.message(context, "No pair could be tested under this adjustment");
    this.overlay();
  }

  get tested() {
    return Object.values(this.rows).reduce((n, rows) => n + rows.length, 0);
  }

  message(context, text) {
    context.fillStyle = this.colours.ink;
    context.font = "14px system-ui, sans-serif";
    context.textAlign = "center";
    context.fillText(text, (MARGIN.left + this.width - MARGIN.right) / 2, (MARGIN.top + this.height - MARGIN.bottom) / 2, this.width - MARGIN.left - MARGIN.right);
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    const names = ["ink", "muted", "rule", "hit", "explained", "none", "paper"];
    return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }

  x(value) {
    const span = this.width - MARGIN.left - MARGIN.right;
    return MARGIN.left + ((value + this.range.x) / (2 * this.range.x)) * span;
  }

  y(value) {
    return this.height - MARGIN.bottom - (value / this.range.y) * (this.height - MARGIN.top - MARGIN.bottom);
  }

  axes(context) {
    const { muted, rule, ink } = this.colours;
    const bottom = this.height - MARGIN.bottom;
    context.font = "12px system-ui, sans-serif";
    context.lineWidth = 1;
    context.strokeStyle = rule;
    context.fillStyle = muted;
    context.textAlign = "center";
    for (const tick of niceTicks(-this.range.x, this.range.x, this.width < 480 ? 4 : 8)) {
      const x = Math.round(this.x(tick)) + 0.5;
      this.stroke(context, x, MARGIN.top, x, bottom);
      context.fillText(formatTick(tick), x, bottom + 16);
    }
    context.textAlign = "right";
    for (const tick of niceTicks(0, this.range.y, 6)) {
      const y = Math.round(this.y(tick)) + 0.5;
      this.stroke(context, MARGIN.left, y, this.width - MARGIN.right, y);
      context.fillText(formatTick(tick), MARGIN.left - 7, y + 4);
    }
    context.fillStyle = ink;
    context.textAlign = "center";
    context.fillText(this.results.axis, (MARGIN.left + this.width - MARGIN.right) / 2, this.height - 8);
    context.save();
    context.translate(14, (MARGIN.top + bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.fillText("−log₁₀ p", 0, 0);
    context.restore();
    this.threshold(context);
  }

  threshold(context) {
    const { cutoff, hits } = this.family ?? {};
    if (cutoff === null || cutoff === undefined || cutoff > this.range.y) return;
    const y = this.y(cutoff);
    context.strokeStyle = this.colours.ink;
    context.setLineDash([5, 4]);
    this.stroke(context, MARGIN.left, y, this.width - MARGIN.right, y);
    context.setLineDash([]);
    context.textAlign = "left";
    context.fillStyle = this.colours.ink;
    context.fillText(hits ? "weakest hit" : "needed for one hit", MARGIN.left + 5, y - 5);
  }

  points(context) {
    this.map = new Int32Array(Math.ceil(this.width) * Math.ceil(this.height)).fill(-1);
    const { estimate, neg_log10_p: strength } = this.results.column;
    const many = this.rows.none.length > 20000;
    for (const [group, rows] of Object.entries(this.rows)) {
      context.fillStyle = this.colours[group];
      context.globalAlpha = group === "none" ? (many ? 0.55 : 0.8) : 0.85;
      for (const row of rows) {
        const x = this.x(estimate[row]);
        const y = this.y(strength[row]);
        this.map[Math.round(y) * Math.ceil(this.width) + Math.round(x)] = row;
        if (group === "none") context.fillRect(x - 1.2, y - 1.2, 2.4, 2.4);
        else if (group === "hit") this.disc(context, x, y, 2.8);
        else this.diamond(context, x, y, 3.8);
      }
    }
    context.globalAlpha = 1;
  }

  disc(context, x, y, radius) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }

  diamond(context, x, y, radius) {
    context.beginPath();
    context.moveTo(x, y - radius);
    context.lineTo(x + radius, y);
    context.lineTo(x, y + radius);
    context.lineTo(x - radius, y);
    context.fill();
  }

  stroke(context, x1, y1, x2, y2) {
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
  }

  overlay() {
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.base, 0, 0);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.strokeStyle = this.colours.ink;
    for (const [row, line] of [[this.hovered, 1.5], [this.marked(), 2.5]]) {
      if (row === null) continue;
      const [x, y] = this.place(row);
      context.lineWidth = line;
      context.beginPath();
      context.arc(x, y, 6.5, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  // The selected pair's row under the adjustment that is drawn.
  marked() {
    if (this.selected === null) return null;
    const { adjustment, neg_log10_p: strength, analysis } = this.results.column;
    const shown = rowsOfPair(this.results, this.selected).find((row) => adjustment[row] === this.adjustment && !Number.isNaN(strength[row]));
    return shown === undefined || analysis[shown] !== this.analysis ? null : shown;
  }

  place(row) {
    return [this.x(this.results.column.estimate[row]), this.y(this.results.column.neg_log10_p[row])];
  }

  at(x, y) {
    const width = Math.ceil(this.width);
    let best = null;
    let nearest = REACH * REACH + 1;
    for (let dy = -REACH; dy <= REACH; dy++) {
      for (let dx = -REACH; dx <= REACH; dx++) {
        const [px, py] = [Math.round(x) + dx, Math.round(y) + dy];
        const distance = dx * dx + dy * dy;
        if (distance >= nearest || px < 0 || px >= width || py < 0 || py >= this.height) continue;
        const row = this.map?.[py * width + px] ?? -1;
        if (row >= 0) [best, nearest] = [row, distance];
      }
    }
    return best;
  }

  hover(row) {
    if (row === this.hovered) return;
    this.hovered = row;
    this.overlay();
    this.onHover(row, row === null ? [0, 0] : this.place(row));
  }

  choose(row) {
    if (row !== null) this.onSelect(row);
  }

  key(event) {
    if (event.key === "Escape") return this.hover(null);
    if (event.key === "Enter" && this.hovered !== null) return this.choose(this.hovered);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return undefined;
    event.preventDefault();
    const all = Uint32Array.from([...this.rows.none, ...this.rows.explained, ...this.rows.hit]);
    this.order ??= sortRows(all, this.results.column.neg_log10_p, true);
    const position = this.hovered === null ? -1 : this.order.indexOf(this.hovered);
    const next = this.order[Math.min(this.order.length - 1, Math.max(0, position + step))];
    return next === undefined ? undefined : this.hover(next);
  }
}

function formatTick(value) {
  return String(value).replace("-", "−");
}
