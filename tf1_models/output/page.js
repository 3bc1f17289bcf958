// Tables: a click on a head's button sorts by that column, by cells' data-v where they have it; empty ones stay last.
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
      if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1;
      return (numeric ? a - b : a.localeCompare(b)) * (down ? -1 : 1);
    });
    rows.forEach(function (row) { body.appendChild(row); });
  });
});
// A link to a folded part unfolds it.
function openTarget() {
  var target = location.hash && document.getElementById(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
}
addEventListener("hashchange", openTarget);
openTarget();
