// Wires the page: what the reader chooses is one `view`, and every part is drawn from it.

const find = (id) => document.getElementById(id);

function announce(message) {
  find("data-message").textContent = message;
  find("data-message").hidden = false;
}

function debounce(action, wait) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...given), wait);
  };
}

// Order of the status column: hits, hits that volume explains, the rest, the reasons why not tested.
function statusOrder(results) {
  const { flag, state } = results.column;
  const rank = [2, 0, 3, 1];
  return Uint8Array.from({ length: results.rows }, (_, row) => (flag[row] ? 3 + flag[row] : rank[state[row]]));
}

class Explorer {
  constructor(results) {
    this.results = { ...results, order: statusOrder(results) };
    const first = results.names.adjustment.indexOf(results.adjustments[0] ?? "crude");
    this.view = { analysis: 0, adjustment: first, query: "", status: "all", rows: "adjustment", pair: null, sort: { key: "p", descending: false } };
    this.grid = new Grid(find("grid"), this.results, { onSort: (key) => this.sort(key), onSelect: (row) => this.detail(row) });
    this.volcano = new Volcano(find("volcano"), this.results, {
      onHover: (row, place) => this.tip(row, place),
      onSelect: (row) => this.select(row),
    });
    this.invitation = find("detail").firstElementChild;
    this.listen();
    this.draw();
  }

  listen() {
    const { adjustments, names } = this.results;
    for (const input of document.querySelectorAll("#adjustment input")) {
      input.disabled = !adjustments.includes(names.adjustment[Number(input.value)]);
      input.checked = Number(input.value) === this.view.adjustment;
      input.addEventListener("change", () => this.change({ adjustment: Number(input.value) }));
    }
    find("analysis")?.addEventListener("change", (event) => this.switchAnalysis(Number(event.target.value)));
    find("status").addEventListener("change", (event) => this.change({ status: event.target.value, pair: null }, "table"));
    find("rows").addEventListener("change", (event) => this.change({ rows: event.target.value, pair: null }, "table"));
    find("search").addEventListener("input", debounce((event) => this.change({ query: event.target.value, pair: null }, "table"), 120));
    find("clear-pair").addEventListener("click", () => this.select(null));
    find("download").addEventListener("click", () => this.download());
  }

  // The selected pair is one of the other analysis.
  switchAnalysis(analysis) {
    this.volcano.selected = this.grid.selected = null;
    find("detail").replaceChildren(this.invitation);
    this.change({ analysis, pair: null });
  }

  change(part, what = "all") {
    Object.assign(this.view, part);
    this.draw(what);
  }

  draw(what = "all") {
    if (what === "all") {
      this.volcano.show(this.view.analysis, this.view.adjustment);
      this.caption();
    }
    find("grid").dataset.rows = this.view.pair === null ? this.view.rows : "all";
    this.grid.show(matchingRows(this.results, this.view), this.view.sort);
    this.count();
  }

  sort(key) {
    const { sort } = this.view;
    this.change({ sort: { key, descending: sort.key === key ? !sort.descending : false } }, "table");
  }

  select(row) {
    if (row !== null) this.detail(row);
    this.change({ pair: row }, "table");
  }

  detail(row) {
    this.grid.select(row);
    this.volcano.selected = row;
    this.volcano.overlay();
    showDetail(find("detail"), this.results, row);
  }

  pairName(row) {
    const { column, names } = this.results;
    return `${names.marker[column.marker[row]]} × ${names.feature[column.feature[row]]}`;
  }

  count() {
    const adjustment = this.results.names.adjustment[this.view.adjustment];
    const of = this.view.rows === "adjustment" && this.view.pair === null ? `, adjustment ${adjustment}` : "";
    find("row-count").textContent = `${plural(this.grid.rows.length, "row")} shown${of}`;
    const { pair } = this.view;
    find("clear-pair").hidden = find("pair-name").hidden = pair === null;
    find("pair-name").textContent = pair === null ? "" : this.pairName(pair);
  }

  // What the plot holds, in words: its caption, and its name for those who do not see it.
  caption() {
    const adjustment = this.results.names.adjustment[this.view.adjustment];
    const several = this.results.names.analysis.length > 1;
    const title = `Volcano plot, ${several ? `analysis ${this.results.names.analysis[this.view.analysis]}, ` : ""}adjustment ${adjustment}`;
    find("volcano-title").textContent = `${title}.`;
    find("volcano").setAttribute("aria-label", `${title}, ${plural(this.volcano.tested, "tested pair")}`);
    find("volcano-caption").replaceChildren(...(this.volcano.tested ? this.key() : ["No pair could be tested under this adjustment; the table below states why."]));
  }

