// From a drawing on plain paper to the 28 x 28 images that the network takes, and to an answer.
//
// It does what digitlib.reading.drawing does in Python, number by number; each constant has the
// name, value and reason that it has there. Digits that touch and photographs are Python's.
//
// A map is { height, width, values }, row after row. A box is { top, left, bottom, right },
// half-open. Numbers are rounded to 32 bits where Python rounds them, so that both agree.
import { forward } from "./network.js";

const INKED = 0.3, SURELY = 0.55, FAINTEST = 10; // reading/ink.py
const SPECK = 0.12; // reading/writing.py
const LEAST_HEIGHT = 0.3, FLATTEST = 1.6, MOST_PIECES = 400, NEAR = 0.15; // reading/glyphs.py
const RAISED = 0.4, OVER = 0.1; // likewise
const LEVEL = 1.02, TALL = 2.0, BAR = 0.25, BESIDE = 0.35; // also there
// 0, -1, 1, -2, ... degrees
const SLOPES = [0, ...Array.from({ length: 12 }, (_, i) => [-i - 1, i + 1]).flat()].map((angle) =>
  Math.tan((angle * Math.PI) / 180),
);
const SIDE = 28, BOX = 20, CANVAS = 60, THINNEST = 6, WIDEST = 13.5; // reading/imaging.py
// reading/recognizer.py
const NO_DIGIT_ODDS = 0.2, INVENTED = 0.8, PARTLY = 0.03, LEFT_OUT = Math.log(0.2),
  SLASH = 1.6;
const CLIP = 7, CLEAR = 200; // reading/confidence.py
const NO_DIGIT = 10; // the eleventh class

/**
 * Read a drawing: grey values 0..255, height x width.
 *
 * `fitted` is what digitlib/reading/confidence.json holds. Returns { text, confidence, digits,
 * looked }: what it says, how probable that is, for each digit { digit, confidence, probabilities,
 * box, image, stages }, and the same of all that was shown to the network, digits or not.
 */
export function readDrawing(grey, height, width, network, fitted) {
  const ink = drawnInk(grey, height, width);
  const lines = [], chosen = [], slashes = [], looked = [];
  for (const line of findLines(ink)) {
    for (const glyph of line.glyphs) look(glyph, network);
    looked.push(...line.glyphs);
    const best = bestSpans(line);
    const bars = slashesIn(best);
    slashes.push(...bars);
    chosen.push(...best.filter((glyph) => !bars.includes(glyph)));
    const kept = best.filter((glyph) => isDigit(glyph) && !bars.includes(glyph));
    if (kept.length) lines.push(kept);
  }
  const [asRead, none, other] = beliefs(features(ink, chosen, slashes), fitted);
  if (!lines.length || none >= INVENTED * asRead + PARTLY * other) {
    return { text: "", confidence: none, digits: [], looked };
  }
  const text = lines.map((line) => line.map(({ digit }) => digit).join("")).join("\n");
  return { text, confidence: asRead, digits: lines.flat(), looked };
}

const isDigit = ({ digit }) => digit !== NO_DIGIT;
const tallOf = ({ box }) => box[3] - box[1];

/** Return the glyphs of bars that are no ones: far taller than the digits on either side. */
function slashesIn(chosen) {
  return chosen.filter(isDigit).filter((bar, i, digits) => {
    const left = digits[i - 1], right = digits[i + 1];
    if (bar.digit !== 1 || !left || !right) return false;
    return tallOf(bar) > SLASH * Math.max(tallOf(left), tallOf(right));
  });
}

