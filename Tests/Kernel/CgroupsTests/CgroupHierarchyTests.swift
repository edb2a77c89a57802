import Testing

@testable import Cgroups

struct CgroupHierarchyTests {
    static let unified = "25 23 0:23 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
    static let hybrid = """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw

        """
    static let elsewhere = "50 1 0:30 / /mnt/my\\040cgroups rw - cgroup2 none rw\n"
    static let bound = "60 1 0:30 /docker/abc /sys/fs/cgroup ro shared:1 master:2 - cgroup2 cgroup rw\n"

    @Test(
        arguments: [
            (unified, "0::/\n", "/sys/fs/cgroup", "/sys/fs/cgroup"),
            (unified, "0::/system.slice/a.service\n", "/sys/fs/cgroup", "/sys/fs/cgroup/system.slice/a.service"),
            (unified, "0::/gone (deleted)\n", "/sys/fs/cgroup", nil),
            (unified, "0::/../outside\n", "/sys/fs/cgroup", nil),
            (unified, "1:cpu:/\n", "/sys/fs/cgroup", nil),
            (hybrid, "4:memory:/a\n0::/b\n", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified/b"),
            (elsewhere, "0::/x\n", "/mnt/my cgroups", "/mnt/my cgroups/x"),
            (elsewhere + unified, "0::/x\n", "/sys/fs/cgroup", "/sys/fs/cgroup/x"),
            (unified + bound, "0::/docker/abc/x\n", "/sys/fs/cgroup", "/sys/fs/cgroup/x"),
            (bound, "0::/docker/abc/x\n", "/sys/fs/cgroup", "/sys/fs/cgroup/x"),
            (bound, "0::/docker/abc\n", "/sys/fs/cgroup", "/sys/fs/cgroup"),
            (bound, "0::/docker/abcd\n", "/sys/fs/cgroup", nil),
        ] as [(String, String, String, String?)])
    func `the mount and the own cgroup`(mountInfo: String, membership: String, mountPoint: String, own: String?) throws {
        let hierarchy = try #require(CgroupHierarchy(mountInfo: mountInfo, membership: membership))
        #expect(hierarchy.mountPoint == mountPoint)
        #expect(hierarchy.ownPath == own)
    }

    @Test(arguments: [
        "", "garbage\n", "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n", "1 2 3 4 5 6 -\n",
    ])
    func `no cgroup2 mount`(mountInfo: String) {
        #expect(CgroupHierarchy(mountInfo: mountInfo, membership: "0::/\n") == nil)
    }

    @Test(arguments: [
        ("/", "/sys/fs/cgroup/unified"), ("", "/sys/fs/cgroup/unified"), ("/a/b/", "/sys/fs/cgroup/unified/a/b"),
        ("a", "/sys/fs/cgroup/unified/a"), ("/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified"),
        ("/sys/fs/cgroup/unified/a", "/sys/fs/cgroup/unified/a"),
        ("/sys/fs/cgroup/unifiedx", "/sys/fs/cgroup/unified/sys/fs/cgroup/unifiedx"),
    ])
    func `a cgroup root in either spelling`(root: String, path: String) throws {
        let hierarchy = try #require(CgroupHierarchy(mountInfo: Self.hybrid, membership: "0::/\n"))
        #expect(hierarchy.absolutePath(root: root) == path)
    }

    @Test(
        arguments: [
            (.memory, "held by a cgroup v1 hierarchy"), (.io, "held by a cgroup v1 hierarchy"),
            (.cpuset, "not handed down to /x by its parent"),
            (.hugetlb, "switched off when the kernel was booted (cgroup_disable=)"),
            (.pids, "this kernel was built without it"),
        ] as [(CgroupController, String)])
    func `why a controller is missing`(controller: CgroupController, why: String) {
        let table =
            "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t4\t2\t1\nblkio\t7\t1\t1\ncpuset\t0\t1\t1\nhugetlb\t0\t1\t0\n"
        #expect(CgroupHierarchy.whyMissing(controller, procCgroups: table, in: "/x") == why)
    }
}
