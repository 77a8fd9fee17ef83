#include "page/assets.h"

namespace modsweep::page {

// Colors of series are Okabe and Ito's, which people of all kinds of color vision tell apart.
std::string_view style_sheet() {
  return R"css(:root{color-scheme:light dark;--back:#fbfbfa;--card:#fff;--ink:#1d2024;--soft:#62686f;
  --line:#e3e5e8;--deep:#f1f3f4;--blue:#0072b2;--good:#00795a;--bad:#b3420a;--warn:#fdf3df;--warnline:#e69f00;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#e69f00;--c5:#56b4e9;--c6:#7a5cc0;--rest:#c9ced3;--both:#8b959e}
@media(prefers-color-scheme:dark){:root{--back:#15171a;--card:#1d2024;--ink:#e4e6e8;--soft:#9aa1a8;
  --line:#31363b;--deep:#262a2f;
--blue:#56b4e9;--good:#3cc79c;--bad:#f08a4b;--warn:#2e2716;--rest:#454b51;--both:#7d868e}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);
  font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1180px;margin:0 auto;padding:2.2em 1.4em 3em}
h1{font-size:2em;line-height:1.2;margin:0;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:1.25em;margin:2.4em 0 .7em;letter-spacing:-.005em}
p{margin:.5em 0;max-width:75ch}
.head{display:flex;flex-wrap:wrap;align-items:center;gap:.3em .8em}
.state{font-size:.85em;font-weight:600;padding:.15em .75em;border-radius:1em;border:1px solid currentColor;color:var(--good)}
.state.live{color:var(--blue)}
.state.live::before{content:"";display:inline-block;width:.55em;height:.55em;margin-right:.45em;border-radius:50%;
  background:currentColor;animation:beat 1.6s ease-in-out infinite}
@keyframes beat{50%{opacity:.25}}
@media(prefers-reduced-motion:reduce){.state.live::before{animation:none}}
.soft,small{color:var(--soft)}small{font-size:.85em;font-weight:400}
.tiles{display:flex;flex-wrap:wrap;gap:.8em;margin:1.3em 0 .9em;padding:0;list-style:none}
.tiles li{flex:1 1 7.5em;background:var(--card);border:1px solid var(--line);border-radius:.6em;padding:.55em .9em}
.tiles b{display:block;font-size:1.55em;line-height:1.25;font-weight:650;font-variant-numeric:tabular-nums}
.tiles .alarm b{color:var(--bad)}
.progress{height:.45em;border-radius:1em;background:var(--deep);overflow:hidden}
.progress i{display:block;height:100%;background:var(--blue)}
.notices{background:var(--warn);border-left:4px solid var(--warnline);border-radius:.3em;margin:1.4em 0;
  padding:.6em 1em .6em 2em}
.notices li{margin:.15em 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25em 1.4em;margin:.6em 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.legend{display:flex;flex-wrap:wrap;gap:.2em 1.3em;margin:.6em 0 .9em;padding:0;list-style:none;font-size:.92em}
.legend i,.bar i{background:var(--rest)}
.legend i{display:inline-block;width:.8em;height:.8em;border-radius:.2em;margin-right:.45em;vertical-align:-.05em}
.shares{display:grid;grid-template-columns:max-content 1fr;gap:.45em 1.2em;align-items:center}
.shares b{font-weight:600}
.bar{display:flex;height:1.7em;border-radius:.35em;overflow:hidden;background:var(--deep)}
.bar i{display:block;font:600 .82em/2.07em system-ui,sans-serif;color:#fff;text-align:center;overflow:hidden;
  white-space:nowrap;border-right:1px solid var(--back)}
.bar i.c4,.bar i.c5{color:#1d2024}.bar i.rest{color:var(--ink)}.both{background:var(--both)!important}
.c0{background:var(--c0)!important}.c1{background:var(--c1)!important}.c2{background:var(--c2)!important}
.c3{background:var(--c3)!important}
.c4{background:var(--c4)!important}.c5{background:var(--c5)!important}.c6{background:var(--c6)!important}
.scroll{overflow:auto;max-height:38em;background:var(--card);border:1px solid var(--line);border-radius:.6em;margin:.7em 0}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.93em}
th,td{padding:.32em .9em;text-align:left;overflow-wrap:break-word;max-width:30em;vertical-align:top;
  border-bottom:1px solid var(--line)}
tbody tr:last-child td{border-bottom:0}tbody tr:hover{background:var(--deep)}
thead th{white-space:normal;vertical-align:bottom;line-height:1.3;position:sticky;top:0;background:var(--deep);
  font-weight:600;z-index:1}
.n{text-align:right;white-space:nowrap}td.n small{display:block;line-height:1.2}thead .n{white-space:normal}
th button{font:inherit;text-align:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}
th button::after{content:"\2195";display:inline-block;width:1em;margin-left:.25em;color:var(--soft);opacity:.5}
th[aria-sort=ascending] button::after{content:"\2191";opacity:1}
th[aria-sort=descending] button::after{content:"\2193";opacity:1}
a{color:var(--blue)}
button:focus-visible,a:focus-visible,summary:focus-visible{outline:2px solid var(--blue);outline-offset:2px;
  border-radius:.2em}
pre{background:var(--card);border:1px solid var(--line);border-radius:.6em;padding:.8em 1em;overflow:auto;
  max-height:30em;font:.88em/1.5 ui-monospace,"DejaVu Sans Mono",monospace;margin:.6em 0}
details{margin:.6em 0}summary{cursor:pointer}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,500px),1fr));gap:1.2em;align-items:start}
figure{margin:0;min-width:0;background:var(--card);border:1px solid var(--line);border-radius:.6em;padding:.9em 1em .5em}
figure.wide{grid-column:1/-1}
figcaption{font-weight:600;margin-bottom:.5em}figcaption small{margin-left:.5em}
figure svg{display:block;max-width:100%;height:auto;margin:0 auto;border-radius:.3em}
figure .foot{display:flex;gap:1.2em;font-size:.85em;margin:.4em 0 .2em}figure details{margin:0;flex:1;min-width:0}
.instead{display:grid;place-items:center;text-align:center;min-height:11em;padding:1em;color:var(--soft);
  background:var(--deep);border-radius:.4em}
