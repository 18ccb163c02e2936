// Makes and changes elements. Text goes in as text, never as markup.
// May touch: the elements it is given.

const SVG = 'http://www.w3.org/2000/svg';

/** The element with an id. */
export const byId = (id) => document.getElementById(id);

/** An element; `of` are attributes, children are elements and texts. */
export function el(name, of = {}, ...children) {
  return dress(document.createElement(name), of, children);
}

/** The same, of a drawing. */
export function svg(name, of = {}, ...children) {
  return dress(document.createElementNS(SVG, name), of, children);
}

function dress(node, of, children) {
  for (const [name, value] of Object.entries(of)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Sets a text, and leaves it alone if it is that already: what somebody has selected stays selected. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Shows or hides. */
export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

/** Sets an attribute, or takes it away. */
export function mark(node, name, value) {
  if (value === null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/**
 * Makes a parent's children those of `items`. One that stays is updated where it is, so that nobody's focus is lost.
 */
export function keyed(parent, items, keyOf, make, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const node = old.get(key) ?? make(item);
    old.delete(key);
    node.dataset.key = key;
    update(node, item);
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  for (const node of old.values()) node.remove();
}

/** Rows of a table whose first cell is a heading; `cells` are texts or drawings, by row. */
export function rows(body, items, keyOf, cells) {
  const make = (item) => {
    const [first, ...rest] = cells(item);
    return el(
      'tr',
      {},
      el('th', { scope: 'row' }, copy(first)),
      ...rest.map((cell) => el('td', {}, copy(cell))),
    );
  };
  keyed(body, items, keyOf, make, (row, item) =>
    cells(item).forEach((cell, at) => refresh(row.cells[at], cell)),
  );
}

const copy = (cell) => (cell instanceof Node ? cell.cloneNode(true) : String(cell));

function refresh(node, cell) {
  if (!(cell instanceof Node)) setText(node, String(cell));
  else if (!node.firstChild?.isEqualNode(cell)) node.replaceChildren(cell);
}

/** A list of names and values. */
export function facts(list, pairs) {
  const items = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const make = ([name]) => el('div', {}, el('dt', {}, name), el('dd'));
  keyed(
    list,
    items,
    ([name]) => name,
    make,
    (node, [, value]) => refresh(node.lastChild, value),
  );
}
