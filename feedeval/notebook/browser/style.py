"""The style sheet of the dashboard: JupyterLab's colours where there are any, light and dark."""

from __future__ import annotations

from collections.abc import Sequence

from feedeval.html import Markup
from feedeval.notebook.browser.rows import GridColumn

ROOT = "feedeval-dash"
"""CSS class of the whole dashboard."""

PICTURE = "picture"
"""Name of the column that stands before the first one, though it comes after its button."""

_NARROW_PX = {2: 820, 1: 560}
"""Below so many pixels, columns of this rank and higher give way."""

_SHEET = """
.ROOT{container-type:inline-size;width:100%;font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;
 line-height:1.5;color:var(--jp-ui-font-color1,inherit);font-variant-numeric:tabular-nums;overflow:visible;padding:2px}
.ROOT .jupyter-widgets.widget-html,.ROOT .widget-html-content{height:auto;margin:0;line-height:1.5;font-size:13px;
 overflow-wrap:anywhere;min-width:0}
.ROOT .widget-html-content{width:100%}
.ROOT .fe-bar{display:flex;flex-flow:row wrap;gap:6px 8px;align-items:center;overflow:visible;margin:0}
.ROOT .fe-bar>*{margin:0}
.ROOT .widget-vbox{margin:0;overflow:visible}
.ROOT .fe-stack{gap:8px}
.ROOT .fe-panel:empty{display:none}
.ROOT .fe-title{font-size:16px;font-weight:600}
.ROOT .fe-quiet{opacity:.72;font-size:12px}
.ROOT .fe-quiet .fe-quiet{opacity:1}
.ROOT h3{font-size:16px;margin:4px 0;line-height:1.35}
.ROOT h4{font-size:13px;margin:14px 0 4px}
.ROOT p{margin:4px 0}
.ROOT a{color:var(--jp-content-link-color,#1976d2);text-decoration:underline}
.ROOT details{margin:8px 0}
.ROOT summary{cursor:pointer}
.ROOT pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px;max-height:24em;overflow:auto;margin:4px 0;
 padding:6px 10px;background:var(--jp-layout-color2,#8881);border:0;color:inherit}
.ROOT table{font-size:13px;border:0;table-layout:auto}
.ROOT th,.ROOT td{white-space:normal;max-width:32em;overflow-wrap:break-word}
.ROOT table tr{background:none!important;border-bottom:1px solid var(--jp-border-color2,#8884)}
.ROOT .fe-batches td,.ROOT .fe-batches th{white-space:nowrap}
.ROOT .fe-scroll{overflow-x:auto}
.ROOT .jupyter-button{border-radius:3px;overflow:hidden;text-overflow:ellipsis;color:inherit;margin:0}
.ROOT .jupyter-button:focus-visible,.ROOT summary:focus-visible{outline:2px solid var(--jp-brand-color1,#1976d2);
 outline-offset:1px}
.ROOT .jupyter-button.mod-danger{color:#fff}
.ROOT .fe-tabs{border-bottom:1px solid var(--jp-border-color1,#8886);gap:0 2px;margin-top:4px}
.ROOT .fe-tabs .jupyter-button{background:none;border-radius:3px 3px 0 0;border-bottom:3px solid transparent}
.ROOT .fe-tabs .jupyter-button.fe-on{border-bottom-color:var(--jp-brand-color1,#1976d2);font-weight:600}
.ROOT .fe-grid{display:grid;gap:0;overflow:visible;margin:2px 0;width:100%}
.ROOT .fe-grid>.widget-html,.ROOT .fe-grid>.widget-html>.widget-html-content{display:contents}
.ROOT .fe-grid>*{margin:0}
.ROOT .fe-cell,.ROOT .fe-grid>.jupyter-button{border-bottom:1px solid var(--jp-border-color2,#8884);
 padding:5px 16px 5px 0;min-width:0;height:auto;line-height:1.5}
.ROOT .fe-cell{overflow-wrap:normal;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;max-width:18em}
.ROOT .fe-grid>.fe-open{white-space:normal;overflow-wrap:anywhere}
.ROOT .fe-picture{display:block;width:40px;height:40px;overflow:hidden;border-radius:3px;background:#8882}
.ROOT .fe-picture img{display:block;max-width:40px;max-height:40px;margin:auto}
.ROOT .fe-grid:has(.fe-c-picture){grid-auto-flow:row dense}
.ROOT .fe-grid:has(.fe-c-picture)>.fe-open,.ROOT .fe-grid:has(.fe-c-picture)>.fe-c-title{grid-column:2}
.ROOT .fe-grid>.fe-c-picture,.ROOT .fe-grid .fe-cell.fe-c-picture{grid-column:1;padding-right:10px}
.ROOT .fe-grid:has(.fe-c-picture) .fe-cell{align-content:center}
.ROOT .fe-grid>.fe-figure,.ROOT .fe-grid .fe-cell.fe-figure{min-width:max-content}
.ROOT .fe-result{font-size:16px;font-weight:600}
.ROOT .fe-action{margin:0 0 4px}
.ROOT .scroll{overflow-x:auto}
.ROOT .scroll td,.ROOT .scroll th{vertical-align:top;text-align:left;padding:4px 16px 4px 0}
.ROOT .quiet{opacity:.72}
.ROOT .fe-figure{text-align:right}
.ROOT .fe-cell.fe-wide{max-width:none}
.ROOT .fe-grid .fe-cell.fe-last,.ROOT .fe-grid>.fe-last{padding-right:0}
.ROOT .fe-grid>.jupyter-button{background:none;box-shadow:none;text-align:left;border-radius:0;width:auto}
.ROOT .fe-grid>.fe-open{color:var(--jp-content-link-color,#1976d2);cursor:pointer}
.ROOT .fe-grid>.fe-open:hover{text-decoration:underline}
.ROOT .fe-grid>.fe-head{font-weight:600;font-size:12px;white-space:nowrap;
 border-bottom:1px solid var(--jp-border-color0,#888)}
.ROOT .fe-grid>.fe-head[disabled]{opacity:1;cursor:default}
.ROOT .fe-grid>.fe-head.fe-figure{text-align:right}
.ROOT .fe-meter{display:inline-block;width:4em;height:8px;border:1px solid var(--jp-border-color1,#888a);
 border-radius:4px;overflow:hidden;vertical-align:middle}
.ROOT .fe-meter i{display:block;height:100%;background:var(--jp-brand-color1,#1976d2)}
.ROOT .fe-headline{display:flex;flex-wrap:wrap;column-gap:1em;align-items:baseline}
.ROOT .fe-state{font-size:16px;white-space:nowrap}
.ROOT .fe-why,.ROOT .fe-failure{border-left:3px solid var(--jp-warn-color0,#b26a00);padding-left:.6em;margin:4px 0}
.ROOT .fe-failure{border-color:var(--jp-error-color1,#d32f2f)}
.ROOT .fe-said{white-space:pre-wrap}
.ROOT .fe-notice{border-left:3px solid var(--jp-success-color1,#388e3c);padding:2px .6em;margin:6px 0}
.ROOT .fe-notice.fe-bad{border-color:var(--jp-error-color1,#d32f2f)}
.ROOT .fe-asked{display:grid;grid-template-columns:auto minmax(0,1fr) minmax(0,1.2fr);margin:8px 0}
.ROOT .fe-asked>div{border-top:1px solid var(--jp-border-color2,#8884);padding:6px 16px 6px 0}
.ROOT .fe-verdict{white-space:nowrap}
.ROOT .fe-tag{border:1px solid var(--jp-border-color1,#888a);border-radius:3px;padding:0 4px;font-size:11px;
 white-space:nowrap}
.ROOT .fe-fields{display:grid;grid-template-columns:minmax(6em,auto) minmax(0,1fr);gap:4px 16px;margin:8px 0}
.ROOT .fe-fields dt{opacity:.72;float:none;width:auto;margin:0;font-weight:400;overflow-wrap:normal}
.ROOT .fe-fields dd{margin:0;width:auto;float:none}
.ROOT figure{margin:12px 0}
.ROOT figure img{max-width:100%;height:auto;background:none}
DARK_ARROW
body[data-jp-theme-light="false"] .ROOT .feedeval-on-light{display:none}
body[data-jp-theme-light="false"] .ROOT .feedeval-on-dark{display:inline!important}
@container (max-width:560px){.ROOT .fe-grid .fe-cell{white-space:normal}
 .ROOT .fe-asked{grid-template-columns:minmax(0,1fr)}
 .ROOT .fe-asked>div{border-top:0;padding:1px 0}
 .ROOT .fe-asked>.fe-verdict{border-top:1px solid var(--jp-border-color2,#8884);padding-top:6px}
 .ROOT .fe-fields{grid-template-columns:minmax(0,1fr);gap:0}}
"""


