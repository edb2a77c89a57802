import Foundation

/// A shell on a terminal of its own, as a user at a keyboard has it.
enum Terminal {
    /// Runs a shell command with a new pseudo terminal as its controlling terminal: script(1).
    ///
    /// - Parameters:
    ///   - typed: What the user types.
    ///   - prompt: What must have been shown before.
    /// - Returns: All that the terminal showed, with `\n` as line end.
    static func run(_ command: String, typing typed: String = "", after prompt: String = "", deadlineSeconds: Double = 30) throws -> String
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "swiftlet-e2e-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try command.write(to: folder.appending(path: "command"), atomically: false, encoding: .utf8)
        try typed.write(to: folder.appending(path: "keys"), atomically: false, encoding: .utf8)
        // The pipe is open on both sides all the time: its end would be typed as ^D. When the time is over the terminal goes, and with
        // it all that was started on it.
        let script = """
            cd \(folder.path) && mkfifo pipe && exec 3<>pipe && touch shown
            { until grep -q '\(prompt)' shown; do sleep 0.05; done; cat keys >&3; } &
            timeout --foreground \(Int(deadlineSeconds) - 5) script -qefc 'bash command' shown <pipe
            kill $! 2>/dev/null
            exit 0
            """
        let result = try Program.run("/bin/bash", ["-c", script], deadlineSeconds: deadlineSeconds)
        return result.stdout.replacing("\r\n", with: "\n")
    }
}
