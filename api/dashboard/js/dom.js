// Elements from data.  Text is always set as text, so nothing a job says can become markup.

const SVG = "http://www.w3.org/2000/svg";

function build(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") node.style.cssText = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

/** An HTML element; `on...` properties are listeners, false and null ones are left out. */
export const h = (tag, props, ...children) => build(document.createElement(tag), props, children);

/** An SVG element. */
export const s = (tag, props, ...children) =>
  build(document.createElementNS(SVG, tag), props, children);

/** Replace what is in `node`; keeps the keyboard's place where an element with the same id returns. */
export function fill(node, ...children) {
  const focused = node.contains(document.activeElement) ? document.activeElement.id : "";
  node.replaceChildren(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  return node;
}

/** Call `work` soon, but no sooner than `gap()` milliseconds after the last time. */
export function paced(gap, work) {
  let last = -Infinity;
  let waiting = false;
  const run = () => {
    waiting = false;
    last = performance.now();
    work();
  };
  return () => {
    if (waiting) return;
    const wait = last + gap() - performance.now();
    if (wait <= 0) {
      run();
      return;
    }
    waiting = true;
    setTimeout(run, wait);
  };
}

/** Call `work` at most once a frame, however often the result is asked for. */
export function perFrame(work) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      work();
    });
  };
}
