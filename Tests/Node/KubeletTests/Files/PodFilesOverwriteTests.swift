import Glibc
import Testing

@testable import Kubelet

/// Files that containers have mounted are rewritten beneath their readers.
struct PodFilesOverwriteTests {
    private func inode(_ path: String) -> UInt64 {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    @Test(arguments: ["much longer than before, and then some", "short", ""])
    func `the file stays the same file and gets the new content`(content: String) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/hosts"
        try PodFiles.overwrite(path, Array("127.0.0.1 localhost\n".utf8), mode: 0o644)
        let before = inode(path)
        try PodFiles.overwrite(path, Array(content.utf8), mode: 0o600)
        #expect(try PodFiles.read(path, maxBytes: 100) == Array(content.utf8))
        #expect(before == inode(path))
    }

    @Test func `a reader never finds it empty`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/hosts"
        let contents = ["127.0.0.1 localhost\n", "127.0.0.1 localhost web\n"].map { Array($0.utf8) }
        try PodFiles.overwrite(path, contents[0], mode: 0o644)
        let isOver = directory.path + "/over"
        let reader = try #require(startReader(path, isOver))
        for turn in 0..<2_000 { try PodFiles.overwrite(path, contents[turn / 100 % 2], mode: 0o644) }
        try PodFiles.touch(isOver, mode: 0o600)
        var status: CInt = 0
        #expect(waitpid(reader, &status, 0) == reader && status == 0)
    }

    /// A process that reads until `isOver` exists and ends with 1 when it ever found nothing.
    private func startReader(_ path: String, _ isOver: String) -> pid_t? {
        let script = "while [ ! -e \(isOver) ]; do read -r line < \(path); [ -n \"$line\" ] || exit 1; done"
        let texts: [String] = ["sh", "-c", script]
        let words: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        return posix_spawn(&pid, "/bin/sh", nil, nil, words, environ) == 0 ? pid : nil
    }
}
