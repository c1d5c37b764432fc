// Boxes: x0, y0, x1, y1 as fractions of the page, origin top left.

/** Lay an element over a bbox. */
export function placeBox(element, [x0, y0, x1, y1]) {
  Object.assign(element.style, {
    left: `${x0 * 100}%`,
    top: `${y0 * 100}%`,
    width: `${(x1 - x0) * 100}%`,
    height: `${(y1 - y0) * 100}%`,
  });
  return element;
}

/** The smallest bbox that holds all points. */
export const around = (points) => [
  Math.min(...points.map(([x]) => x)),
  Math.min(...points.map(([, y]) => y)),
  Math.max(...points.map(([x]) => x)),
  Math.max(...points.map(([, y]) => y)),
];

export const contains = ([x0, y0, x1, y1], [x, y]) => x0 <= x && x <= x1 && y0 <= y && y <= y1;

const centre = ([x0, y0, x1, y1]) => [(x0 + x1) / 2, (y0 + y1) / 2];

/** The words {text, bbox} whose centres a bbox covers. */
export const wordsIn = (bbox, words) => words.filter((word) => contains(bbox, centre(word.bbox)));

export const textIn = (bbox, words) => wordsIn(bbox, words).map((word) => word.text).join(" ");
