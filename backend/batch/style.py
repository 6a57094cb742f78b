"""Style of the page about a batch: for screens in light and dark, and for paper."""

from __future__ import annotations

from typing import Final

STYLE: Final = """:root { --ink: #1d2126; --quiet: #666e78; --line: #dfe3e8; --page: #ffffff; --soft: #f4f6f8;
  --good: #1d7a46; --bad: #b3271e; --warn: #8a5a00; --link: #1a5fb4; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --quiet: #9aa3ad; --line: #353b43; --page: #181b1f;
  --soft: #22262b; --good: #5fc98d; --bad: #ff8177; --warn: #e2b04a; --link: #8ab8f5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { margin: 0 0 .4rem; font-size: 1.6rem; font-weight: 650; overflow-wrap: anywhere; }
h2 { margin: 0; font-size: 1rem; font-weight: 600; overflow-wrap: anywhere; }
p { margin: .2rem 0; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
.quiet { color: var(--quiet); font-size: .86rem; overflow-wrap: anywhere; }
.state { display: inline-block; padding: .05rem .55rem; border: 1px solid; border-radius: 1rem; font-size: .78rem;
  font-weight: 550; white-space: nowrap; color: var(--good); }
.failed .state, .state.failed { color: var(--bad); }
.waiting .state, .skipped .state, .running .state, .state.waiting, .state.skipped,
.state.running { color: var(--quiet); }
.failures, .people { margin: 1rem 0; padding: .7rem 1rem; border-left: 4px solid var(--bad); background: var(--soft); }
.people { border-color: var(--line); }
ul { margin: .3rem 0 0; padding-left: 1.1rem; }
table { width: 100%; margin-top: 1rem; border-collapse: collapse; }
th { position: sticky; top: 0; padding: .4rem .6rem; box-shadow: inset 0 -2px var(--line); background: var(--page);
  color: var(--quiet); font-size: .82rem; font-weight: 550; text-align: left; }
tr[id] { scroll-margin-top: 3rem; }
tr:target { background: var(--soft); }
td { padding: .7rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.picture { width: 176px; }
td.picture img { display: block; width: 160px; height: auto; border-radius: 4px; }
.empty { width: 160px; height: 94px; line-height: 94px; text-align: center; border: 1px dashed var(--line);
  border-radius: 4px; color: var(--quiet); font-size: .8rem; }
td.shot { min-width: 16rem; }
td.frames { min-width: 8.5rem; }
td.none { color: var(--quiet); }
td.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
td.flags { font-size: .86rem; }
td.flags ul { margin: 0; }
.bar { height: 5px; max-width: 8rem; margin: .3rem 0; border-radius: 3px; background: var(--line); }
.bar div { height: 100%; border-radius: 3px; background: var(--good); }
.warning { color: var(--warn); font-size: .84rem; }
.failure { color: var(--bad); }
.links a { margin-right: .6rem; font-size: .88rem; }
details { margin-top: .2rem; color: var(--quiet); font-size: .84rem; }
summary { cursor: pointer; }
footer { margin-top: 1rem; }
@media screen and (max-width: 64rem) { thead { display: none; } table, tbody { display: block; }
  tr { display: block; position: relative; min-height: 7.5rem; padding: .8rem 0 .8rem 11.5rem;
    border-bottom: 1px solid var(--line); }
  td { display: block; padding: .1rem 0; border: 0; } td.picture { position: absolute; top: .9rem; left: 0; }
  td.shot { min-width: 0; padding-bottom: .4rem; } td.none { display: none; } td br { display: none; }
  td[data-label] { position: relative; padding-left: 8rem; }
  td[data-label]::before { content: attr(data-label); position: absolute; left: 0; color: var(--quiet);
    font-size: .86rem; } td.number .quiet { margin-left: .5rem; } }
@media screen and (max-width: 36rem) { body { padding: 1rem; } tr { padding-left: 0; }
  td.picture { position: static; width: auto; padding-bottom: .5rem; } td.picture img, .empty { width: 100%;
  max-width: 20rem; }
  .empty { height: 3.5rem; line-height: 3.5rem; } }
@media print { :root { --ink: #000; --quiet: #444; --line: #bbb; --page: #fff; --soft: #fff; --good: #14532d;
  --bad: #8b1a13; --warn: #6b4700; --link: #000; } html { font-size: 8.5pt; }
  body { max-width: none; padding: 0; font-size: 8.5pt; }
  tr, .failures { break-inside: avoid; } thead { display: table-header-group; }
  th { position: static; } .links, details { display: none; }
  h1 { font-size: 15pt; } h2 { font-size: 9pt; } th, td { padding: 4pt 3pt; } td.shot { min-width: 0; width: 34%; }
  td.frames { min-width: 0; } .bar { max-width: 60px; } .bar div { print-color-adjust: exact;
  -webkit-print-color-adjust: exact; } td.picture { width: 104px; } td.picture img { width: 96px; }
  .empty { width: 96px; height: 56px; line-height: 56px; } }
@page { margin: 14mm; }
"""
