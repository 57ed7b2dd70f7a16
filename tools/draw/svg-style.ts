/** The pictures' colours and letters; dark pages get their own colours by a media query inside the file. */

const LIGHT = `--page:#ffffff;--rim:#d0d7de;--ink:#1f2328;--soft:#59636e;--way:#8c959f;
--happy:#1a7f37;--happy-fill:#e6f8ea;--side:#57606a;--side-fill:#f6f8fa;--undo:#bf8700;--undo-fill:#fff8dc;
--after:#8250df;--after-fill:#f7f1ff;--help:#cf222e;--help-fill:#fff0ee;--late:#9a6700;--ask:#0969da;--news:#8250df`;

const DARK = `--page:#0d1117;--rim:#30363d;--ink:#e6edf3;--soft:#9198a1;--way:#6e7681;
--happy:#3fb950;--happy-fill:#11261a;--side:#9198a1;--side-fill:#161b22;--undo:#d29922;--undo-fill:#272012;
--after:#ab7df8;--after-fill:#1f1830;--help:#f85149;--help-fill:#2d1517;--late:#d29922;--ask:#58a6ff;--news:#bc8cff`;

const MONO = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace';

/** The style sheet of a picture. */
export const STYLE = `
:root{${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
text{font-family:system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:var(--ink)}
.page{fill:var(--page);stroke:var(--rim)}
.title{font-size:24px;font-weight:650}
.told{font-size:14px;fill:var(--soft)}
.legend{font-size:13px;fill:var(--soft)}
.line{fill:none;stroke:var(--way);stroke-width:1.6}
.line.happy{stroke:var(--happy);stroke-width:3.2}
.head{fill:var(--way)}
.head.happy,.start{fill:var(--happy)}
.label{fill:var(--page)}
.word,.job,.entry{font:12.5px ${MONO}}
.row{font:11px ${MONO}}
.word,.job,.entry,.name{text-anchor:middle}
.entry,.job{fill:var(--soft)}
.job{font-size:12px}
.always{fill:var(--soft)}
.failed,.flag{fill:var(--help)}
.deadline{fill:var(--late)}
.command{fill:var(--ask)}
.news{fill:var(--news)}
.done{fill:var(--ink)}
.name{font-size:16px;font-weight:600}
.crossroads .name{font-size:13px}
.from{fill:none;stroke:var(--way);stroke-dasharray:2 4}
.box{stroke-width:1.8;fill:var(--side-fill);stroke:var(--side)}
.ring,.rule{fill:none;stroke:var(--side);stroke-width:1}
.rule{opacity:.4}
.undoing .box{fill:var(--undo-fill);stroke:var(--undo)}
.undoing .ring,.undoing .rule{stroke:var(--undo)}
.aftercare .box{fill:var(--after-fill);stroke:var(--after)}
.aftercare .ring,.aftercare .rule{stroke:var(--after)}
.attention .box{fill:var(--help-fill);stroke:var(--help)}
.attention .rule{stroke:var(--help)}
.happy .box{fill:var(--happy-fill);stroke:var(--happy)}
.happy .ring,.happy .rule{stroke:var(--happy)}
.waiting .box{stroke-dasharray:6 4}
`;
