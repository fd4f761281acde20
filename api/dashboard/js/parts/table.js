// A table that sorts and pages: however many rows there are, a few dozen are in the document.

import { fill, h } from "../dom.js";
import { grouped } from "../format.js";

const PAGE = 20;

/**
 * `columns`: [{key, title, value(row), cell(row), text, wrap}] ; `value` sorts, `cell` is shown.
 * `update(rows)` shows other rows and keeps order and page, `select(rows)` begins at the first page.
 */
export function pagedTable(columns, { caption, rowClass, sort }) {
  const view = { rows: [], page: 0, key: sort.key, falling: sort.falling };
  const head = h("tr", {});
  const body = h("tbody", {});
  const pager = h("div", { class: "pager" });
  const node = h("div", {},
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
      h("table", {}, h("caption", { class: "sr" }, caption), h("thead", {}, head), body)),
    pager);

  const order = (column) => {
    view.falling = view.key === column.key ? !view.falling : Boolean(column.falling);
    view.key = column.key;
    view.page = 0;
    draw();
  };

  function draw() {
    const column = columns.find((c) => c.key === view.key);
    const sign = view.falling ? -1 : 1;
    const sorted = [...view.rows].sort((a, b) => compare(column.value(a), column.value(b)) * sign);
    const pages = Math.max(1, Math.ceil(sorted.length / PAGE));
    view.page = Math.min(view.page, pages - 1);
    const shown = sorted.slice(view.page * PAGE, (view.page + 1) * PAGE);
    fill(head, columns.map((c) => heading(c, view, order)));
    fill(body, shown.map((row) => h("tr", { class: rowClass(row) },
      columns.map((c, i) => h(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null, class: kindOf(c) }, c.cell(row))))));
    fill(pager, pages > 1 && controls(view, pages, draw));
  }

  return {
    node,
    update(rows) {
      view.rows = rows;
      draw();
    },
    select(rows) {
      view.page = 0;
      this.update(rows);
    },
  };
}

const kindOf = ({ text, wrap }) => [text && "text", wrap && "wrap"].filter(Boolean).join(" ") || null;
const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);

function heading(column, view, order) {
  const sorted = column.key === view.key;
  return h("th", {
    scope: "col", class: column.text ? "text" : null,
    "aria-sort": sorted ? (view.falling ? "descending" : "ascending") : null,
  }, h("button", { type: "button", id: `sort-${column.key}`, onclick: () => order(column) }, column.title));
}

function controls(view, pages, draw) {
  const turn = (by) => { view.page += by; draw(); };
  return [
    h("button", { type: "button", id: "page-back", disabled: view.page === 0, onclick: () => turn(-1) }, "Previous"),
    h("span", { role: "status" }, `${view.page + 1} of ${grouped(pages)} pages, ${grouped(view.rows.length)} rows`),
    h("button", { type: "button", id: "page-on", disabled: view.page === pages - 1, onclick: () => turn(1) }, "Next"),
  ];
}
