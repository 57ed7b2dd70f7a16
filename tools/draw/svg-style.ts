/** The picture's colours and letters; dark pages get their own colours by a media query inside the file. */

const LIGHT = `--page:#ffffff;--rim:#d0d7de;--ink:#1f2328;--soft:#59636e;--way:#8c959f;
--happy:#1a7f37;--happy-fill:#e6f8ea;--comp:#bf8700;--comp-fill:#fff8dc;--wait:#cf222e;--wait-fill:#fff0ee;
--end:#59636e;--end-fill:#f3f5f7;--won-fill:#1f883d;--won-ink:#ffffff;--late:#9a6700;--ask:#0969da`;

const DARK = `--page:#0d1117;--rim:#30363d;--ink:#e6edf3;--soft:#9198a1;--way:#6e7681;
--happy:#3fb950;--happy-fill:#11261a;--comp:#d29922;--comp-fill:#272012;--wait:#f85149;--wait-fill:#2d1517;
--end:#9198a1;--end-fill:#1c2129;--won-fill:#238636;--won-ink:#ffffff;--late:#d29922;--ask:#58a6ff`;

/** The style sheet of the picture. */
export const STYLE = `
:root{${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
text{font-family:system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:var(--ink)}
.page{fill:var(--page);stroke:var(--rim)}
.title{font-size:24px;font-weight:650}
.version,.legend{fill:var(--soft)}
.version{font-size:14px}
.way{fill:none;stroke:var(--way);stroke-width:1.6}
.way.happy{stroke:var(--happy);stroke-width:3}
.way.aside{stroke:var(--wait);stroke-width:1.4;stroke-dasharray:5 4;opacity:.75}
.head{fill:var(--way)}
.head.happy,.start{fill:var(--happy)}
.head.aside{fill:var(--wait)}
.label{fill:var(--page)}
.word,.job{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.word{text-anchor:middle}
.word.legend{text-anchor:start}
.word.always{fill:var(--soft)}
.word.failed,.dot.failed{fill:var(--wait)}
.word.deadline,.dot.deadline{fill:var(--late)}
.word.command,.dot.command{fill:var(--ask)}
.dot.done{fill:var(--ink)}
.name{font-size:17px;font-weight:600;text-anchor:middle}
.job{text-anchor:middle;fill:var(--soft);font-size:12px}
.box{stroke-width:1.8;fill:var(--end-fill);stroke:var(--end)}
.ring{fill:none;stroke:var(--end);stroke-width:1}
.happy .box{fill:var(--happy-fill);stroke:var(--happy)}
.compensation .box{fill:var(--comp-fill);stroke:var(--comp)}
.attention .box{fill:var(--wait-fill);stroke:var(--wait);stroke-dasharray:6 4}
.success .box{fill:var(--won-fill);stroke:var(--won-fill)}
.success .ring{stroke:var(--won-ink);opacity:.7}
.success .name{fill:var(--won-ink)}
`;
