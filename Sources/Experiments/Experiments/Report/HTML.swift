/// Pages that need no other file, and read well in light and dark, narrow and wide.
enum HTML {
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    static func page(title: String, body: String) -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(escaped(title))</title><style>\(style)</style></head>
        <body><main>
        \(body)</main></body></html>

        """
    }

    private static let style = """
        :root { color-scheme: light dark; --page: #ffffff; --ink: #1b1f24; --soft: #5b6672; --line: #d9dee4; --track: #f1f4f7; --good: #1a7f37; --bad: #c5221f;
          --run: #2da44e; --start: #1f6feb; --image: #8250df; --wait: #bf8700; --stop: #bc4c00; --probe: #6e7781; --other: #57606a; }
        @media (prefers-color-scheme: dark) { :root { --page: #0e1116; --ink: #e6eaef; --soft: #98a4b1; --line: #2c343d; --track: #171c23;
          --good: #3fb950; --bad: #ff6b64; --run: #2ea043; --start: #388bfd; --image: #a371f7; --wait: #d29922; --stop: #f0883e; --probe: #8b949e;
          --other: #8b949e; } }
        body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
        main { max-width: 76rem; margin: 0 auto; padding: 1.2rem; }
        h1 { font-size: 1.5rem; margin: 0 0 .3rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .5rem; }
        svg { display: block; width: 100%; font: 12px system-ui, sans-serif; } svg text { fill: var(--ink); } svg .soft { fill: var(--soft); }
        svg .grid { stroke: var(--line); } svg .track { fill: var(--track); }
        .run { fill: var(--run); } .image, .volumes { fill: var(--image); } .backOff, .pullBackOff { fill: var(--wait); } .stop, .preStop, .deletion { fill: var(--stop); }
        .schedule, .sandbox, .create, .start, .postStart, .accepted, .created { fill: var(--start); } .probe { fill: var(--probe); } .other { fill: var(--other); }
        .fails { fill: var(--bad); } svg .in { fill: #ffffff; }
        .legend { display: flex; flex-wrap: wrap; gap: .3rem 1rem; margin: .6rem 0; font-size: .85rem; color: var(--soft); }
        .legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .35rem; vertical-align: -1px; }
        .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .88rem; }
        th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
        th { color: var(--soft); font-weight: 600; } td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        tr.bad td, .bad { color: var(--bad); } .good { color: var(--good); } code { overflow-wrap: anywhere; }
        """
}
