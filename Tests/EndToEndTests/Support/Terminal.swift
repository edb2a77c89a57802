import Foundation

/// A shell on a terminal of its own, as a user at a keyboard has it.
enum Terminal {
    /// Runs a shell command with a new pseudo terminal as its controlling terminal: script(1).
    ///
    /// - Parameter typed: What the user types, at once.
    /// - Returns: All that the terminal showed, with `\n` as line end.
    static func run(_ command: String, typed: String = "", deadlineSeconds: Double = 30) throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "swiftlet-e2e-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (script, keys) = (folder.appending(path: "script"), folder.appending(path: "keys"))
        try command.write(to: script, atomically: false, encoding: .utf8)
        try typed.write(to: keys, atomically: false, encoding: .utf8)
        // Its stdin stays open: its end would be typed as ^D.
        let result = try Program.run(
            "/bin/sh",
            ["-c", "{ cat \(keys.path); exec sleep \(Int(deadlineSeconds)); } | { script -qefc 'bash \(script.path)' /dev/null; kill $(jobs -p) 2>/dev/null; exit 0; }"],
            deadlineSeconds: deadlineSeconds + 5)
        return result.stdout.replacing("\r\n", with: "\n")
    }
}
