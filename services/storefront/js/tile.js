import { svg } from "./dom.js";

/** A picture for a product that has none: a composition that its name decides, the same each time. */
export function tile(name) {
  const random = generator(hash(name));
  const hue = Math.floor(random() * 360);
  const other = (hue + 30 + random() * 150) % 360;
  const id = `tile-${hash(name).toString(36)}`;
  const colour = (h, s, l) => `hsl(${Math.round(h)} ${s}% ${l}%)`;
  return svg(
    "svg",
    { class: "tile", viewBox: "0 0 120 90", preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true" },
    svg(
      "linearGradient",
      { id, x1: 0, y1: 0, x2: 1, y2: 1 },
      svg("stop", { offset: 0, "stop-color": colour(hue, 52, 80) }),
      svg("stop", { offset: 1, "stop-color": colour((hue + 35) % 360, 48, 66) }),
    ),
    svg("rect", { width: 120, height: 90, fill: `url(#${id})` }),
    shape(random, colour(hue, 45, 40)),
    shape(random, colour(other, 60, 58)),
    shape(random, colour(other, 30, 92)),
  );
}

/** One of a few plain figures, near the middle. */
function shape(random, fill) {
  const x = 30 + random() * 60;
  const y = 20 + random() * 50;
  const size = 14 + random() * 20;
  const kind = Math.floor(random() * 5);
  const turn = `rotate(${Math.floor(random() * 8) * 45} ${x} ${y})`;
  if (kind === 0) return svg("circle", { cx: x, cy: y, r: size, fill });
  if (kind === 1)
    return svg("path", {
      d: `M${x - size} ${y}a${size} ${size} 0 0 1 ${2 * size} 0z`,
      fill,
      transform: turn,
    });
  if (kind === 2)
    return svg("rect", {
      x: x - size,
      y: y - size / 4,
      width: 2 * size,
      height: size / 2,
      rx: size / 4,
      fill,
      transform: turn,
    });
  if (kind === 3)
    return svg("circle", { cx: x, cy: y, r: size, fill: "none", stroke: fill, "stroke-width": 6 });
  return svg("rect", {
    x: x - size * 0.7,
    y: y - size * 0.7,
    width: size * 1.4,
    height: size * 1.4,
    rx: 3,
    fill,
    transform: turn,
  });
}

/** FNV-1a, 32 bits. */
function hash(text) {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.codePointAt(0), 0x01000193);
  return value >>> 0;
}

/** mulberry32 (Tommy Ettinger). */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