  key() {
    const { none, explained, hit } = this.volcano.rows;
    const { cutoff, hits, tested, genes } = this.volcano.family ?? { hits: 0, tested: 0, genes: 0, cutoff: null };
    const alpha = this.results.alpha;
    const line = cutoff === null ? "" : hits
      ? `Dashed: −log₁₀ p = ${cutoff.toFixed(2)}, the weakest hit (two-level q < ${alpha} over ${plural(tested, "test")} of ${plural(genes, "gene")}); a pair above it is none if its gene is not found.`
      : `No hit; dashed: −log₁₀ p = ${cutoff.toFixed(2)}, what a single pair would have needed (${alpha} / ${formatCount(tested)}).`;
    const key = (className, rows, label) => element("span", `key mark-${className}`, `${formatCount(rows.length)} ${label}`);
    return [
      key("hit", hit, explained.length ? "hits that volume does not explain" : "hits"), " ", ...(this.results.adjustments.includes("volume") ? [key("explained", explained, "volume-explained"), " "] : []), key("none", none, "others"), ` ${line}`,
    ];
  }

  tip(row, [x, y]) {
    const tip = find("tip");
    tip.hidden = row === null;
    if (row === null) return;
    const { estimate, neg_log10_p: strength, neg_log10_q: q } = this.results.column;
    const numbers = `estimate ${formatNumber(estimate[row])}, p ${formatP(strength[row])}, q ${formatP(q[row])}`;
    tip.replaceChildren(element("b", "", this.pairName(row)), element("span", "", numbers), element("span", "", statusText(this.results, row)));
    const room = find("volcano").clientWidth - tip.offsetWidth - 8;
    tip.style.left = `${Math.max(4, Math.min(x + 12, room))}px`;
    tip.style.top = y > tip.offsetHeight + 20 ? `${y - tip.offsetHeight - 12}px` : `${y + 14}px`;
  }

  download() {
    const link = element("a");
    link.href = URL.createObjectURL(new Blob(this.grid.tsv(), { type: "text/tab-separated-values" }));
    link.download = "pairs.tsv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }
}

function loadPicture(image) {
  if (image.dataset.png) image.src = `data:image/png;base64,${image.dataset.png}`;
  delete image.dataset.png;
}

function watchPictures() {
  const images = document.querySelectorAll("img[data-png]");
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      loadPicture(entry.target);
      observer.unobserve(entry.target);
    }
  }, { rootMargin: "400px" });
  images.forEach((image) => observer.observe(image));
  window.addEventListener("beforeprint", () => images.forEach(loadPicture));
  for (const button of document.querySelectorAll(".zoom")) {
    button.addEventListener("click", () => {
      const image = button.querySelector("img");
      loadPicture(image);
      find("picture").querySelector("img").src = image.src;
      find("picture").querySelector("p").textContent = button.dataset.caption;
      find("picture").showModal();
    });
  }
}

function watchImageFilter() {
  const [search, flagged] = [find("image-search"), find("image-flagged")];
  if (!search) return;
  const apply = () => {
    const wanted = search.value.trim().toLowerCase();
    const keep = (item) => item.dataset.patient.toLowerCase().includes(wanted) && (!flagged.checked || "flagged" in item.dataset);
    document.querySelectorAll("#image-table tr[data-patient], #gallery figure").forEach((item) => (item.hidden = !keep(item)));
    const [all, hidden] = ["", "[hidden]"].map((state) => document.querySelectorAll(`#image-table tr[data-patient]${state}`).length);
    find("image-none").hidden = hidden < all;
    find("image-count").textContent = `${plural(all - hidden, "region")} shown`;
  };
  search.addEventListener("input", debounce(apply, 80));
  flagged.addEventListener("change", apply);
  apply();
}

// A box that scrolls sideways can be reached with the keyboard.
function watchScrolling() {
  const boxes = [...document.querySelectorAll(".scroll:not(.tall)")];
  const apply = () => boxes.forEach((box) => (box.scrollWidth > box.clientWidth ? (box.tabIndex = 0) : box.removeAttribute("tabindex")));
  new ResizeObserver(apply).observe(document.body);
}

function watchMenu() {
  find("menu").addEventListener("click", (event) => {
    if (event.target.closest("a")) find("menu").open = false;
  });
}

async function copyMethods() {
  const text = [...document.querySelectorAll("#methods-text p")].map((paragraph) => paragraph.textContent).join("\n\n");
  try {
    await navigator.clipboard.writeText(text);
    find("copied").textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(find("methods-text"));
    find("copied").textContent = document.execCommand("copy") ? "Copied." : "Selected: copy it with the keyboard.";
  }
}

async function start() {
  const root = document.documentElement;
  watchPictures();
  watchImageFilter();
  watchScrolling();
  watchMenu();
  find("copy-methods").addEventListener("click", copyMethods);
  if (typeof DecompressionStream === "undefined") {
    find("explorer").hidden = true;
    root.dataset.state = "failed";
    announce("This browser cannot unpack the table of all pairs (it needs Chrome 80, Firefox 113 or Safari 16.4). Everything else on this page is complete, and all numbers stand in association/results.parquet.");
    return;
  }
  try {
    new Explorer(await unpackResults());
    find("explorer").removeAttribute("aria-busy");
    root.dataset.ready = Math.round(performance.now());
    root.dataset.state = "ready";
  } catch (error) {
    find("explorer").hidden = true;
    root.dataset.state = "failed";
    announce(`The table of all pairs cannot be shown (${error.message}); the file may be incomplete. All numbers stand in association/results.parquet.`);
  }
}

start();
