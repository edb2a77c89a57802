import Glibc
import StorageTesting
import Testing

struct DiskFullTests {
    /// In a mount namespace of its own, so that nothing has to be unmounted.
    @Test(.enabled("it mounts a small disk, which needs root") { geteuid() == 0 })
    func `a full disk refuses writes, lets reads go on, and takes writes again when there is room`() throws {
        let folder = try TestFolder()
        let script = "mount -t tmpfs -o size=1500k none \(folder.path) && exec \"$@\""
        let program = try StormProgram(
            ["full", "\(folder.path)/store", folder.path],
            wrapper: ["/usr/bin/unshare", "-m", "--propagation", "private", "/bin/sh", "-c", script, "sh"])
        let lines = program.readToEnd()
        program.wait()
        try #require(lines.count == 5, "\(lines)")
        #expect(lines[0].hasPrefix("refused no space left for the store: "))
        let count = try #require(Int(lines[1].split(separator: " ")[1]))
        #expect(count >= 10)
        #expect(lines[2] == "read \(count)")
        #expect(lines[3] == "wrote again")
        #expect(lines[4] == "reopened with \(count + 1)")
    }
}