.claim{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:1.2em;
  background:var(--card);border:1px solid var(--line);border-left:4px solid var(--rest);border-radius:.6em;
  padding:1em 1.2em;margin:1em 0}
.claim.good{border-left-color:var(--good)}.claim.bad{border-left-color:var(--bad)}
.claim>*{min-width:0}.claim figure{border:0;padding:0;background:none}.claim h3{margin:0 0 .3em;font-size:1.05em}
.claim .says{font-size:1.05em;margin:.2em 0 .7em}
.verdict{font-weight:600;margin-left:.6em}.good .verdict{color:var(--good)}.bad .verdict{color:var(--bad)}
footer{margin-top:3em;padding-top:1em;border-top:1px solid var(--line);color:var(--soft);font-size:.9em}
@media print{
body{background:#fff;color:#000}.scroll{max-height:none;overflow:visible}figure,.claim{break-inside:avoid}
.foot{display:none!important}}
)css";
}

std::string_view script() {
  return R"js("use strict";
const kept = {
  get(key) { try { return sessionStorage.getItem(location.pathname + key); } catch { return null; } },
  set(key, value) { try { sessionStorage.setItem(location.pathname + key, value); } catch { } }
};
function sortRows(table, column, down) {
  const value = row => {
    const cell = row.cells[column];
    return cell.dataset.n === undefined ? cell.textContent : +cell.dataset.n;
  };
  const order = (a, b) => {
    const x = value(a), y = value(b), numbers = [typeof x, typeof y].filter(kind => kind === "number").length;
    if (numbers === 1) return typeof x === "number" ? -1 : 1;
    return (numbers === 2 ? x - y : x.localeCompare(y)) * (down ? -1 : 1);
  };
  const body = table.tBodies[0];
  body.append(...[...body.rows].sort(order));
  [...table.tHead.rows[0].cells].forEach((heading, c) => {
    if (c === column) heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    else heading.removeAttribute("aria-sort");
  });
}
document.querySelectorAll("table.sortable").forEach((table, t) => {
  [...table.tHead.rows[0].cells].forEach((heading, c) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.onclick = () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      sortRows(table, c, down);
      kept.set("table" + t, c + (down ? "-" : "+"));
    };
  });
  const sorted = kept.get("table" + t);
  if (sorted && parseInt(sorted) < table.tHead.rows[0].cells.length)
    sortRows(table, parseInt(sorted), sorted.endsWith("-"));
});
document.querySelectorAll("details").forEach((details, d) => {
  if (kept.get("details" + d)) details.open = true;
  details.addEventListener("toggle", () => kept.set("details" + d, details.open ? "open" : ""));
});
document.querySelectorAll("a.svg").forEach(link => {
  const svg = link.closest("figure").querySelector("svg");
  const fill = () => {
    const text = new XMLSerializer().serializeToString(svg);
    link.href = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
  };
  link.hidden = false;
  link.onpointerdown = link.onfocus = link.onclick = fill;
});
const reload = +document.body.dataset.reload;
if (reload) {
  const place = kept.get("scroll");
  if (place) scrollTo(0, +place);
  setTimeout(() => { kept.set("scroll", scrollY); location.reload(); }, reload * 1000);
}
)js";
}

}  // namespace modsweep::page
