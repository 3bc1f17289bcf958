"""CSS and script of the results page, inline: the page needs no network and no second file."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --fg: #1b1f24; --bg: #fff; --soft: #f3f5f7; --rule: #d5dae0; --dim: #59636e;
  --good: #1a7f37; --bad: #b3261e; --up: #0b5cad; --none: #59636e; --open: #8a6100; --heat: 11, 92, 173;
  --c0: #0b5cad; --c1: #b3541e; --c2: #1a7f37; --c3: #7a3fb0; --c4: #b3261e; --c5: #087e8b; --c6: #8a6d00;
  --c7: #c2347d; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6e9ee; --bg: #12161b; --soft: #1c222a; --rule: #36404b;
  --dim: #9aa6b2; --good: #57c26d; --bad: #ff8b80; --up: #6db3ff; --none: #9aa6b2; --open: #d9a93a;
  --heat: 109, 179, 255; --c0: #6db3ff;
  --c1: #ffa463; --c2: #57c26d; --c3: #c9a2ff; --c4: #ff8b80; --c5: #5fd3df; --c6: #e3c34a; --c7: #ff8cc6; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 1.5rem 1.25rem 4rem; background: var(--bg); color: var(--fg);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .35rem; } p { max-width: 62rem; margin: .5rem 0; }
a { color: var(--up); } nav { display: flex; flex-wrap: wrap; gap: 0 1rem; }
.dim, figcaption { color: var(--dim); font-size: .87rem; }
.counts { display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; padding: 0; }
.counts li { border: 1px solid var(--rule); border-radius: .4rem; padding: .15rem .6rem; background: var(--soft); }
.counts b { font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--rule); vertical-align: top; }
td.n { text-align: right; white-space: nowrap; } td.why { color: var(--dim); font-size: .87rem; min-width: 14rem; }
thead th { background: var(--soft); white-space: nowrap; } th.n { text-align: right; }
th button { all: unset; cursor: pointer; font-weight: 600; } th button:focus-visible { outline: 2px solid var(--up); }
th[aria-sort=ascending] button::after { content: " \\25B2"; }
th[aria-sort=descending] button::after { content: " \\25BC"; }
.good { color: var(--good); } .bad { color: var(--bad); } .up { color: var(--up); } .none { color: var(--none); }
.open { color: var(--open); }
td.good, td.bad, td.up, td.open { font-weight: 600; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: .5rem 0; flex: 1 1 26rem; max-width: 38rem; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--fg); font-size: 11px; }
svg text.axis { fill: var(--dim); } .grid { stroke: var(--rule); stroke-width: .6; }
.diagonal { stroke: var(--dim); stroke-dasharray: 4 3; }
.line { fill: none; stroke-width: 2; } .faint { stroke-width: 1.2; }
.overview { max-width: 54rem; } .overview img { max-width: 100%; background: #fff; }
.bar { stroke-width: 2; stroke: currentColor; opacity: .55; } .point { fill: currentColor; }
.c0 { stroke: var(--c0); fill: var(--c0); } .c1 { stroke: var(--c1); fill: var(--c1); }
.c2 { stroke: var(--c2); fill: var(--c2); } .c3 { stroke: var(--c3); fill: var(--c3); }
.c4 { stroke: var(--c4); fill: var(--c4); } .c5 { stroke: var(--c5); fill: var(--c5); }
.c6 { stroke: var(--c6); fill: var(--c6); } .c7 { stroke: var(--c7); fill: var(--c7); }
polyline.line { fill: none; } circle.said { fill: var(--bg); stroke-width: 2; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .1rem 1rem; padding: 0; margin: .2rem 0; }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: 50%; margin-right: .35rem;
  vertical-align: -1px; border: 2px solid; }
i.c0 { background: var(--c0); border-color: var(--c0); } i.c1 { background: var(--c1); border-color: var(--c1); }
i.c2 { background: var(--c2); border-color: var(--c2); } i.c3 { background: var(--c3); border-color: var(--c3); }
i.c4 { background: var(--c4); border-color: var(--c4); } i.c5 { background: var(--c5); border-color: var(--c5); }
i.c6 { background: var(--c6); border-color: var(--c6); } i.c7 { background: var(--c7); border-color: var(--c7); }
i.said { background: var(--bg); }
details { border: 1px solid var(--rule); border-radius: .4rem; margin: .4rem 0; padding: .35rem .75rem; }
details:target { border-color: var(--up); } summary { cursor: pointer; font-weight: 600; }
table.matrix { width: auto; font-size: .75rem; } .matrix th, .matrix td { padding: .1rem .35rem; text-align: right; }
.matrix td { background: rgba(var(--heat), var(--a)); }
@media (max-width: 34rem) { body { padding: 1rem .75rem 3rem; } figure { flex-basis: 100%; }
  .overview { overflow-x: auto; } .overview img { max-width: none; width: 44rem; }
  table.sortable thead { display: none; } table.sortable tr { display: block; padding: .4rem 0;
  border-bottom: 1px solid var(--rule); } table.sortable td { display: inline-block; border: 0; text-align: left;
  padding: 0 .75rem 0 0; white-space: normal; } table.sortable td.why { display: block; min-width: 0; }
  table.sortable td[data-label]::before { content: attr(data-label) " "; color: var(--dim); font-size: .8rem; } }
@media print { :root { color-scheme: light; } nav, th button::after { display: none; } body { max-width: none;
  padding: 0; font-size: 10pt; } details:not([open]) { display: none; } tr, figure { break-inside: avoid; }
  a { color: inherit; } }
"""

SCRIPT = """
document.querySelectorAll("table.sortable th button").forEach(function (button) {
  button.addEventListener("click", function () {
    var head = button.parentNode, table = head.closest("table"), body = table.tBodies[0];
    var column = Array.prototype.indexOf.call(head.parentNode.children, head);
    var down = head.getAttribute("aria-sort") === "ascending";
    head.parentNode.querySelectorAll("th").forEach(function (th) { th.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    function key(row) {
      var cell = row.cells[column];
      return cell.dataset.v === undefined ? cell.textContent : cell.dataset.v;
    }
    var rows = Array.prototype.slice.call(body.rows).sort(function (one, other) {
      var a = key(one), b = key(other), numeric = a !== "" && b !== "" && !isNaN(a) && !isNaN(b);
      if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1; // nothing there: last, both ways
      return (numeric ? a - b : a.localeCompare(b)) * (down ? -1 : 1);
    });
    rows.forEach(function (row) { body.appendChild(row); });
  });
});
function openTarget() {
  var target = location.hash && document.getElementById(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
}
addEventListener("hashchange", openTarget);
openTarget();
"""
