// SPDX-License-Identifier: Apache-2.0
// How a report looks. Colours are chosen for a contrast of at least 4.5 : 1 on their grounds, and never say what words do
// not. Printed, nothing has a dark ground, whatever the screen has.
#pragma once

namespace patchferry::importer {

inline constexpr char kStyle[] = R"css(:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f5f7f9; --ink: #1b2129; --soft: #56606c; --line: #d3d9e0; --accent: #14508c;
  --critical: #9b1030; --critical-ground: #fde8ec; --high: #9a3d00; --high-ground: #fdeede;
  --medium: #6f5200; --medium-ground: #fbf3d4; --low: #1c6535; --low-ground: #e4f4e8;
  --unknown: #56606c; --unknown-ground: #edf0f3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181d; --raised: #1d232a; --ink: #e6eaee; --soft: #a3adb8; --line: #38414b; --accent: #7db7f0;
    --critical: #ff9aae; --critical-ground: #46131f; --high: #ffb27d; --high-ground: #43230c;
    --medium: #ecd06f; --medium-ground: #3a2f0a; --low: #8fd8a4; --low-ground: #12351d;
    --unknown: #b3bcc6; --unknown-ground: #2a3138;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 2.5rem 1.5rem 3rem; }
h1 { margin: 0; font-size: 2rem; line-height: 1.2; letter-spacing: -.01em; }
h2 { margin: 2.5rem 0 .75rem; padding-bottom: .3rem; border-bottom: 2px solid var(--line); font-size: 1.3rem; }
h3 { margin: 1.5rem 0 .5rem; font-size: 1.05rem; }
p { margin: .4rem 0; }
code, .mono { font: .92em/1.4 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; overflow-wrap: anywhere; }
small { color: var(--soft); font: .8em ui-monospace, "DejaVu Sans Mono", Consolas, monospace; overflow-wrap: anywhere; }
.kind { margin: 0 0 .3rem; color: var(--accent); font-weight: 600; letter-spacing: .06em; text-transform: uppercase; font-size: .82rem; }
.summary { font-size: 1.1rem; }
.made, footer { color: var(--soft); font-size: .88rem; }
header { border-bottom: 3px solid var(--accent); padding-bottom: 1rem; margin-bottom: 1.5rem; }
.news { margin: 1rem 0; padding: .75rem 1.25rem; border: 1px solid var(--line); border-left: 5px solid var(--accent); background: var(--raised); border-radius: 4px; }
.news.bad { border-color: var(--critical); background: var(--critical-ground); color: var(--critical); font-weight: 600; }
.news h2 { margin: 0 0 .25rem; padding: 0; border: 0; font-size: 1.05rem; }
.news ul { margin: .25rem 0; padding-left: 1.2rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
.tile { padding: .8rem 1rem; border: 1px solid var(--line); border-top: 4px solid var(--line); border-radius: 4px; background: var(--raised); }
.tile.good { border-top-color: var(--low); }
.tile.bad { border-top-color: var(--critical); }
.tile p { margin: 0; }
.tile.bad .big { color: var(--critical); }
.big { font-size: 1.8rem; font-weight: 650; line-height: 1.25; font-variant-numeric: tabular-nums; }
.label { color: var(--soft); font-size: .9rem; }
.below { margin-top: .35rem !important; font-size: .85rem; }
.scroll { overflow-x: auto; margin: 1rem 0 1.5rem; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; }
caption { padding: .2rem 0 .5rem; text-align: left; font-weight: 600; }
th, td { padding: .42rem .7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { border-bottom: 2px solid var(--soft); background: var(--raised); font-size: .82rem; color: var(--soft); white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.fixed { white-space: nowrap; }
.whole, td.name code { display: inline-block; max-width: 100%; overflow-wrap: anywhere; }
td.name { min-width: 17em; }
td.words { min-width: 16em; }
.fixed { width: 1%; }
.severity, .turn { display: inline-block; padding: .05rem .5rem; border: 1px solid; border-radius: 1rem; font-size: .86rem; white-space: nowrap; }
.critical, .turn.lost { color: var(--critical); background: var(--critical-ground); }
.high, .turn.lowered { color: var(--high); background: var(--high-ground); }
.medium, .turn.reissued { color: var(--medium); background: var(--medium-ground); }
.low, .turn.raised, .turn.added, .turn.brought { color: var(--low); background: var(--low-ground); }
.unknown { color: var(--unknown); background: var(--unknown-ground); }
dl { margin: .5rem 0 1rem; }
dl div { display: grid; grid-template-columns: 13rem 1fr; gap: .75rem; padding: .35rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.sign { display: none; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .5rem; }
@media (max-width: 40rem) { dl div { grid-template-columns: 1fr; gap: 0; } }
@page { size: A4; margin: 16mm 15mm 18mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; color: #444; } }
@media print {
  :root {
    color-scheme: light;
    --ground: #fff; --raised: #fff; --ink: #000; --soft: #444; --line: #bbb; --accent: #14508c;
    --critical: #9b1030; --high: #9a3d00; --medium: #6f5200; --low: #1c6535; --unknown: #444;
    --critical-ground: #fff; --high-ground: #fff; --medium-ground: #fff; --low-ground: #fff; --unknown-ground: #fff;
  }
  body { font-size: 9.5pt; }
  main { max-width: none; padding: 0; }
  h1 { font-size: 19pt; }
  h2 { font-size: 13pt; margin-top: 7mm; }
  h2, h3, caption, thead { break-after: avoid; }
  tbody tr:first-child { break-before: avoid; }
  .scroll { overflow: visible; }
  thead { display: table-header-group; }
  tr, .tile, .news, dl div, .sign, .signers div { break-inside: avoid; }
  .tiles { grid-template-columns: repeat(4, 1fr); gap: 3mm; }
  .tile { padding: 2mm 3mm; }
  .big { font-size: 15pt; }
  .news.bad { border-width: 1.5pt; border-left-width: 5pt; }
  th, td { padding: 1.1mm 2mm; }
  td.words { min-width: 0; }
  small { font-size: 6.2pt; }
  .scroll { margin: 3mm 0 5mm; }
  .sign { display: block; }
  .signers { display: grid; grid-template-columns: 1fr 1fr; gap: 12mm; }
  .line { margin: 9mm 0 0; padding-top: 1mm; border-top: .6pt solid #000; color: #444; font-size: 8pt; }
}
)css";

}  // namespace patchferry::importer