/** Return what the confidence depends on, by the names that reading/confidence.py explains. */
function features(ink, chosen, slashes) {
  const digits = chosen.filter(isDigit);
  const refused = chosen.filter(({ digit }) => digit === NO_DIGIT);
  const sure = digits.map(({ confidence }) => confidence);
  const inked = ({ values }) => count(values, (v) => v > 0.5);
  const likely = refused.map(({ probabilities }) => Math.max(...probabilities.slice(0, NO_DIGIT)));
  const explained = sum([...digits, ...slashes].map(({ part }) => inked(part)));
  const written = explained / Math.max(1, inked(ink));
  return {
    nothing: digits.length ? 0 : 1,
    blank: chosen.length ? 0 : 1,
    all: digits.length ? logOdds(sure.reduce((a, b) => a * b)) : 0,
    least: digits.length ? logOdds(Math.min(...sure)) : 0,
    digits: Math.log1p(digits.length),
    cuts: 0, // no piece is cut
    cut: 0,
    ones: 0,
    refused: Math.log1p(refused.length),
    doubt: refused.length ? logOdds(Math.max(...likely)) : -CLIP,
    "left out": 1 - Math.min(written, 1),
    bars: 0, // nor is it a photo
    uneven: deviation(digits.map((digit) => Math.log(tallOf(digit)))),
    contrast: chosen.length ? Math.min(ink.contrast, CLEAR) : 0,
  };
}

const logOdds = (p) => Math.min(Math.max(Math.log(p) - Math.log1p(-p), -CLIP), CLIP);

/** Return how probable it is that a reading is right, that there is no digit, and all else. */
function beliefs(values, fitted) {
  const all = [...fitted.features.map((name) => values[name]), 1];
  const scores = fitted.outcomes.map((_, k) => sum(all.map((x, i) => x * fitted.weights[i][k])));
  if (values.nothing) scores[0] = -Infinity; // "as read" would say "no digit"
  const largest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - largest));
  return powers.map((power) => power / sum(powers));
}

/** Give a glyph its image, the network's stages, its probabilities and the most probable class. */
function look(glyph, network) {
  glyph.image = inMnistsLook(glyph.part);
  glyph.stages = forward(network, glyph.image);
  const weighted = Array.from(glyph.stages.at(-1).values);
  if (weighted.length > NO_DIGIT) weighted[NO_DIGIT] *= NO_DIGIT_ODDS; // rarer than in training
  glyph.probabilities = weighted.map((p) => p / sum(weighted));
  glyph.confidence = Math.max(...glyph.probabilities);
  glyph.digit = glyph.probabilities.indexOf(glyph.confidence);
}

// Ink

/** Return how much ink there is, 0..1, darker or lighter than paper, and how far from it it is. */
export function drawnInk(grey, height, width) {
  const edge = [];
  for (let x = 0; x < width; x++) edge.push(grey[x], grey[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) edge.push(grey[y * width], grey[(y + 1) * width - 1]);
  const paper = median(edge);
  const pixels = new Uint32Array(256); // of each grey
  for (let i = 0; i < grey.length; i++) pixels[grey[i]]++;
  const darkest = paper - pixels.findIndex((n) => n > 0);
  const lightest = pixels.findLastIndex((n) => n > 0) - paper;
  const values = new Float32Array(grey.length);
  if (Math.max(darkest, lightest) < FAINTEST) return { height, width, values, contrast: 0 };
  const sign = darkest > lightest ? -1 : 1;
  const along = Array.from(pixels, (_, value) => Math.max(sign * (value - paper), 0));
  const full = level(along, pixels, Math.max(darkest, lightest));
  const ink = along.map((value) => Math.min(value / full, 1));
  for (let i = 0; i < grey.length; i++) values[i] = ink[grey[i]];
  return { height, width, values, contrast: Math.sqrt(3) * full };
}

/** Return the median of what Otsu's threshold calls ink: values 0..high, and how often each is. */
function level(values, often, high) {
  const counts = new Array(128).fill(0);
  values.forEach((value, i) => {
    if (often[i]) counts[Math.trunc(value * (127.999 / high))] += often[i];
  });
  const middle = (bin) => (bin + 0.5) * (high / 128);
  const total = counts.reduce((a, b) => a + b);
  const all = counts.reduce((sum, n, bin) => sum + n * middle(bin), 0);
  let below = 0, sum = 0, best = -1, cut = 0;
  counts.forEach((n, bin) => {
    below += n;
    sum += n * middle(bin);
    const apart = sum / Math.max(below, 1) - (all - sum) / Math.max(total - below, 1);
    const between = below * (total - below) * apart ** 2;
    if (between > best) [best, cut] = [between, bin + 1];
  });
  const half = counts.slice(cut).reduce((a, b) => a + b, 0) / 2;
  let bin = cut;
  for (let ink = counts[bin]; ink < half; ink += counts[bin]) bin++;
  return middle(bin);
}

// Pieces of ink, and lines of them

/** Return the lines, top to bottom: each { count, glyphs, small }, as in Python without cuts. */
function findLines(ink) {
  const { labels, pieces: found } = connected(ink);
  let pieces = found.filter((piece) => piece.dark);
  pieces = large(pieces);
  if (pieces.length > MOST_PIECES) return [];
  pieces = large(mergeStacked(pieces));
  const least = LEAST_HEIGHT * Math.max(0, ...pieces.map(tall));
  return rows(pieces).map((row) => toLine(ink, labels, row, least));
}

/** Return the pieces of ink whose pixels touch by a side or a corner, and each pixel's piece. */
function connected({ height, width, values }) {
  const labels = new Int32Array(values.length);
  const pieces = [];
  for (let start = 0; start < values.length; start++) {
    if (values[start] <= INKED || labels[start]) continue;
    const label = pieces.length + 1;
    const box = { top: height, left: width, bottom: 0, right: 0, members: [label], dark: false };
    const waiting = [start];
    labels[start] = label;
    while (waiting.length) {
      const at = waiting.pop();
      const y = Math.floor(at / width), x = at % width;
      box.top = Math.min(box.top, y);
      box.left = Math.min(box.left, x);
      box.bottom = Math.max(box.bottom, y + 1);
      box.right = Math.max(box.right, x + 1);
      box.dark ||= values[at] > SURELY;
      for (let row = Math.max(y - 1, 0); row < Math.min(y + 2, height); row++) {
        for (let column = Math.max(x - 1, 0); column < Math.min(x + 2, width); column++) {
          const next = row * width + column;
          if (values[next] <= INKED || labels[next]) continue;
          labels[next] = label;
          waiting.push(next);
        }
      }
    }
    pieces.push(box);
  }
  return { labels, pieces };
}

const tall = (box) => box.bottom - box.top;
const wide = (box) => box.right - box.left;
const extent = (box) => Math.max(tall(box), wide(box));
const across = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left); // negative: a gap
const down = (a, b) => Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);

