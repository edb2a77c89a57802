import Foundation
import Testing

@testable import Experiments

/// The pages in a real browser: in light and dark, in a narrow and a wide window.
@Suite(.enabled(if: Browser.path != nil, "no chromium is installed"), .serialized) struct PageTests {
    private static let experiment = """
        apiVersion: swiftlet.dev/v1
        kind: Experiment
        metadata: {name: a-rather-long-name-of-an-experiment-that-has-to-be-broken-somewhere-in-a-narrow-window}
        about: A program that keeps failing, with a sweep over two parameters.
        duration: 10m
        repeat: 2
        sweep: {life: [1, 5, 20, 60, 120], code: [1, 2, 3, 137]}
        pods:
        - metadata: {name: web}
          spec:
            containers:
            - {name: app, image: simulated, readinessProbe: {exec: {command: [x]}, periodSeconds: 5}}
            - {name: other-container-with-a-long-name, image: simulated}
        containers:
        - {name: app, health: fail 10s-20s, exit: {after: "${life}s", code: "${code}"}}
        steps:
        - {at: 2m, do: kill, container: other-container-with-a-long-name}
        expect:
        - {happens: app exited 1, atLeast: 1}
        - {restarts: 100, container: app}
        """

    /// The report of a sweep, and the timeline of one of its pods.
    private static func pages() async throws -> [String: String] {
        let report = try await ExperimentReport.simulate(experiment, file: "f")
        let facts = try #require(report.variants.last?.results.last?.outcome.facts.first)
        return ["report": report.html, "timeline": Timeline(facts).html]
    }

    @Test(arguments: [false, true])
    func `a page follows the colour scheme and fits its window`(isDark: Bool) async throws {
        for (name, page) in try await Self.pages() {
            guard let seen = await Browser.look(at: page, isDark: isDark) else {
                print("the page \(name) was not looked at: chromium did not show it in time")
                continue
            }
            #expect(seen.count == Browser.widths.count, "\(name): \(seen)")
            for view in seen {
                #expect(view.contentWidth <= view.width, "\(name), \(view.width) pixels wide: its content is \(view.contentWidth)")
                #expect(view.isDark == isDark, "\(name): background \(view.background)")
                #expect(view.pictures > 0, "\(name) has no picture")
            }
        }
    }
}

/// Chromium without a window.
enum Browser {
    static let widths = [360, 1200]

    static let path: String? = {
        let found = ["chromium", "chromium-browser", "google-chrome"].map { "/usr/bin/\($0)" }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        if found == nil { print("the pages are not looked at: no chromium is installed") }
        return found
    }()

    struct View: Decodable {
        var width: Double
        var contentWidth: Double
        var background: String
        var pictures: Int

        /// `rgb(14, 17, 22)`
        var isDark: Bool {
            let parts = background.split { !$0.isNumber }.compactMap { Int($0) }
            return parts.prefix(3).reduce(0, +) < 3 * 128
        }
    }

    /// - Returns: nil when the browser does not answer: that is no fault of the page.
    static func look(at page: String, isDark: Bool) async -> [View]? {
        let folder = FileManager.default.temporaryDirectory.appending(path: "swiftlet-pages-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let file = folder.appending(path: "frame.html")
            try frame(page).write(to: file, atomically: false, encoding: .utf8)
            let dom = try await dump(file, isDark: isDark, folder)
            guard let begin = dom.range(of: "<pre id=\"seen\">"), let end = dom.range(of: "</pre>", range: begin.upperBound..<dom.endIndex)
            else { return nil }
            return try JSONDecoder().decode([View].self, from: Data(dom[begin.upperBound..<end.lowerBound].utf8))
        } catch {
            print("chromium: \(error)")
            return nil
        }
    }

    /// The page in frames of each width, which a script measures once all are there.
    private static func frame(_ page: String) -> String {
        let source = page.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "\"", with: "&quot;")
        let frames = widths.map { "<iframe style=\"width: \($0)px; height: 800px; border: 0\" srcdoc=\"\(source)\"></iframe>" }.joined()
        return """
            <!doctype html><html><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head><body>\(frames)<pre id="seen"></pre><script>
            addEventListener('load', () => {
              document.getElementById('seen').textContent = JSON.stringify([...document.querySelectorAll('iframe')].map(frame => {
                const inside = frame.contentDocument;
                return {width: inside.documentElement.clientWidth, contentWidth: inside.documentElement.scrollWidth,
                  background: frame.contentWindow.getComputedStyle(inside.body).backgroundColor, pictures: inside.querySelectorAll('svg').length};
              }));
            });
            </script></body></html>
            """
    }

    private static func dump(_ file: URL, isDark: Bool, _ folder: URL) async throws -> String {
        let output = folder.appending(path: "dom")
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(filePath: path ?? "")
        process.arguments = [
            "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(folder.path)/profile", "--window-size=1600,1200",
            // PreferredColorScheme of Blink: 0 is dark, 1 light.
            "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)", "--dump-dom", file.absoluteString,
        ]
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = FileHandle.nullDevice
        let timer = Task {
            try await Task.sleep(for: .seconds(40))
            process.terminate()
        }
        defer { timer.cancel() }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        return try String(contentsOf: output, encoding: .utf8)
    }
}
