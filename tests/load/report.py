"""What the scenarios found: tables for people, JSON, and one HTML page with plots that needs nothing from elsewhere."""
import html
import json
import math

COLUMNS = [("what", "what"), ("tool", "driven by"), ("calls", "calls"), ("ok", "OK"), ("per_second", "OK a second"), ("p50_ms", "p50 ms"),
           ("p90_ms", "p90 ms"), ("p99_ms", "p99 ms"), ("server_cpu_us", "server's CPU us a call")]
# Told apart by those who see colours differently too; the order is fixed.
COLOURS = ["#2a78c2", "#c2571a", "#2f8f5b", "#8a4fb0", "#a88a00", "#5c6670", "#b83a6b", "#1f8a99"]


def cell(value):
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return str(value)


def mark(verdict):
    return "ok" if verdict.good else "WRONG" if verdict.wrong else "MISSED"


def print_scenario(result):
    print(f"\n## {result['title']}\n\n{result['about']}\n")
    print("| " + " | ".join(title for _, title in COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    for row in result["rows"]:
        print("| " + " | ".join(cell(row[key]) for key, _ in COLUMNS) + " |")
    print()
    for verdict in result["verdicts"]:
        print(f"  {mark(verdict):6} {verdict.what}: {verdict.got}")
    print(flush=True)


def write_json(path, machine, results):
    plain = {name: {**{key: value for key, value in result.items() if key not in ("verdicts", "charts", "rows")},
                    "rows": [{key: row[key] for key, _ in COLUMNS} for row in result["rows"]],
                    "verdicts": [{"what": v.what, "got": v.got, "result": mark(v)} for v in result["verdicts"]]}
             for name, result in results.items()}
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"machine": machine, "scenarios": plain}, file, indent=2)
        file.write("\n")


# --- Plots.

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 460, 200, 52, 30, 10


def ticks(most, count=4):
    if most <= 0:
        return [0, 1]
    step = 10 ** math.floor(math.log10(most / count))
    step *= next(factor for factor in (1, 2, 5, 10) if most / (step * factor) <= count)
    return [step * i for i in range(int(math.ceil(most / step)) + 1)]


def plot(title, lines, x_label, goal=None, x_names=None, logarithmic=False):
    """`lines`: name to [(x, y)]. With `x_names`, [(x, text)] instead of numbers under the axis."""
    points = [point for line in lines.values() for point in line]
    if not points:
        return ""
    x_most = max(x for x, _ in points) or 1
    y_values = [y for _, y in points] + ([goal] if goal else [])
    if logarithmic:
        low = math.floor(math.log10(max(1e-3, min(y for y in y_values if y > 0) if any(y > 0 for y in y_values) else 1e-3)))
        high = max(low + 1, math.ceil(math.log10(max(max(y_values), 1e-3))))
        y_ticks = [10.0 ** power for power in range(low, high + 1)]

        def y_at(y):
            return (math.log10(max(y, 10.0 ** low)) - low) / (high - low)
    else:
        y_ticks = ticks(max(y_values))

        def y_at(y):
            return y / y_ticks[-1]

    def place(x, y):
        return f"{LEFT + x / x_most * (WIDTH - LEFT - 10):.1f},{TOP + (1 - y_at(y)) * (HEIGHT - TOP - BOTTOM):.1f}"

    out = [f'<figure><figcaption>{html.escape(title)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
           f'aria-label="{html.escape(title)}">']
    for y in y_ticks:
        at = place(0, y).split(",")[1]
        out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 10}" y1="{at}" y2="{at}"/>'
                   f'<text x="{LEFT - 6}" y="{at}" class="y">{y:g}</text>')
    for x, text in x_names or [(x, f"{x:g}") for x in ticks(x_most, 8) if x <= x_most]:
        out.append(f'<text x="{place(x, y_ticks[0]).split(",")[0]}" y="{HEIGHT - BOTTOM + 14}" class="x">{html.escape(text)}</text>')
    out.append(f'<text x="{(LEFT + WIDTH) / 2:.0f}" y="{HEIGHT - 2}" class="x">{html.escape(x_label)}</text>')
    if goal:
        at = place(0, goal).split(",")[1]
        out.append(f'<line class="goal" x1="{LEFT}" x2="{WIDTH - 10}" y1="{at}" y2="{at}"/>')
    for colour, (name, line) in zip(COLOURS * 3, lines.items()):
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" points="{" ".join(place(x, y) for x, y in line)}">'
                   f"<title>{html.escape(name)}</title></polyline>")
    out.append("</svg><ul>")
    if len(lines) > 1:
        out += [f'<li><i style="background:{colour}"></i>{html.escape(name)}</li>' for colour, name in zip(COLOURS * 3, lines)]
    out.append("</ul></figure>")
    return "".join(out)