const joined = (boxes) => ({
  top: Math.min(...boxes.map((box) => box.top)),
  left: Math.min(...boxes.map((box) => box.left)),
  bottom: Math.max(...boxes.map((box) => box.bottom)),
  right: Math.max(...boxes.map((box) => box.right)),
  members: boxes.flatMap((box) => box.members),
});

function large(pieces) {
  const largest = Math.max(0, ...pieces.map(extent));
  return pieces.filter((piece) => extent(piece) > SPECK * largest);
}

/** Whether a small piece lies within another, or one close above the other. */
function belongTogether(a, b) {
  const beside = across(a, b) / Math.min(wide(a), wide(b));
  const above = down(a, b) / Math.min(tall(a), tall(b));
  const lower = Math.min(tall(a), tall(b)), higher = Math.max(tall(a), tall(b));
  if (beside > 0.8 && above > 0.8) return lower < 0.6 * higher; // one inside the other
  const whole = joined([a, b]);
  const both = tall(whole), gap = -down(a, b) / both;
  const flat = lower < LEAST_HEIGHT * both; // no digit alone, but the bar of one
  let near = both <= 1.6 * higher;
  if (!flat && !near) { // the halves of an 8, of a 1, or digits of two lines
    near = gap <= 0.1 && !(BAR * both < wide(whole) && wide(whole) < both / TALL);
  } else if (flat) near = near || gap <= 0.25;
  else near = across(a, b) > BESIDE * Math.max(wide(a), wide(b)); // or an exponent
  return beside > 0.4 && above < 0.5 && near;
}

function mergeStacked(pieces) {
  const bySize = (a, b) => extent(b) - extent(a);
  const waiting = [...pieces].sort(bySize);
  const merged = [];
  while (waiting.length) {
    const piece = waiting.shift();
    const other = waiting.findIndex((each) => belongTogether(piece, each));
    if (other < 0) merged.push(piece);
    else waiting[other] = joined([piece, waiting[other]]);
    waiting.sort(bySize);
  }
  return merged;
}

