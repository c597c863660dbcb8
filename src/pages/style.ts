import { createHash } from 'node:crypto'
import { html } from './html.ts'

/**
 * The one stylesheet. It stands in each page and the policy names its hash: a page is one answer, there is no second address to
 * serve, cache and keep open to the world, and still nothing that slips into a page can style it. It is less than 3 KB compressed, and
 * most people see these pages once.
 *
 * Sizes are in rem, so that a larger font of the reader's enlarges everything; inputs are never under 16 px, below which phones zoom
 * in on focus. Borders of inputs have a contrast of 3:1 (WCAG 1.4.11), texts 4.5:1 (WCAG 1.4.3), in light and in dark.
 */
export const STYLE = html`<style>
:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --surface: #fff; --text: #1b2430; --quiet: #515d6e; --line: #d5dae2; --edge: #747f90;
  --accent: #0b5a75; --on-accent: #fff; --accent-hover: #08445a; --focus: #0b5a75; --tint: #eaf3f6;
  --bad: #a3201b; --bad-tint: #fdf2f1; --good: #1d6b3a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161b; --surface: #1a2027; --text: #e5e9ee; --quiet: #a6b1bf; --line: #333d49; --edge: #7f8b9b;
    --accent: #7cc9e2; --on-accent: #06222c; --accent-hover: #a3dbed; --focus: #a3dbed; --tint: #1c2c34;
    --bad: #ff9d94; --bad-tint: #331d1d; --good: #7fd29b;
  }
}
*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; min-height: 100svh; display: flex; flex-direction: column;
  background: var(--ground); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
header, main, footer { width: 100%; max-width: 38rem; margin-inline: auto; padding-inline: 1rem; }
header { display: flex; gap: 1rem; align-items: center; justify-content: space-between; padding-block: 1.25rem 1rem; }
header p { display: flex; gap: .6rem; align-items: center; margin: 0; font-weight: 600; min-width: 0; }
header svg { flex: none; width: 1.5rem; height: 1.5rem; color: var(--accent); }
header nav { flex: none; }
header a { display: block; padding: .4rem 0; }
[hidden] { display: none !important; }
main > section { background: var(--surface); border: 1px solid var(--line); border-radius: .75rem; padding: 1.75rem; }
footer { padding-block: 1.25rem 2rem; color: var(--quiet); font-size: .875rem; }
footer p { margin: 0; }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; text-wrap: balance; }
h2 { margin: 0 0 .35rem; font-size: 1.0625rem; line-height: 1.35; }
p { margin: 0 0 1rem; text-wrap: pretty; }
section > :last-child, [role=alert] > :last-child, .note > :last-child { margin-bottom: 0; }
a { color: var(--accent); text-decoration-thickness: from-font; text-underline-offset: .18em; }
a:hover { color: var(--accent-hover); text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: .25rem; }
.quiet, .hint { color: var(--quiet); }
.note { margin: 0 0 1.25rem; padding: .85rem 1rem; background: var(--tint); border-radius: .5rem; }
/* Names come from elsewhere: one that is written from right to left does not turn what stands beside it. */
strong, .choices span { unicode-bidi: isolate; }
ol { margin: 0 0 1rem; padding-left: 1.4rem; }
li + li { margin-top: .3rem; }

section > h2 { margin-top: 1.75rem; }
dl { display: grid; grid-template-columns: fit-content(45%) 1fr; gap: .35rem 1.25rem; margin: 0 0 1rem; }
dt { color: var(--quiet); }
dd { margin: 0; }
dd, .rows strong, .menu .quiet { unicode-bidi: isolate; }
dd ul { margin: 0; padding: 0; list-style: none; }

form { margin-top: 1.5rem; }
form + p { margin-top: 1.5rem; font-size: .9375rem; }
.field { margin: 0 0 1.35rem; padding: 0; border: 0; min-width: 0; }
.field > label, legend { display: block; padding: 0; font-weight: 600; }
.mark { font-weight: 400; color: var(--quiet); }
.hint { display: block; margin: .1rem 0 0; font-size: .9375rem; }
.fault { display: block; margin: .25rem 0 0; color: var(--bad); font-weight: 600; font-size: .9375rem; }
input, select, textarea, button { font: inherit; }
.field > input, select, textarea {
  display: block; width: 100%; min-height: 2.75rem; margin-top: .4rem; padding: .55rem .75rem;
  color: var(--text); background: var(--surface); border: 1px solid var(--edge); border-radius: .5rem; font-size: max(1rem, 16px);
}
input[readonly] { background: var(--ground); border-color: var(--line); }
.check label { display: flex; gap: .65rem; align-items: flex-start; font-weight: 400; cursor: pointer; }
.check input { flex: none; width: 1.15rem; height: 1.15rem; margin: .2rem 0 0; accent-color: var(--accent); }
textarea { min-height: 9.5rem; font: max(.875rem, 16px)/1.45 ui-monospace, "DejaVu Sans Mono", monospace; resize: vertical; }
.field [aria-invalid=true]:not(fieldset) { border: 2px solid var(--bad); }
.field > input:focus-visible, select:focus-visible, textarea:focus-visible { outline-offset: 0; border-radius: .5rem; }
[role=alert] { margin: 0 0 1.25rem; padding: .9rem 1rem; background: var(--bad-tint); border: 1px solid var(--bad); border-left-width: .3rem; border-radius: .5rem; }
[role=alert]:focus { outline: 3px solid var(--focus); outline-offset: 2px; }
[role=alert] h2, [role=alert] a { color: var(--bad); }
[role=alert] ul { margin: .4rem 0 .6rem; padding-left: 1.2rem; }
[role=alert] p { margin-bottom: .5rem; }

.choices { margin-top: .6rem; border: 1px solid var(--edge); border-radius: .5rem; overflow: auto; }
.choices.many { max-height: min(26rem, 55vh); }
.choices label { display: flex; gap: .75rem; align-items: flex-start; padding: .7rem .85rem; cursor: pointer; }
.choices label + label { border-top: 1px solid var(--line); }
.choices label:hover, .choices label:has(:checked) { background: var(--tint); }
.choices label:has(:focus-visible) { outline: 3px solid var(--focus); outline-offset: -3px; border-radius: .5rem; }
.choices input { flex: none; width: 1.15rem; height: 1.15rem; margin: .2rem 0 0; accent-color: var(--accent); }
.choices input:focus-visible { outline: none; }
.choices .hint { margin: 0; }

/* Between one way to prove oneself and the others. */
.or { display: flex; gap: 1rem; align-items: center; margin: 1.75rem 0 1.25rem; color: var(--quiet); }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
section > nav { margin: 0 0 1rem; }
.stack { display: grid; gap: .6rem; margin: 0; padding: 0; list-style: none; }
.stack li { margin: 0; }
.stack a { display: block; width: 100%; }
.cancel { margin-top: 1.25rem; }
details { margin-top: 1.75rem; }
summary { width: fit-content; padding: .4rem 0; color: var(--accent); cursor: pointer; text-decoration: underline; text-underline-offset: .18em; }
details > form { margin-top: .75rem; }
.qr { display: block; max-width: 100%; height: auto; border: 1px solid var(--line); border-radius: .5rem; }
.codes { columns: 12rem; margin: 0 0 1rem; padding: 1rem 1rem 1rem 3rem; background: var(--tint); border: 1px dashed var(--edge); border-radius: .5rem; }
.codes code { font: 600 1.0625rem/1.6 ui-monospace, "DejaVu Sans Mono", monospace; letter-spacing: .03em; }

.back { margin-bottom: .6rem; }
.back a { display: inline-block; padding: .2rem 0; }
.done { border-left: .3rem solid var(--good); }
.menu, .rows { margin: 1.25rem 0 1.5rem; padding: 0; border: 1px solid var(--line); border-radius: .5rem; list-style: none; }
.menu li, .rows li { margin: 0; }
.menu li + li, .rows li + li { border-top: 1px solid var(--line); }
.menu a { display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between; padding: .8rem 1rem; text-decoration: none; }
.menu a:hover { background: var(--tint); }
.menu .quiet { min-width: 0; margin-left: auto; text-align: right; }
.rows li { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: flex-start; justify-content: space-between; padding: .9rem 1rem; }
.rows li > div:first-child { flex: 1 1 15rem; min-width: 0; }
.rows p { margin: 0; }
.rows .quiet { font-size: .9375rem; }
.rows form, .rows details { margin: 0; }
.rows .act { display: flex; }
.acts { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; }
.acts details[open] { flex: 1 0 100%; }
.tag { display: inline-block; padding: .05rem .55rem; background: var(--tint); border-radius: 1rem; font-size: .8125rem; }

.ways { display: flex; flex-wrap: wrap; gap: .5rem; margin: .4rem 0 0; padding: 0; list-style: none; }
.ways li { margin: 0; }
.ways a { display: block; padding: .45rem .85rem; border: 1px solid var(--edge); border-radius: 2rem; text-decoration: none; }
.ways a[aria-current] { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }

button, .button {
  display: inline-block; min-height: 2.9rem; padding: .65rem 1.4rem; border: 1px solid transparent; border-radius: .5rem;
  background: var(--accent); color: var(--on-accent); font-weight: 600; line-height: 1.4; text-align: center; text-decoration: none; cursor: pointer;
}
button:hover, .button:hover { background: var(--accent-hover); color: var(--on-accent); }
.plain { background: transparent; border-color: var(--edge); color: var(--accent); }
.plain:hover { background: var(--tint); color: var(--accent-hover); }
.danger { background: var(--bad); color: var(--surface); }
.danger:hover { background: var(--bad); color: var(--surface); text-decoration: underline; }
.small { min-height: 2.2rem; padding: .3rem .85rem; font-size: .9375rem; }
.code {
  display: block; margin: 0 0 1rem; padding: 1rem .5rem; background: var(--tint); border: 1px dashed var(--edge); border-radius: .5rem;
  font: 600 clamp(1.125rem, 5.6vw, 1.5rem)/1.4 ui-monospace, "DejaVu Sans Mono", monospace; letter-spacing: .04em; text-align: center; user-select: all;
}
.good { color: var(--good); }
h1 svg { width: 1.6rem; height: 1.6rem; margin-right: .5rem; vertical-align: -.3rem; }
@media (max-width: 30rem) {
  main > section { padding: 1.25rem 1rem; }
  button, .button { display: block; width: 100%; }
  .small { display: inline-block; width: auto; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
}
@media (prefers-reduced-motion: no-preference) {
  button, .button { transition: background-color .15s; }
}
@media print { header a, form { display: none; } }
</style>`

/** The hash of what stands between the tags, as a policy names it (CSP 3 §2.3.1). */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(String(STYLE).slice('<style>'.length, -'</style>'.length)).digest('base64')}'`
