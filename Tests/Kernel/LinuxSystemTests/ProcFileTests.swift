import Glibc
import LinuxSystem
import Testing

@Suite struct ProcFileTests {
    static let mountInfo = """
        21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
        22 21 0:20 /a\\040b /mnt/with\\040space ro,nosuid shared:5 master:2 propagate_from:1 - tmpfs none\\134x rw,size=1k
        23 22 0:21 / /mnt/with\\040space/over rw unbindable - overlay over\\011lay rw,lowerdir=/a:/b
        24 21 0:22 / /mnt/with\\040space rw - proc proc rw
        broken line
        """

    @Test func `mountinfo is read with its escapes and optional fields`() throws {
        let table = MountTable(parsing: Self.mountInfo)
        #expect(table.entries.map(\.id) == [21, 22, 23, 24])
        let entry = table.entries[1]
        #expect(entry.root == "/a b")
        #expect(entry.mountPoint == "/mnt/with space")
        #expect(entry.options == ["ro", "nosuid"] && entry.isReadOnly)
        #expect(entry.sharedGroup == 5 && entry.masterGroup == 2)
        #expect(entry.type == "tmpfs" && entry.source == "none\\x" && entry.superOptions == ["rw", "size=1k"])
        #expect(table.entries[2].isUnbindable && table.entries[2].source == "over\tlay")
        #expect(table.entries[0].deviceMajor == 8 && table.entries[0].deviceMinor == 1 && !table.entries[0].isReadOnly)
    }

    @Test(arguments: [
        ("/etc", 21), ("/mnt/with space", 24), ("/mnt/with space/file", 24), ("/mnt/with space/over/x", 23), ("/mnt/with spaces", 21),
    ])
    func `a path is held by the mount with the longest point, the last of several`(path: String, id: Int) {
        #expect(MountTable(parsing: Self.mountInfo).mount(holding: path)?.id == id)
    }

    @Test func `this process's own table has a root`() throws {
        #expect(try MountTable.read().mount(at: "/") != nil)
    }

    @Test func `status shows who this process is`() throws {
        let status = try ProcessStatus.read(pid: getpid())
        #expect(status.pid == getpid())
        #expect(status.parentPID == getppid())
        #expect(status.uids == [getuid(), geteuid(), geteuid(), geteuid()])
        #expect(status.namespacePIDs.last == getpid())
        #expect(ProcessStatus(parsing: "Name:\tx\nPid:\t1\n") == nil)
        #expect(throws: SystemError.self) { _ = try ProcessStatus.read(pid: 1 << 22 + 1) }
    }

    @Test(arguments: [("6.18.44-custom", 6, 18), ("4.8", 4, 8), ("5.10-rc1", 5, 10), ("6.1.0+", 6, 1)])
    func `kernel releases begin with two numbers`(release: String, major: Int, minor: Int) {
        #expect(KernelVersion(release: release) == KernelVersion(major, minor))
        #expect(KernelVersion(release: "six") == nil && KernelVersion(release: "6") == nil)
        #expect(KernelVersion(4, 19) < KernelVersion(5, 4) && KernelVersion(6, 2) < KernelVersion(6, 18))
    }
}
