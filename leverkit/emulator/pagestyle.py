"""How the page at `/` looks: light and dark, wide and narrow, without a script or anything from elsewhere."""

STYLE = """
:root { color-scheme: light dark; --line: #d8dce3; --soft: #5b6472; --card: #f5f7fa; --accent: #0b5cad;
  --good: #17663a; --warn: #8a5300; --bad: #b3261e; font: 15px/1.5 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { :root { --line: #3a414d; --soft: #a4adba; --card: #1d2129;
  --accent: #7cb7ff; --good: #74d39b; --warn: #f0b95c; --bad: #ff9a91;
  background: #14171c; color: #e8ebf0; } }
* { box-sizing: border-box; }
body { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
header { border-bottom: 3px solid var(--accent); padding-bottom: .8rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p { margin: .3rem 0; max-width: 46rem; } .soft { color: var(--soft); }
a { color: var(--accent); } nav a { display: inline-block; margin: .2rem .9rem .2rem 0; }
code, pre { font-family: ui-monospace, monospace; font-size: .92em; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem;
  margin: .6rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: .6rem; margin: 0; }
dl > div { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .55rem .8rem;
  display: flex; flex-direction: column-reverse; justify-content: flex-end; }
dd { margin: 0; font-size: 1.45rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
dt { color: var(--soft); font-size: .9rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .88rem; }
th, td { padding: .28rem .9rem .28rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { white-space: nowrap; } td.long { white-space: normal; overflow-wrap: anywhere; width: 99%; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); font-weight: 600; }
@media (max-width: 44rem) {
  thead { position: absolute; left: -99rem; }
  tr { display: flex; flex-wrap: wrap; gap: 0 .8rem; padding: .35rem 0; }
  tr { border-bottom: 1px solid var(--line); } td { border: 0; padding: 0; } td:empty { display: none; }
  td.long { flex-basis: 100%; width: auto; order: 9; }
}
"""