def latency_plot(rows):
    lines = {}
    for row in rows:
        if len(row["latencies"]) > 2:
            last = len(row["latencies"]) - 1
            name = f"{row['what']} ({row['tool']})"
            lines[name] = [(index / last * 100, value) for index, value in enumerate(row["latencies"])]
    return plot("Latency of answered calls by percentile, ms", lines, "percentile", logarithmic=True) if lines else ""


STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#66707a;--line:#d9dee3;--back:#fff;--ok:#2f8f5b;--bad:#c22f2f;--miss:#a86a00}
@media(prefers-color-scheme:dark){:root{--ink:#e7eaee;--soft:#98a2ac;--line:#3a424a;--back:#14181c;--ok:#5cc28b;--bad:#ff7b72;--miss:#e0a83c}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);max-width:1020px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.5rem;border-top:1px solid var(--line);padding-top:1rem}p{color:var(--soft)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}.wide{overflow-x:auto}
th,td{text-align:right;padding:.25rem .5rem;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left;white-space:normal}th{font-weight:600;color:var(--soft)}
.verdicts{list-style:none;padding:0}.verdicts b{display:inline-block;width:4.8rem}.ok b{color:var(--ok)}.WRONG b{color:var(--bad)}
.MISSED b{color:var(--miss)}.plots{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;flex:1 1 440px;min-width:0}
figcaption{font-weight:600;font-size:.9rem}svg{width:100%;height:auto}svg text{font-size:10px;fill:var(--soft)}.y{text-anchor:end;dominant-baseline:middle}
.x{text-anchor:middle}.grid{stroke:var(--line);stroke-width:.6}.goal{stroke:var(--soft);stroke-dasharray:4 3}
figure ul{list-style:none;padding:0;margin:0;font-size:.8rem;color:var(--soft)}figure i{display:inline-block;width:.8em;height:.8em;margin-right:.4em}
"""


def write_html(path, machine, results):
    out = ["<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>Load</title>",
           f"<style>{STYLE}</style><h1>imbot-gateway under load</h1><p>{html.escape(machine)}</p>"]
    for result in results.values():
        out.append(f"<h2>{html.escape(result['title'])}</h2><p>{html.escape(result['about'])}</p><ul class=verdicts>")
        for verdict in result["verdicts"]:
            out.append(f"<li class={mark(verdict)}><b>{mark(verdict)}</b> {html.escape(verdict.what)}: {html.escape(verdict.got)}</li>")
        out.append("</ul><div class=wide><table><tr>" + "".join(f"<th>{title}</th>" for _, title in COLUMNS) + "</tr>")
        for row in result["rows"]:
            out.append("<tr>" + "".join(f"<td>{html.escape(cell(row[key]))}</td>" for key, _ in COLUMNS) + "</tr>")
        out.append("</table></div><div class=plots>")
        for chart in result.get("charts", []):
            out.append(plot(chart["title"], chart["lines"], "seconds", chart.get("goal")))
        out.append(latency_plot(result["rows"]) + "</div>")
    out.append("</html>")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out))