def sheet() -> Markup:
    """Return the style sheet as an element of the page."""
    return Markup(f"<style>{_SHEET.replace('DARK_ARROW', dark_arrow(ROOT)).replace('ROOT', ROOT)}</style>")


def dark_arrow(name: str) -> str:
    """Return the rule that lets the arrows of choices be seen in the dark, where ipywidgets draws them in black.

    Args:
        name: CSS class of what holds the choices.
    """
    path = "M5.2 7.6 9 11.4l3.8-3.8.9.9L9 13.2 4.3 8.5z"
    drawn = f"%3Cpath fill='%23ddd' d='{path}'/%3E"
    svg = f"%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 18 18'%3E{drawn}%3C/svg%3E"
    arrow = f'url("data:image/svg+xml,{svg}")'
    return f'body[data-jp-theme-light="false"] .{name}{{--jp-widgets-dropdown-arrow:{arrow}}}'


def grid_sheet(name: str, columns: Sequence[GridColumn]) -> Markup:
    """Return how many columns a grid has at which width.

    Args:
        name: CSS class of the grid.
        columns: Its columns; those of a higher rank give way first.
    """
    rules = [f".{ROOT} .{name}{{{_template(columns)}}}"]
    for rank, below_px in _NARROW_PX.items():
        hidden = ",".join(f".{name} .fe-c-{column.name}" for column in columns if column.rank >= rank)
        if hidden:
            left = [column for column in columns if column.rank < rank]
            # With its class twice, the rule counts more than the one that shows all columns.
            unplaced = (
                "" if _pictured(left) else f".{ROOT} .{name}.{name}>.jupyter-button{{grid-column:auto!important}}"
            )
            rules.append(
                f"@container (max-width:{below_px}px){{.{ROOT} .{name}.{name}{{{_template(left)}}}"
                f"{unplaced}{hidden}{{display:none!important}}}}"
            )
    return Markup(f"<style>{''.join(rules)}</style>")


def _template(columns: Sequence[GridColumn]) -> str:
    wide = next((column for column in columns if column.wide), columns[0])
    # A name of a session is never cut.
    first = f"minmax(11.5em,{'1fr' if wide is columns[0] else 'auto'})"
    pictures = "50px " if _pictured(columns) else ""
    others = [column for column in columns[1:] if column.name != PICTURE]
    rest = " ".join("minmax(7em,1fr)" if column is wide else "auto" for column in others)
    return f"grid-template-columns:{pictures}{first} {rest}"


def _pictured(columns: Sequence[GridColumn]) -> bool:
    return any(column.name == PICTURE for column in columns)