/** Sort pieces into lines, top to bottom, each from left to right; the page may be tilted. */
function rows(pieces) {
  const best = slope(pieces);
  const level = (piece) => {
    const moved = Math.floor((best * (piece.left + piece.right)) / 2 + 0.5);
    return { top: piece.top - moved, bottom: piece.bottom - moved };
  };
  const height = (piece) => level(piece).top + level(piece).bottom;
  const found = [];
  for (const piece of [...pieces].sort((a, b) => height(a) - height(b))) {
    const off = (other) => Math.abs(other.left - piece.left);
    const home = found.find((row) => {
      const near = row.reduce((a, b) => (off(b) < off(a) ? b : a)); // a line may climb
      return down(level(piece), level(near)) > 0.4 * Math.min(tall(piece), tall(near));
    });
    if (home) home.push(piece);
    else found.push([piece]);
  }
  const lines = [];
  for (const row of found) {
    const upper = lines.at(-1) ?? [];
    const bottom = Math.max(...upper.map((piece) => level(piece).bottom));
    const top = Math.min(...row.map((piece) => level(piece).top));
    const height = Math.max(...row.map(tall));
    const over = upper.some((a) => row.some((b) => across(a, b) > OVER * height));
    if (top < bottom + RAISED * height && !over) upper.push(...row); // exponents, and their bases
    else lines.push(row);
  }
  return lines.map((line) => line.sort((a, b) => a.left - b.left));
}

/** Return how far rows of pieces go down for each pixel to the right: they overlap most there. */
function slope(pieces) {
  const overlaps = SLOPES.map((each) => {
    const moved = pieces.map(({ top, bottom, left, right }) => {
      const by = (each * (left + right)) / 2;
      return { top: top - by, bottom: bottom - by };
    });
    return sum(moved.map((a) => sum(moved.map((b) => Math.max(down(a, b), 0)))));
  });
  const most = Math.max(...overlaps);
  return most > LEVEL * overlaps[0] ? SLOPES[overlaps.indexOf(most)] : 0;
}

/** Return a line with all that may be a digit: each piece that is not small, and neighbours. */
function toLine(ink, labels, pieces, least) {
  const glyphs = [];
  const add = (start, stop, box) => glyphs.push({ start, stop, ...cutOut(ink, labels, box) });
  const small = pieces.map((piece) => tall(piece) <= least);
  pieces.forEach((piece, i) => small[i] || add(i, i + 1, piece));
  for (let i = 0; i < pieces.length; i++) {
    for (let n = i + 2; n <= Math.min(i + 3, pieces.length); n++) {
      if (!mayBeOne(pieces.slice(i, n))) break;
      add(i, n, joined(pieces.slice(i, n)));
    }
  }
  return { count: pieces.length, glyphs, small };
}

function mayBeOne(boxes) {
  const both = joined(boxes);
  const close = boxes.slice(1).every((box, i) => -across(boxes[i], box) <= NEAR * tall(both));
  return close && wide(both) <= FLATTEST * tall(both);
}

/** Return a glyph's own ink with a pixel around it, and its box. */
function cutOut(ink, labels, box) {
  const top = Math.max(0, box.top - 1), left = Math.max(0, box.left - 1);
  const height = Math.min(box.bottom + 1, ink.height) - top;
  const width = Math.min(box.right + 1, ink.width) - left;
  const part = filled(height, width, (y, x) => {
    const at = (top + y) * ink.width + left + x;
    return labels[at] === 0 || box.members.includes(labels[at]) ? ink.values[at] : 0;
  });
  const { top: y, left: x, bottom, right } = boundingBox(part);
  return { part, box: [left + x, top + y, left + right, top + bottom] };
}

/** Return the glyphs of the most probable reading of a line, by dynamic programming. */
function bestSpans({ count: pieces, glyphs, small }) {
  const best = [{ score: 0, chosen: [] }];
  for (let stop = 1; stop <= pieces; stop++) {
    let found = { score: -Infinity, chosen: [] };
    const step = (start, cost, taken) => {
      const score = best[start].score + cost;
      if (score > found.score) found = { score, chosen: [...best[start].chosen, ...taken] };
    };
    for (const glyph of glyphs.filter((each) => each.stop === stop)) {
      const { start, digit, probabilities } = glyph;
      const likely = Math.max(...probabilities.slice(0, NO_DIGIT));
      if (digit === NO_DIGIT && stop === start + 1) {
        step(start, Math.log(probabilities[NO_DIGIT]) + LEFT_OUT, [glyph]);
      } else { // pieces that are joined count only as a digit
        step(start, Math.log(likely + 1e-9), [glyph]);
      }
    }
    if (small[stop - 1]) step(stop - 1, LEFT_OUT, []);
    best.push(found);
  }
  return best[pieces].chosen;
}

