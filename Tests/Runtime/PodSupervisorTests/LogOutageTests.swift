import Glibc
import Testing

@testable import PodSupervisor

/// A disk that is full: a tmpfs of 64 KiB.
@Suite(.enabled(if: geteuid() == 0, "mounts a file system"))
struct LogOutageTests {
    private let disk: TinyDisk
    private var directory: TemporaryDirectory { disk.directory }
    private var path: String { directory.path + "/0.log" }

    init() throws { disk = try TinyDisk(sizeBytes: 64 << 10) }

    /// Takes all the room there is but for `pages` pages.
    private func fill(leaving pages: Int) throws {
        let file = try #require(fopen(directory.path + "/ballast", "w"))
        let page = [UInt8](repeating: 0, count: 4096)
        setvbuf(file, nil, _IONBF, 0)
        var written = 0
        while fwrite(page, 1, page.count, file) == page.count { written += 1 }
        fclose(file)
        truncate(directory.path + "/ballast", max(0, written - pages) * 4096)
    }

    @Test func `a full disk stops the reading, and nothing is lost when room comes in time`() throws {
        var harness = try StreamHarness(path: path)
        try fill(leaving: 1)
        let lines = (0..<500).map { "line number \($0)" }
        harness.write(lines.joined(separator: "\n") + "\n")
        harness.pump()
        #expect(harness.log?.condition == .stalled(since: harness.now, errorNumber: ENOSPC))
        #expect(harness.stream.waitNumber == nil, "the container waits")
        #expect(harness.log?.takeNews()?.errorNumber == ENOSPC)
        harness.write("while it was full\n")
        harness.pass(LogFile.stalledRetry)
        #expect(harness.stream.waitNumber == nil)
        unlink(directory.path + "/ballast")
        harness.pass(LogFile.stalledRetry)
        #expect(harness.log?.condition == .working)
        #expect(harness.log?.takeNews()?.errorNumber == 0)
        harness.close()
        #expect(withoutTimes(directory.text("0.log")) == (lines + ["while it was full"]).map { "stdout F " + $0 })
    }

    @Test func `a disk that stays full costs output, which is counted and named in the log`() throws {
        var harness = try StreamHarness(path: path)
        harness.write("before\n")
        harness.pump()
        try fill(leaving: 0)
        let payload = String(repeating: "0123456789abcde\n", count: 1_000)  // 16,000 bytes, more than the file's last page has room for
        harness.write(payload)
        harness.pump()
        for _ in 0..<60 { harness.pass(LogFile.stalledRetry) }
        #expect(harness.log?.condition == .dropping(errorNumber: ENOSPC))
        #expect(harness.stream.waitNumber != nil, "the container is not held any longer")
        harness.write("dropped\n")
        harness.pump()
        unlink(directory.path + "/ballast")
        harness.pass(LogFile.droppingRetry)
        #expect(harness.log?.condition == .working)
        harness.write("after\n")
        harness.close()

        let entries = withoutTimes(directory.text("0.log"))
        #expect(entries.first == "stdout F before" && entries.last == "stdout F after")
        let marker = try #require(entries.first { $0.contains("swiftlet: lost") })
        let whole = entries.filter { $0 == "stdout F 0123456789abcde" }.count
        // An entry cut short may stand before the marker: what there is of its content arrived.
        let lines = directory.text("0.log").split(separator: "\n")
        let beforeMarker = lines[try #require(lines.firstIndex { $0.hasSuffix(marker) }) - 1]
        let cut = beforeMarker.hasSuffix("e") ? 0 : max(0, beforeMarker.utf8.count - LogPrefix.size)
        let lost = payload.utf8.count - whole * 16 - cut + "dropped\n".utf8.count
        #expect(marker == "stderr F swiftlet: lost \(lost) bytes: No space left on device")
    }

    @Test func `the end of the output during an outage is kept for later`() throws {
        var harness = try StreamHarness(path: path)
        try fill(leaving: 0)
        harness.write("one\ntwo")
        harness.close()
        #expect(harness.stream.isOpen)
        unlink(directory.path + "/ballast")
        harness.pass(LogFile.stalledRetry)
        #expect(!harness.stream.isOpen)
        #expect(withoutTimes(directory.text("0.log")) == ["stdout F one", "stdout P two"])
    }

    @Test func `a device that never takes anything does not stop anybody for ever`() throws {
        // /dev/full is no place for rotation, but fails each write with ENOSPC.
        var harness = try StreamHarness(path: "/dev/full")
        harness.write("x\n")
        harness.pump()
        for _ in 0..<60 { harness.pass(LogFile.stalledRetry) }
        harness.write(String(repeating: "y\n", count: 1_000))
        harness.pass(LogFile.droppingRetry)
        #expect(harness.log?.condition == .dropping(errorNumber: ENOSPC))
        #expect(harness.log?.takeNews()?.droppedBytes == 2, "the marker is tried before more is read")
        harness.pass(LogFile.droppingRetry)
        #expect(harness.log?.takeNews()?.droppedBytes == 2_002)
        harness.close()
        #expect(!harness.stream.isOpen)
    }

    @Test func `a rotation that fails leaves the log where it is, beyond its limit`() throws {
        let harness = try StreamHarness(path: path, maxSizeBytes: 200, maxFiles: 3)
        rmdir(directory.path)  // busy: stays
        try #require(chflags(directory.path, immutable: true))
        defer { _ = chflags(directory.path, immutable: false) }
        harness.write((0..<20).map { "line \($0)\n" }.joined())
        harness.close()
        #expect(withoutTimes(directory.text("0.log")).count == 20)
        #expect(directory.names == ["0.log"])
    }
}

/// The inode flag `i` of chattr(1): nothing can be made or renamed in the directory.
private func chflags(_ path: String, immutable: Bool) -> Bool {
    let fd = open(path, O_RDONLY)
    defer { close(fd) }
    var flags: CInt = immutable ? 0x10 : 0
    return ioctl(fd, 0x4008_6602, &flags) == 0
}
