// Numbers as the page shows them: the rules of text.py. A missing value is an en dash, never a zero.

const MISSING = "–";
const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

function formatNumber(value, digits = 2) {
  if (Number.isNaN(value)) return MISSING;
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−"); // no −0.00
}

function formatCount(value) {
  if (Number.isNaN(value)) return MISSING;
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function plural(n, one, many = `${one}s`) {
  return `${formatCount(n)} ${n === 1 ? one : many}`;
}

// A p-value or an adjusted one from its −log10; that is infinite where the number itself has underflowed.
function formatP(strength) {
  if (Number.isNaN(strength)) return MISSING;
  if (strength === Infinity) return "< 10⁻³⁰⁷";
  if (strength < 3) return (10 ** -strength).toFixed(strength < 2 ? 3 : 4);
  let exponent = Math.floor(-strength);
  let mantissa = 10 ** (-strength - exponent);
  if (mantissa >= 9.95) {
    mantissa /= 10;
    exponent += 1;
  }
  return `${mantissa.toFixed(1)} × 10${String(exponent).replace(/./g, (digit) => SUPERSCRIPT[digit])}`;
}

function formatInterval(low, high) {
  return Number.isNaN(low) || Number.isNaN(high) ? MISSING : `${formatNumber(low)} to ${formatNumber(high)}`;
}

// Shortest text that gives the same float32 back, empty where missing: for the TSV.
function exact(value) {
  return Number.isNaN(value) ? "" : String(Number(value.toPrecision(7)));
}

const HIT = 1;
const EXPLAINED = 2;

function statusText(results, row) {
  const { flag, state } = results.column;
  if (flag[row]) return `not tested: ${results.names.flag[flag[row]]}`;
  const hit = state[row] & HIT ? "hit" : "";
  const explained = state[row] & EXPLAINED ? "volume-explained" : "";
  return [hit, explained].filter(Boolean).join(", ") || "no hit";
}

// Class of a mark or a badge. A pair that volume explains is that under each adjustment.
function statusClass(results, row) {
  const { flag, state } = results.column;
  if (flag[row]) return "untested";
  if (state[row] & EXPLAINED) return "explained";
  return state[row] & HIT ? "hit" : "none";
}