// 28 x 28, in MNIST's look

/** Return a glyph's ink as MNIST might hold it: 784 values 0..255, white on black. */
export function inMnistsLook(ink) {
  const regular = withStrokeWidth(onCanvas(ink));
  return centred(resized(cropped(regular, boundingBox(regular)), BOX));
}

/** Return the ink with its longer side CANVAS pixels and an empty margin around it. */
function onCanvas(ink) {
  while (Math.max(ink.height, ink.width) >= 2 * CANVAS) ink = halved(ink);
  return padded(resized(padded(ink, 1), CANVAS), 6);
}

/** Return the largest of each four pixels, so that thin strokes stay whole. */
function halved({ height, width, values }) {
  const at = (y, x) => (y < height && x < width ? values[y * width + x] : 0);
  return filled(Math.ceil(height / 2), Math.ceil(width / 2), (y, x) =>
    Math.max(...[0, 1].flatMap((i) => [at(2 * y + i, 2 * x), at(2 * y + i, 2 * x + 1)])),
  );
}

/** Bring strokes between two widths: twice the median distance from their middle to their edge. */
function withStrokeWidth(ink) {
  const { height, width, values } = ink;
  const inside = distances(ink, (v) => v > 0.5);
  const nearby = maximum(inside, height, width, 3);
  const ridge = inside.filter((distance, i) => distance > 0 && distance >= nearby[i]);
  if (!ridge.length) return ink;
  const stroke = 2 * median(ridge) - 0.5;
  let regular = values;
  if (stroke < THINNEST) {
    const outside = distances(ink, (v) => v <= 0.5);
    const edge = inside.map((d, i) => (d > 0 ? d - 0.5 : 0.5 - outside[i]));
    regular = edge.map((distance) => (THINNEST - stroke) / 2 + distance + 0.5);
  } else if (stroke > WIDEST) {
    // Measured from each stroke's own middle, so that its thin parts do not vanish.
    const middle = maximum(inside, height, width, Math.trunc(stroke));
    regular = inside.map((d, i) => d - Math.max(middle[i] - WIDEST / 2, 0.5) + 0.5);
  }
  return filled(height, width, (y, x) => Math.min(Math.max(regular[y * width + x], 0), 1));
}

/** Return each pixel's distance to the nearest one that is not `within`, in pixels. */
function distances({ height, width, values }, within) {
  const isWithin = Array.from(values, within);
  // First to the nearest in its column, squared; then over columns, as Pythagoras says.
  const inColumn = new Float64Array(values.length);
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      let least = Infinity;
      for (let row = 0; row < height; row++) {
        if (!isWithin[row * width + x]) least = Math.min(least, (row - y) ** 2);
      }
      inColumn[y * width + x] = least;
    }
  }
  return Float64Array.from(values, (_, i) => {
    const x = i % width;
    let least = Infinity;
    for (let column = 0; column < width; column++) {
      least = Math.min(least, (column - x) ** 2 + inColumn[i - x + column]);
    }
    return Math.sqrt(least);
  });
}

/** Return the largest value in a window of n x n around each pixel. */
function maximum(values, height, width, n) {
  const along = (from, length, step) =>
    from.map((_, i) => {
      const at = Math.floor(i / step) % length;
      const first = Math.max(at - Math.floor(n / 2), 0);
      const last = Math.min(at - Math.floor(n / 2) + n, length);
      let largest = -Infinity;
      for (let k = first; k < last; k++) largest = Math.max(largest, from[i + (k - at) * step]);
      return largest;
    });
  return along(along(values, width, 1), height, width);
}

