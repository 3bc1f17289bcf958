"""Style sheet and script of the leaderboard page, inline so that the page is one file."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--fg:#1c2430;--dim:#5c6675;--bg:#fff;--line:#e2e6ec;--accent:#2f6fde;--soft:#dbe7fb;
--warn:#8a5300;--warnbg:#fff1d6}
@media(prefers-color-scheme:dark){:root{--fg:#e6e9ee;--dim:#9aa4b2;--bg:#14181f;--line:#2b323d;--accent:#6ea1ff;
--soft:#20345a;--warn:#ffc976;--warnbg:#3a2c12}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans","Noto Sans KR","Apple SD Gothic Neo","Malgun Gothic",sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px;overflow-x:auto}
h1{font-size:26px;margin:0 0 4px}
.lead{color:var(--dim);margin:0 0 18px}
.tiles{display:flex;flex-wrap:wrap;gap:12px;margin-bottom:14px}
.tiles div{border:1px solid var(--line);border-radius:8px;padding:8px 14px;min-width:96px}
.tiles b{display:block;font-size:20px;font-variant-numeric:tabular-nums}
.tiles span{color:var(--dim);font-size:12px}
svg{width:100%;max-width:620px;height:auto;margin:4px 0 16px}
svg rect{fill:var(--accent)}svg line{stroke:var(--warn);stroke-width:2;stroke-dasharray:4 3}
svg text{fill:var(--dim);font-size:11px}
table{border-collapse:collapse;width:100%}
th,td{padding:6px 10px;border-bottom:1px solid var(--line);text-align:left;vertical-align:middle}
th{font-size:12px;color:var(--dim);font-weight:600;white-space:nowrap;cursor:pointer;user-select:none}
th.none{cursor:default}
th[aria-sort=ascending]::after{content:" \\2191"}th[aria-sort=descending]::after{content:" \\2193"}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.bar{background:linear-gradient(90deg,var(--soft) var(--v),transparent var(--v));font-weight:600}
td.name{overflow-wrap:anywhere;min-width:190px;font-size:13px}
.badge{font-size:11px;color:var(--warn);background:var(--warnbg);border-radius:4px;padding:1px 6px;white-space:nowrap}
.spark{display:inline-flex;align-items:flex-end;gap:2px;height:22px}
.spark i{display:block;width:6px;background:var(--accent);border-radius:1px}
abbr{text-decoration:none;color:var(--dim);cursor:help}
details{margin-top:22px}summary{font-weight:600;cursor:pointer}li{overflow-wrap:anywhere}
footer{margin-top:30px;color:var(--dim);font-size:12px}
@media print{main{max-width:none;padding:0}th{cursor:default}details>*{display:block}}
"""

SCRIPT = """
(function(){var t=document.getElementById('ranking');if(!t)return;
var heads=[].slice.call(t.tHead.rows[0].cells),body=t.tBodies[0];
heads.forEach(function(th,i){if(th.className==='none')return;th.tabIndex=0;
function sort(){var up=th.getAttribute('aria-sort')!=='ascending';
heads.forEach(function(h){h.removeAttribute('aria-sort')});th.setAttribute('aria-sort',up?'ascending':'descending');
var rows=[].slice.call(body.rows);rows.sort(function(a,b){var x=a.cells[i],y=b.cells[i],u=x.getAttribute('data-v'),
v=y.getAttribute('data-v'),d=u!==null?u-v:x.textContent.localeCompare(y.textContent);return up?d:-d});
rows.forEach(function(r){body.appendChild(r)})}
th.addEventListener('click',sort);
th.addEventListener('keydown',function(e){if(e.key==='Enter'||e.key===' '){e.preventDefault();sort()}})})})();
"""