/** Lay up to 20 x 20 ink into 28 x 28, its centre of mass as near the middle as it fits. */
function centred({ height, width, values }) {
  let weight = 0, rowMass = 0, columnMass = 0;
  values.forEach((value, i) => {
    weight += value;
    rowMass += value * Math.floor(i / width);
    columnMass += value * (i % width);
  });
  const start = (mass, length) =>
    Math.min(Math.max(roundEven(SIDE / 2 - mass / Math.max(weight, 1e-6)), 0), SIDE - length);
  const top = start(rowMass, height), left = start(columnMass, width);
  const image = new Uint8Array(SIDE * SIDE);
  values.forEach((value, i) => {
    const at = (top + Math.floor(i / width)) * SIDE + left + (i % width);
    image[at] = Math.trunc(Math.fround(Math.min(Math.max(value, 0), 1) * 255));
  });
  return image;
}

/** Scale a map so that its longer side has n pixels, as Pillow does: rows first, then columns. */
function resized(map, n) {
  const scale = n / Math.max(map.height, map.width);
  const size = (side) => Math.max(1, roundEven(side * scale));
  const filter = scale < 1 ? BOX_FILTER : BICUBIC;
  const rows = weights(map.width, size(map.width), filter);
  const columns = weights(map.height, size(map.height), filter);
  const across = filled(map.height, rows.length, (y, x) => {
    const { first, shares } = rows[x];
    return shares.reduce((sum, share, i) => sum + map.values[y * map.width + first + i] * share, 0);
  });
  return filled(columns.length, rows.length, (y, x) => {
    const { first, shares } = columns[y];
    const at = (i) => across.values[(first + i) * rows.length + x];
    return shares.reduce((sum, share, i) => sum + at(i) * share, 0);
  });
}

const BOX_FILTER = { support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };
const BICUBIC = {
  support: 2,
  at: (x) => {
    const a = -0.5;
    x = Math.abs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  },
};

/** Return for each of `after` pixels the first of `before` that counts, and the share of each. */
function weights(before, after, filter) {
  const scale = before / after;
  const stretch = Math.max(scale, 1);
  return Array.from({ length: after }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.trunc(Math.max(centre - filter.support * stretch + 0.5, 0));
    const last = Math.min(Math.trunc(centre + filter.support * stretch + 0.5), before);
    const shares = [];
    for (let k = first; k < last; k++) shares.push(filter.at((k - centre + 0.5) / stretch));
    const sum = shares.reduce((a, b) => a + b, 0);
    return { first, shares: shares.map((share) => share / sum) };
  });
}

// Maps and numbers

function filled(height, width, value) {
  const values = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) values[y * width + x] = value(y, x);
  }
  return { height, width, values };
}

function padded({ height, width, values }, n) {
  return filled(height + 2 * n, width + 2 * n, (y, x) => {
    const inside = y >= n && y < height + n && x >= n && x < width + n;
    return inside ? values[(y - n) * width + x - n] : 0;
  });
}

/** Return the box of what is inked, or of all where nothing is. */
function boundingBox({ height, width, values }) {
  const box = { top: height, left: width, bottom: 0, right: 0 };
  values.forEach((value, i) => {
    if (value <= INKED) return;
    const y = Math.floor(i / width), x = i % width;
    box.top = Math.min(box.top, y);
    box.left = Math.min(box.left, x);
    box.bottom = Math.max(box.bottom, y + 1);
    box.right = Math.max(box.right, x + 1);
  });
  return box.bottom ? box : { top: 0, left: 0, bottom: height, right: width };
}

function cropped(map, { top, left, bottom, right }) {
  return filled(bottom - top, right - left, (y, x) => map.values[(top + y) * map.width + left + x]);
}

const sum = (values) => values.reduce((a, b) => a + b, 0);
const count = (values, is) => values.reduce((n, value) => n + (is(value) ? 1 : 0), 0);

function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Return the standard deviation, 0 of none. */
function deviation(values) {
  const mean = sum(values) / values.length;
  return values.length ? Math.sqrt(sum(values.map((v) => (v - mean) ** 2)) / values.length) : 0;
}

/** Round to the nearest whole number, halves to the even one, as Python does. */
function roundEven(x) {
  const whole = Math.floor(x);
  const up = x - whole > 0.5 || (x - whole === 0.5 && whole % 2 !== 0);
  return up ? whole + 1 : whole;
}
